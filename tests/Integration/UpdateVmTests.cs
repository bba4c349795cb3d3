using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>update with every option, read back from the cgroup and seen to hold (features.md §1.15).</summary>
[Trait("Category", "Conformance")]
public sealed class UpdateVmTests : RuntimeTest
{
    [VmTheory]
    [InlineData(View.Cgroupfs)]
    [InlineData(View.Systemd)]
    public void Every_option_has_its_file(View view)
    {
        Container(view, """{"memory":{"limit":67108864,"swap":67108864},"cpu":{"quota":50000,"period":100000},"pids":{"limit":40}}""");
        Update("--memory", "50331648", "--memory-swap", "83886080", "--memory-reservation", "16777216").Should().Be(Silent);
        Values("memory.max", "memory.swap.max", "memory.low").Should().Equal("50331648", "33554432", "16777216");
        Update("--cpu-period", "50000", "--cpu-quota", "10000", "--cpu-share", "262144").Should().Be(Silent);
        Values("cpu.max", "cpu.weight").Should().Equal("10000 50000", "10000");
        Update("--cpu-quota", "20000").Should().Be(Silent);
        Values("cpu.max").Should().Equal("20000 50000");
        Update("--cpu-period", "100000").Should().Be(Silent);
        Values("cpu.max").Should().Equal("20000 100000");
        Update("--cpu-quota", "-1").Should().Be(Silent);
        Values("cpu.max").Should().Equal("max 100000");
        Update("--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "30").Should().Be(Silent);
        Values("cpuset.cpus", "cpuset.mems", "pids.max").Should().Equal("0", "0", "30");
        Update("--pids-limit", "-1").Should().Be(Silent);
        Values("pids.max").Should().Equal("max");
        Update("--blkio-weight", "500").Should().Be(Silent);
        Values("io.weight").Should().Equal("default 4950");
        Update("--memory", "-1").Should().Be(Silent);
        Values("memory.max", "memory.swap.max").Should().Equal("max", "max");
        Status().Should().Be("running");
    }

    [VmTheory]
    [InlineData(View.Cgroupfs)]
    [InlineData(View.Systemd)]
    public void A_document_changes_what_it_names(View view)
    {
        Container(view, """{"memory":{"limit":67108864},"pids":{"limit":40},"cpu":{"shares":1024}}""");
        Document("""{"memory":{"limit":33554432,"swap":33554432},"cpu":{"quota":10000,"period":50000}}""").Should().Be(Silent);
        Values("memory.max", "memory.swap.max", "cpu.max", "pids.max").Should().Equal("33554432", "0", "10000 50000", "40");
        Document("""{"pids":{"limit":10},"unified":{"memory.high":"20971520"}}""").Should().Be(Silent);
        Values("memory.high", "pids.max", "memory.max").Should().Equal("20971520", "10", "33554432");
    }

    [VmTheory]
    [InlineData(View.Cgroupfs)]
    [InlineData(View.Systemd)]
    public void A_limit_below_what_is_used_is_refused_on_demand(View view)
    {
        Bundle.Mount("/big", "tmpfs", "tmpfs");
        Container(view, """{"memory":{"limit":67108864}}""", "head -c 16777216 /dev/zero >/big/file; ");
        Eventually(() => long.Parse(Values("memory.current")[0], System.Globalization.CultureInfo.InvariantCulture) > 16777216, "the file is written");
        Outcome refused = Document("""{"memory":{"limit":8388608,"checkBeforeUpdate":true},"pids":{"limit":5}}""");
        refused.Exit.Should().Be(1);
        refused.Err.Should().Contain("rejecting memory limit");
        Values("memory.max").Should().Equal("67108864");
        Status().Should().Be("running");
    }

    private void Container(View view, string resources, string script = "")
    {
        Bundle.Linux["resources"] = JsonNode.Parse(resources);
        Bundle.Shell(script + "sleep 1000");
        Use(view);
        CreateAndStart();
    }

    private Outcome Update(params string[] options) => Runtime.Run([.. (string[])["update"], .. options, Id]);

    private Outcome Document(string json)
    {
        string file = Path.Combine(Work, "stdin.json");
        File.WriteAllText(file, json);
        return Runtime.With("update", "--resources", "-", Id).Redirect($"<'{file}'").Run();
    }

    private string[] Values(params string[] files)
    {
        string cgroup = UpdateTests.Cgroup(Pid());

        // crun has a sub-cgroup without limits below its scope.
        if (Path.GetFileName(cgroup) == "container")
            cgroup = Path.GetDirectoryName(cgroup)!;
        return System.Array.ConvertAll(files, file => File.ReadAllText(Path.Combine(cgroup, file)).Trim());
    }
}
