using System.Diagnostics;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>The journal of a real systemd, and <c>doctor</c> where everything is there.</summary>
public sealed class DiagnosticsVmTests : RuntimeTest
{
    [VmFact]
    public void The_journal_has_the_error_with_its_fields()
    {
        string id = NewId();
        Runtime.Run("--log", "journald:" + Id, "state", id).Exit.Should().Be(1);
        string entries = "";
        Eventually(() => (entries = Shell($"journalctl --output json -t {Id}")).Length > 0, "journald has stored it");
        JsonObject entry = (JsonObject)JsonNode.Parse(entries.TrimEnd('\n'))!;
        ((string)entry["MESSAGE"]!).Should().Be($"container \"{id}\": container does not exist");
        ((string)entry["PRIORITY"]!).Should().Be("3");
        ((string)entry["OCI_FIELD"]!).Should().Be("container");
        ((string)entry["OCI_VALUE"]!).Should().Be(id);
        ((string)entry["OCI_CODE"]!).Should().Be("container-not-found");
    }

    [VmFact]
    public void Syslog_reaches_the_journal_too()
    {
        Runtime.Run("--log", "syslog:" + Id, "state", NewId()).Exit.Should().Be(1);
        string entries = "";
        Eventually(() => (entries = Shell($"journalctl --output json -t {Id}")).Length > 0, "journald has stored it");
        JsonObject entry = (JsonObject)JsonNode.Parse(entries.TrimEnd('\n'))!;
        ((string)entry["MESSAGE"]!).Should().Contain("container does not exist");
        ((string)entry["PRIORITY"]!).Should().Be("3");
        ((string)entry["SYSLOG_FACILITY"]!).Should().Be("3");
    }

    [VmFact]
    public void A_host_with_everything_is_told_so()
    {
        Outcome outcome = Runtime.Run("doctor", "--format", "json");
        outcome.Exit.Should().Be(0, outcome.ToString());
        JsonObject[] checks = [.. ((JsonArray)JsonNode.Parse(outcome.Out)!["checks"]!).Select(check => (JsonObject)check!)];
        string Found(string area, string name) => (string)checks.Single(check => (string)check["area"]! == area && (string)check["name"]! == name)["found"]!;
        Found("cgroup", "mode").Should().StartWith("version 2 at /sys/fs/cgroup");
        Found("cgroup", "controllers").Split(' ').Should().Contain(["cpu", "cpuset", "memory", "pids", "io"]);
        Found("systemd", "bus of the system").Should().NotBeEmpty();
        Found("security", "AppArmor").Should().StartWith("active");
        Found("programs", "criu").Should().EndWith("/criu");
        checks.Where(check => (string)check["status"]! == "missing" && (bool)check["needed"]!).Should().BeEmpty();
    }

    private static string Shell(string command)
    {
        ProcessStartInfo info = new("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(info)!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return text;
    }
}
