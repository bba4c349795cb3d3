using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary><c>validate</c> foresees what <c>create</c> does.</summary>
public sealed class ValidateTests : RuntimeTest
{
    [RuntimeFact]
    public void A_sound_bundle_is_silent()
    {
        Bundle.Save();
        Validate().Should().Be(new Outcome(0, "", ""));
        JsonObject report = Json();
        ((int)report["errors"]!).Should().Be(0);
        report["findings"]!.AsArray().Should().BeEmpty();
    }

    [RuntimeTheory]
    [InlineData("root.path", """{"root": {"path": "/nonesuch"}}""")]
    [InlineData("process.args[0]", """{"process": {"args": ["nonesuch"]}}""")]
    [InlineData("process.args[0]", """{"process": {"args": ["/bin/nonesuch"]}}""")]
    [InlineData("process.cwd", """{"process": {"cwd": "x"}}""")]
    [InlineData("process.rlimits[0].soft", """{"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]}}""")]
    [InlineData("process.oomScoreAdj", """{"process": {"oomScoreAdj": 1001}}""")]
    [InlineData("mounts[0]", """{"mounts": [{"destination": "/x", "source": "/nonesuch", "options": ["bind"]}]}""")]
    [InlineData("mounts[0]", """{"mounts": [{"destination": "/x", "source": "nonesuch", "options": ["rbind"]}]}""")]
    [InlineData("mounts[0]", """{"mounts": [{"destination": "/x", "type": "nonesuchfs", "source": "x"}]}""")]
    [InlineData("mounts[0].options", """{"mounts": [{"destination": "/x", "source": "/", "options": ["bind", "nonesuch"]}]}""")]
    [InlineData("hostname", """{"hostname": 3}""")]
    [InlineData("linux.namespaces[0].path", """{"hostname": "", "linux": {"namespaces": [{"type": "uts", "path": "/nonesuch"}, {"type": "mount"}]}}""")]
    [InlineData("linux.namespaces[0].path", """{"hostname": "", "linux": {"namespaces": [{"type": "uts", "path": "/proc/self/ns/ipc"}, {"type": "mount"}]}}""")]
    [InlineData("linux.namespaces[1].type", """{"hostname": "", "linux": {"namespaces": [{"type": "mount"}, {"type": "mount"}]}}""")]
    [InlineData("linux.sysctl[\"fs.mqueue.nonesuch\"]", """{"linux": {"sysctl": {"fs.mqueue.nonesuch": "1"}}}""")]
    [InlineData("linux.seccomp.syscalls[1].action", """{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["x"], "action": "ERRNO"}]}}}""")]
    [InlineData("linux.resources.devices[0].access", """{"linux": {"resources": {"devices": [{"allow": true, "type": "c", "access": "x"}]}}}""")]
    [InlineData("linux.netDevices[\"nonesuch\"]", """{"linux": {"netDevices": {"nonesuch": {"name": "x"}}}}""")]
    [InlineData("linux.netDevices[\"eth9\"].name", """{"linux": {"netDevices": {"eth9": {"name": "a/b"}}}}""")]
    [InlineData("linux.intelRdt.closID", """{"linux": {"intelRdt": {"closID": "a/b"}}}""")]
    [InlineData("ociVersion", """{"ociVersion": "2.0.0"}""")]
    public void A_finding_is_what_create_says(string path, string patch)
    {
        Bundle.Merge((JsonObject)JsonNode.Parse(patch)!);
        Outcome create = Create();
        create.Exit.Should().NotBe(0);

        JsonArray findings = Json()["findings"]!.AsArray();

        JsonNode finding = findings.Should().ContainSingle(create.ToString()).Subject!;
        ((string)finding["severity"]!).Should().Be("error");
        ((string)finding["path"]!).Should().Be(path);
        create.Err.Replace("\\\"", "\"", StringComparison.Ordinal).Should().Contain((string)finding["text"]!);
        ((string?)finding["rule"]).Should().NotBeNull();
        ((string)finding["spec"]!).Should().StartWith("config");
        Validate().Exit.Should().Be(1);
    }

    [RuntimeFact]
    public void All_findings_come_at_once()
    {
        Bundle.Merge((JsonObject)JsonNode.Parse(
            """
            {"maskedPath": [], "hostname": 5,
             "process": {"args": ["nonesuch"], "env": ["PATH=/bin", "x", "=y"], "rlimits": [{"type": "NOFILE", "soft": 0, "hard": 0}],
                         "capabilities": {"bounding": ["CAP_OF_TOMORROW"]}},
             "mounts": [{"destination": "/dev", "source": "/nonesuch", "options": ["bind"]},
                        {"destination": "/proc", "source": "/", "options": ["bind", "uid=1"]},
                        {"destination": "/run", "type": "nonesuchfs"}],
             "linux": {"namespaces": [{"type": "mount"}, {"type": "uts"}, {"type": "moon"}, {"type": "uts"}],
                       "seccomp": {"defaultAction": "SCMP_ACT_ALLOW",
                                   "syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}, {"names": ["read"], "action": "LOG"}]}}}
            """)!);
        Bundle.Save();
        JsonObject report = Json();
        string[] paths = [.. report["findings"]!.AsArray().Select(finding => (string)finding!["path"]!)];
        paths.Should().BeEquivalentTo(
            "maskedPath", "hostname", "process.env[1]", "process.env[2]", "process.rlimits[0].type", "process.capabilities",
            "mounts[0]", "mounts[1].options", "mounts[2]", "linux.namespaces[2].type", "linux.namespaces[3].type",
            "linux.seccomp.syscalls[0].names", "linux.seccomp.syscalls[1].action", "process.args[0]");
        ((int)report["warnings"]!).Should().Be(2);
        string text = Validate().Out;
        text.Should().EndWith("12 errors, 2 warnings\n").And.Contain("\n  rule ").And.Contain("\n  spec config").And.Contain("\n  try  ");
    }

    [RuntimeFact]
    public void Nothing_changes()
    {
        Bundle.Save();
        string[] before = Tree();
        Validate().Exit.Should().Be(0);
        Tree().Should().Equal(before);
    }

    [RuntimeTheory]
    [InlineData("{", "inside the document")]
    [InlineData("{,}", "not valid JSON")]
    [InlineData("[]", "expected an object")]
    [InlineData("", "config.json")]
    [InlineData("{}", "ociVersion")]
    public void A_file_that_cannot_be_read_is_a_finding(string content, string text)
    {
        Bundle.Save();
        File.WriteAllText(Path.Combine(Bundle.Path, "config.json"), content);
        Outcome outcome = Validate();
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().Contain(text);
        outcome.Err.Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_missing_bundle_is_a_finding()
    {
        Outcome outcome = Runtime.Run("validate", Path.Combine(Work, "nonesuch"));
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().Contain("config.json not found").And.Contain("1 error, 0 warnings");
    }

    private Outcome Validate() => Runtime.Run("validate", Bundle.Path);

    private JsonObject Json() => (JsonObject)JsonNode.Parse(Runtime.Run("validate", "--format", "json", Bundle.Path).Out)!;

    private string[] Tree() => [.. Directory.EnumerateFileSystemEntries(Bundle.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
