using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>The list of annotations that an engine filters, held to the annotations that the sources read.</summary>
public sealed partial class FeatureListsTests
{
    // What they do is nothing that an author of a config's other parts could not do, or they are only refused.
    private static readonly string[] Harmless =
    [
        "io.kubernetes.cri.container-type", // the pod's own container is run although run.oci.handler names an interpreter
        "module.wasm.image/variant", // refused
    ];

    // Keys of other maps, which are looked up in the same way.
    private static readonly string[] Others = ["net"];

    [Fact]
    public void Each_annotation_that_is_read_is_listed_as_unsafe_or_known_as_harmless()
    {
        string[] read = Keys().ToArray();
        read.Should().Contain(["org.criu.config", "run.oci.seccomp.receiver", "org.systemd.property.", "run.ocirun.rootfs.idmap", "run.oci.handler"], "the search finds them");
        read.Where(key => !FeatureLists.UnsafeAnnotations.Any(listed => Covers(listed, key))).Should().BeSubsetOf(Harmless);
    }

    [Fact]
    public void What_is_listed_is_read() =>
        FeatureLists.UnsafeAnnotations.Should().OnlyContain(listed => Keys().Any(key => Covers(listed, key)));

    // Labels of an image become annotations of its config; those would be orders of a stranger.
    [Fact]
    public void An_image_gives_none_of_them()
    {
        string source = File.ReadAllText(Path.Combine(Runtime.RepositoryRoot(), "src", "Images", "BundleConfig.cs"));
        FeatureLists.UnsafeAnnotations.Should().OnlyContain(listed => Literal().Matches(source).Any(match => listed.StartsWith(match.Groups[1].Value, StringComparison.Ordinal)));
    }

    private static bool Covers(string listed, string key) =>
        listed[^1] == '.' ? key.StartsWith(listed, StringComparison.Ordinal) : key == listed;

    private static HashSet<string> Keys()
    {
        HashSet<string> keys = [];
        foreach (string path in Directory.EnumerateFiles(Path.Combine(Runtime.RepositoryRoot(), "src"), "*.cs", SearchOption.AllDirectories))
        {
            if (path.Contains("/obj/", StringComparison.Ordinal) || path.Contains("/Images/", StringComparison.Ordinal) || path.EndsWith("/FeatureLists.cs", StringComparison.Ordinal))
                continue;
            string source = File.ReadAllText(path);
            foreach (Match match in Lookup().Matches(source).Concat(Named().Matches(source)))
                keys.Add(match.Groups[1].Value);
        }

        keys.ExceptWith(Others);
        return keys;
    }

    // Where a member's key is compared, whichever map it is of.
    [GeneratedRegex(@"(?:Annotation|Key\.Is|Key\.StartsWith|SubgroupName)\(""([^""]+)""u8")]
    private static partial Regex Lookup();

    // Keys with a name of their own; all of ours, and those of others that are known to be annotations.
    [GeneratedRegex(@"""((?:run\.oci|run\.ocirun|org\.criu|org\.systemd\.property|krun|io\.kubernetes|io\.podman|io\.containerd)\.[^""\\ ]*)""")]
    private static partial Regex Named();

    [GeneratedRegex(@"""([a-z]+\.[a-z.]+\.)""")]
    private static partial Regex Literal();
}
