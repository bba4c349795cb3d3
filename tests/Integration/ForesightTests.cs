using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// <c>validate</c> beside <c>create</c> on every case of <c>conformance/</c>: no error for a bundle that works, and the
/// error of one that does not, in the same words.
/// </summary>
public sealed class ForesightTests : RuntimeTest
{
    // What only the kernel can tell, by trying: values it takes or not, what stands where in the end, who may enter.
    private static readonly HashSet<string> Unforeseen = new(StringComparer.Ordinal)
    {
        "annotations/pidfd-receiver-missing", "linux.devices/existing-file", "linux.devices/existing-other",
        "linux.memoryPolicy/offline-nodes", "linux.sysctl/unknown", "linux.sysctl/value", "linux.timeOffsets/negative",
        "mounts.uidMappings/unsupported-type", "mounts/bind-of-mount-missing", "mounts/copy-symlink-other",
        "mounts/dest-nofollow-directory",
        "mounts/link-into-proc", "mounts/link-to-proc", "mounts/remount-link-through-proc", "mounts/remount-link-to-proc",
        "mounts/remount-nothing", "process.cwd/not-of-user",
        "process.scheduler/iso",
    };

    // What is wrong with a command line is not in the bundle.
    public static IEnumerable<object[]> Cases() => ConformanceCase.All("").Where(item => item[1] is View.Native
        && item[0] is string name && !name.StartsWith("options/", StringComparison.Ordinal)
        && !name.StartsWith("exec/", StringComparison.Ordinal)
        && !name.StartsWith("process.terminal/", StringComparison.Ordinal));

    [RuntimeTheory]
    [MemberData(nameof(Cases))]
    public void Validate_foresees_create(string name, View view)
    {
        ConformanceCase test = ConformanceCase.Load(name, Bundle.Path, Id);
        test.Apply(Bundle);
        Use(view);
        Bundle.Save();
        JsonArray findings = (JsonArray)JsonNode.Parse(Runtime.Run("validate", "--format", "json", Bundle.Path).Out)!["findings"]!;
        string[] errors = [.. findings.Where(finding => (string)finding!["severity"]! == "error").Select(finding => (string)finding!["text"]!)];

        Outcome outcome = Call("create", test.Options).Before(test.Before).Redirect(test.Redirect).Run();

        if (outcome.Exit == 0)
            errors.Should().BeEmpty();
        else
        {
            string said = outcome.Err.Replace("\\\"", "\"", StringComparison.Ordinal).Replace(@"\\", @"\", StringComparison.Ordinal);
            if (Unforeseen.Contains(name))
                errors.Should().BeEmpty("the list says so");
            else
                errors.Where(said.Contains).Should().NotBeEmpty("create says {0}, validate {1}", said, string.Join('\n', errors));
        }
    }
}
