using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>spec and features (features.md §1.17, §1.18).</summary>
[Trait("Category", "Conformance")]
public sealed class SpecTests : RuntimeTest
{
    [RuntimeFact]
    public void The_template_is_complete()
    {
        JsonObject spec = Generate();
        JsonObject process = (JsonObject)spec["process"]!;
        ConformanceCase.Strings(process["args"]).Should().Equal("sh");
        ((bool)process["terminal"]!).Should().BeTrue();
        ((bool)process["noNewPrivileges"]!).Should().BeTrue();
        ((string)process["cwd"]!).Should().Be("/");
        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ConformanceCase.Strings(process["capabilities"]![set]).Should().BeEquivalentTo("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");
        ((bool)spec["root"]!["readonly"]!).Should().BeTrue();
        ((JsonArray)spec["mounts"]!).Select(m => (string)m!["destination"]!).Should()
            .Equal("/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup");
        ((JsonArray)spec["linux"]!["namespaces"]!).Select(n => (string)n!["type"]!).Should()
            .BeEquivalentTo("pid", "network", "ipc", "uts", "mount", "cgroup");
        ConformanceCase.Strings(spec["linux"]!["maskedPaths"]).Should().Contain(new[] { "/proc/kcore", "/proc/keys", "/sys/firmware", "/proc/scsi" });
        ConformanceCase.Strings(spec["linux"]!["readonlyPaths"]).Should().Contain(new[] { "/proc/sys", "/proc/sysrq-trigger" });
    }

    [RuntimeFact]
    public void The_template_runs()
    {
        JsonObject spec = Generate();
        spec["process"]!["terminal"] = false;
        spec["process"]!["args"] = new JsonArray("echo", "from the template");
        Bundle.Edit(c => c.Clear()).Merge(spec);
        Run().Should().Be(new Outcome(0, "from the template\n", ""));
    }

    [RuntimeFact]
    public void The_rootless_template_maps_one_id()
    {
        JsonObject spec = Generate("--rootless");
        ((JsonArray)spec["linux"]!["namespaces"]!).Select(n => (string)n!["type"]!).Should().Contain("user").And.NotContain("network");
        JsonNode mapping = ((JsonArray)spec["linux"]!["uidMappings"]!).Single()!;
        ((int)mapping["containerID"]!).Should().Be(0);
        ((int)mapping["size"]!).Should().Be(1);
    }

    [RuntimeFact]
    public void An_existing_file_is_never_overwritten()
    {
        string file = Path.Combine(Work, "config.json");
        File.WriteAllText(file, "mine");
        Outcome spec = Runtime.With("spec").Cwd(Work).Run();
        spec.Exit.Should().Be(1);
        spec.Err.Should().Contain("exists");
        File.ReadAllText(file).Should().Be("mine");
    }

    [RuntimeFact]
    public void Features_say_what_engines_ask()
    {
        Outcome outcome = Runtime.With("features").NoRoot().NoEnv().Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        JsonObject features = (JsonObject)JsonNode.Parse(outcome.Out)!;
        ((string)features["ociVersionMin"]!).Should().StartWith("1.0");
        ConformanceCase.Strings(features["mountOptions"]).Should().Contain(new[] { "rro", "ro", "rbind" });
        ConformanceCase.Strings(features["linux"]!["namespaces"]).Should().Contain(new[] { "user", "pid", "mount", "time" });
        ((bool)features["linux"]!["seccomp"]!["enabled"]!).Should().BeTrue();
        ((bool)features["linux"]!["mountExtensions"]!["idmap"]!["enabled"]!).Should().Be(
            ConformanceCase.Strings(features["mountOptions"]).Contains("idmap", StringComparer.Ordinal), "engines send such mounts where it is true");
    }

    private JsonObject Generate(params string[] options)
    {
        string dir = Path.Combine(Work, "spec");
        Directory.CreateDirectory(dir);
        Runtime.Run(new[] { "spec", "--bundle", dir }.Concat(options).ToArray()).Should().Be(Silent);
        return (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(dir, "config.json")))!;
    }
}
