using System;
using System.IO;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class KillTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData()]
    [InlineData("TERM")]
    [InlineData("9")]
    public void The_signal_reaches_init(params string[] signal)
    {
        int pid = Container();
        _scratch.Invoke("kill", ["c", .. signal]).Should().Be(0);
        WaitForExit(pid);
    }

    [Fact]
    public void Signal_0_only_probes()
    {
        int pid = Container();
        _scratch.Invoke("kill", "c", "0").Should().Be(0);
        ProcStat.TryRead(pid, out ProcStat stat).Should().BeTrue();
        stat.IsAlive.Should().BeTrue();
    }

    [Fact]
    public void A_recycled_pid_is_not_hit()
    {
        int pid = _scratch.Sleep();
        ContainerRecord record = Scratch.Record("c", pid);
        _scratch.Container(record with { StartTime = record.StartTime + 1 });
        NotRunning("c", "9");
        ProcStat.TryRead(pid, out ProcStat stat).Should().BeTrue();
        stat.IsAlive.Should().BeTrue();
    }

    [Fact]
    public void A_zombie_is_not_running()
    {
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()));
        NotRunning("c", "15");
        NotRunning("c", "0");
        _scratch.Invoke("kill", "--all", "c", "9").Should().Be(0);
    }

    [Fact]
    public void An_unknown_container_does_not_exist() =>
        FluentActions.Invoking(() => _scratch.Invoke("kill", "x")).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("container does not exist");

    [Theory]
    [InlineData(true, false, "9", true)]
    [InlineData(false, false, "15", true)]
    [InlineData(false, false, "9", false)]
    [InlineData(true, true, "9", false)]
    [InlineData(true, true, "15", false)]
    public void Kill_without_a_pid_namespace_and_all_reach_the_whole_cgroup(
        bool ownPidNamespace, bool all, string signal, bool otherSurvives)
    {
        using Cgroup cgroup = new();
        int init = _scratch.Sleep();
        int other = _scratch.Sleep();
        int nested = _scratch.Sleep();
        cgroup.Add(other);
        cgroup.Add(nested, "nested");
        _scratch.Container(Scratch.Record("c", init) with { OwnPidNamespace = ownPidNamespace, CgroupPath = cgroup.Path });
        _scratch.Invoke("kill", all ? ["--all", "c", signal] : ["c", signal]).Should().Be(0);
        WaitForExit(init);
        if (otherSurvives)
        {
            ProcStat.TryRead(other, out ProcStat stat).Should().BeTrue();
            stat.IsAlive.Should().BeTrue();
        }
        else
        {
            WaitForExit(other);
            WaitForExit(nested);
        }
    }

    [Fact]
    public void All_works_after_init_s_death()
    {
        using Cgroup cgroup = new();
        int other = _scratch.Sleep();
        cgroup.Add(other);
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()) with { OwnPidNamespace = false, CgroupPath = cgroup.Path });
        _scratch.Invoke("kill", "-a", "c", "9").Should().Be(0);
        WaitForExit(other);
    }

    [Fact]
    public void A_frozen_container_dies_and_is_thawed()
    {
        using Cgroup cgroup = new();
        int init = _scratch.Sleep();
        cgroup.Add(init);
        File.WriteAllText(Path.Combine(cgroup.Path, "cgroup.freeze"), "1");
        _scratch.Container(Scratch.Record("c", init) with { CgroupPath = cgroup.Path });
        _scratch.Invoke("kill", "c", "KILL").Should().Be(0);
        WaitForExit(init);
        File.ReadAllText(Path.Combine(cgroup.Path, "cgroup.freeze")).Should().StartWith("0");
    }

    [Fact]
    public void A_tampered_cgroup_is_left_alone()
    {
        string directory = Path.Combine(_scratch.Root, "no-cgroup");
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "cgroup.kill"), "");
        File.WriteAllText(Path.Combine(directory, "cgroup.freeze"), "x");
        _scratch.Container(Scratch.Record("c", _scratch.Sleep()) with { OwnPidNamespace = false, CgroupPath = directory });
        _scratch.Invoke("kill", "c", "9").Should().Be(0);
        File.ReadAllText(Path.Combine(directory, "cgroup.kill")).Should().BeEmpty();
        File.ReadAllText(Path.Combine(directory, "cgroup.freeze")).Should().Be("x");
    }

    private int Container()
    {
        int pid = _scratch.Sleep();
        _scratch.Container(Scratch.Record("c", pid));
        return pid;
    }

    private void NotRunning(params string[] words) =>
        FluentActions.Invoking(() => _scratch.Invoke("kill", words)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("container not running").And.Contain("no such process");

    internal static void WaitForExit(int pid)
    {
        using Fd pidfd = new(Sys.pidfd_open(pid));
        (pidfd.Number < 0 || Liveness.WaitForExit(pidfd, 10_000)).Should().BeTrue();
    }
}
