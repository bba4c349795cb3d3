using System.Diagnostics;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Callers;

/// <summary>Rows about limits and systemd, which this machine lacks.</summary>
public sealed partial class CallersChecklistTests
{
    [VmFact]
    public void Later_commands_need_no_systemd_flag()
    {
        Bundle.NoNamespace("pid").Shell("sleep 1000 & wait");
        Use(View.Systemd);
        Create().Should().Be(Silent);
        Runtime plain = new(Work);
        plain.Run("start", Id).Should().Be(Silent);
        string cgroup = UpdateTests.Cgroup(Pid());
        cgroup.Should().EndWith($"/system.slice/ocirun-test-{Id}.scope");
        string resources = Path.Combine(Work, "resources.json");
        File.WriteAllText(resources, """{"pids": {"limit": 77}}""");
        plain.With("update", "--resources=-", Id).Redirect($"<'{resources}'").Run().Should().Be(Silent);
        File.ReadAllText(cgroup + "/pids.max").Should().Be("77\n");
        plain.Run("kill", "-a", Id, "9").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "all are killed");
        plain.Run("delete", "--force", Id).Should().Be(Silent);
        Output($"systemctl list-units --all --no-legend 'ocirun-test-{Id}*'").Should().BeEmpty();
    }

    /// <summary>systemd takes a scope away as soon as it is empty, whoever made it (callers.md §15), so there only the other driver.</summary>
    [VmFact]
    public void Memory_events_can_be_read_after_the_end_until_delete()
    {
        Bundle.Linux["resources"] = JsonNode.Parse("""{"memory": {"limit": 33554432, "swap": 33554432}}""");
        Bundle.Shell("head -c 100000000 /dev/zero | tail -c 90000000 | wc -c; exit 3");
        Use(View.Cgroupfs);
        Create().Should().Be(Silent);
        string cgroup = UpdateTests.Cgroup(Pid());
        Runtime.Run("start", Id).Should().Be(Silent);
        for (int i = 0; i < 100 && Status() != "stopped"; i++)
            System.Threading.Thread.Sleep(100);
        Status().Should().Be("stopped");
        File.ReadAllText(cgroup + "/memory.events").Should().MatchRegex("oom_kill [1-9]");
        Runtime.Run("delete", Id).Should().Be(Silent);
        Directory.Exists(cgroup).Should().BeFalse();
    }

    /// <summary>A unit that failed stays loaded under its name until it is reset.</summary>
    [VmFact]
    public void A_failed_unit_of_the_same_name_is_reset()
    {
        string unit = $"ocirun-test-{Id}.scope";
        Output($"systemd-run --quiet --scope --unit={unit} -p RuntimeMaxSec=1 sleep 30 2>&1; true");
        Output($"systemctl show -p ActiveState {unit}").Should().Be("ActiveState=failed\n");
        Bundle.Args("sleep", "1000");
        Use(View.Systemd);
        CreateAndStart();
        Output($"systemctl show -p ActiveState {unit}").Should().Be("ActiveState=active\n");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
    }

    [VmTheory]
    [InlineData(View.Cgroupfs)]
    [InlineData(View.Systemd)]
    public void A_static_program_starts_under_6_MiB_and_one_process(View view)
    {
        Bundle.Linux["resources"] = JsonNode.Parse("""{"memory": {"limit": 6291456}, "pids": {"limit": 1}}""");
        Bundle.Args("true");
        Use(view);
        CreateAndStart();
        for (int i = 0; i < 50 && Status() != "stopped"; i++)
            System.Threading.Thread.Sleep(100);
        Runtime.Run("delete", Id).Should().Be(Silent);
        Run().Should().Be(Silent);
    }

    private static string Output(string command)
    {
        using Process shell = System.Diagnostics.Process.Start(new ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            ArgumentList = { "-c", command },
        })!;
        string text = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        shell.ExitCode.Should().Be(0, command);
        return text;
    }
}
