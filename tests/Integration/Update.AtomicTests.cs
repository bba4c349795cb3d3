using System;
using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>What peers do not promise of update: all or nothing, and device rules.</summary>
public sealed class UpdateAtomicTests : RuntimeTest
{
    [RuntimeFact]
    public void A_refused_value_leaves_all_old_ones()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Document("""{"unified": {"cgroup.max.depth": "7"}, "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}""").Should().Be(Silent);
        Outcome refused = Document("""
            {"hugepageLimits": [{"pageSize": "2MB", "limit": 0}], "unified": {"cgroup.max.depth": "8", "cgroup.max.descendants": "-5"}}
            """);
        (refused.Exit, refused.Out).Should().Be((1, ""));
        refused.Err.Should().Contain("linux.resources.unified[\\\"cgroup.max.descendants\\\"] \\\"-5\\\": cannot write").And.Contain("ERANGE");
        (Value("cgroup.max.depth"), Value("cgroup.max.descendants"), Value("hugetlb.2MB.max")).Should().Be(("7", "max", "4194304"));
    }

    [RuntimeFact]
    public void A_refused_device_rule_leaves_the_limits()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Document("""{"unified": {"cgroup.max.depth": "8"}, "devices": [{"allow": true, "type": "c", "access": ""}]}""").Exit.Should().Be(1);
        Value("cgroup.max.depth").Should().Be("max");
    }

    [RuntimeFact]
    public void Device_rules_are_replaced_in_a_running_container()
    {
        Bundle.Edit(config => config["linux"]!["devices"] = System.Text.Json.Nodes.JsonNode.Parse(
            """[{"path": "/dev/k", "type": "c", "major": 1, "minor": 77}]"""));
        Bundle.Shell("while :; do (: </dev/k) 2>&1; sleep 0.1; done");
        Runtime.Call call = Call("create");
        call.Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => call.Out.EndsWith("not permitted\n", StringComparison.Ordinal), "no rule allows it");
        Document("""{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 77, "access": "r"}]}""").Should().Be(Silent);
        Eventually(() => call.Out.EndsWith("No such device or address\n", StringComparison.Ordinal), "the new rules allow it, but there is no such device");
        Document("""{"unified": {"cgroup.max.depth": "8"}}""").Should().Be(Silent);
        Document("""{"devices": [{"allow": false, "access": "rwm"}]}""").Should().Be(Silent);
        Eventually(() => call.Out.EndsWith("not permitted\n", StringComparison.Ordinal), "the next ones do not");
    }

    [RuntimeFact]
    public void New_device_rules_count_with_the_containers_nodes()
    {
        Bundle.Edit(config => config["linux"]!["devices"] = System.Text.Json.Nodes.JsonNode.Parse(
            """[{"path": "/dev/full", "type": "c", "major": 1, "minor": 7}]"""));
        Bundle.Shell("while :; do (: </dev/full) 2>/dev/null && echo open || echo shut; sleep 0.1; done");
        Runtime.Call call = Call("create");
        call.Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Document("""{"devices": [{"allow": true, "access": "rwm"}]}""").Should().Be(Silent);
        Eventually(() => call.Out.EndsWith("open\n", StringComparison.Ordinal), "everything is allowed");
        Document("""{"devices": [{"allow": false, "access": "rwm"}]}""").Should().Be(Silent);
        Eventually(() => call.Out.EndsWith("shut\n", StringComparison.Ordinal), "an entry at a default device's path takes its rule away");
    }

    [RuntimeFact]
    public void Schemata_need_a_container_with_resource_control()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Outcome refused = Runtime.Run("update", "--l3-cache-schema", "L3:0=f", Id);
        refused.Exit.Should().Be(1);
        refused.Err.Should().Contain("Intel RDT: the container was created without it");
    }

    [RuntimeTheory]
    [InlineData("--memory", "64x")]
    [InlineData("--cpu-quota", "much")]
    [InlineData("--cpu-share", "-1")]
    [InlineData("--blkio-weight", "9")]
    public void An_unsuitable_value_is_named(string option, string value)
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Outcome refused = Runtime.Run("update", option, value, Id);
        refused.Exit.Should().Be(1);
        refused.Err.Should().Contain(value);
    }

    [HybridFact]
    public void A_controller_of_version_1_is_named_and_nothing_is_made()
    {
        Bundle.Linux["resources"]!["memory"] = new System.Text.Json.Nodes.JsonObject { ["limit"] = 33554432 };
        Outcome refused = Create();
        (refused.Exit, refused.Out).Should().Be((1, ""));
        refused.Err.Should().Contain("linux.resources.memory.limit \\\"33554432\\\"").And.Contain("the controller memory is bound to cgroup v1 on this host");
        Bundle.Linux["resources"]!.AsObject().Remove("memory");
        Bundle.Args("sleep", "100");
        CreateAndStart();
        refused = Runtime.Run("update", "--memory", "32m", Id);
        refused.Exit.Should().Be(1);
        refused.Err.Should().Contain("linux.resources.memory.limit \\\"33554432\\\"").And.Contain("the controller memory is bound to cgroup v1 on this host");
        Runtime.Run("update", "--pids-limit", "5", Id).Err.Should().Contain("the controller pids is bound to cgroup v1 on this host");
    }

    private Outcome Document(string json)
    {
        string file = Path.Combine(Work, "stdin.json");
        File.WriteAllText(file, json);
        return Runtime.With("update", "--resources=-", Id).Redirect($"<'{file}'").Run();
    }

    private string Value(string file) => File.ReadAllText(Path.Combine(UpdateTests.Cgroup(Pid()), file)).Trim();

    /// <summary>A host whose v1 hierarchies hold the controllers.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class HybridFactAttribute : FactAttribute
    {
        public HybridFactAttribute() =>
            Skip = RuntimeRequirement.Missing() ?? (Directory.Exists("/sys/fs/cgroup/unified") ? null : "needs a hybrid host");
    }
}
