using System;
using System.IO;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.State;

public sealed class StatusTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_living_init_is_running() => StatusOf(Scratch.Record("c", _scratch.Sleep())).Should().Be("running");

    [Fact]
    public void A_gate_makes_it_created() =>
        StatusOf(Scratch.Record("c", _scratch.Wait()), gate: true).Should().Be("created");

    [Fact]
    public void A_program_that_runs_is_running_whatever_gate_is_left() =>
        StatusOf(Scratch.Record("c", _scratch.Sleep()), gate: true).Should().Be("running");

    [Theory]
    [InlineData("1\n", "paused")]
    [InlineData("0\n", "running")]
    public void A_frozen_cgroup_makes_it_paused(string freeze, string expected)
    {
        string cgroup = Path.Combine(_scratch.Root, "cgroup");
        Directory.CreateDirectory(cgroup);
        File.WriteAllText(Path.Combine(cgroup, "cgroup.freeze"), freeze);
        StatusOf(Scratch.Record("c", _scratch.Sleep()) with { CgroupPath = cgroup }).Should().Be(expected);
    }

    [Fact]
    public void A_zombie_is_stopped() => StatusOf(Scratch.Record("c", _scratch.Zombie())).Should().Be("stopped");

    [Fact]
    public void Another_start_time_is_another_process()
    {
        ContainerRecord record = Scratch.Record("c", _scratch.Sleep());
        StatusOf(record with { StartTime = record.StartTime + 1 }, gate: true).Should().Be("stopped");
    }

    [Fact]
    public void Without_a_process_it_is_creating_while_the_creator_holds_the_lock()
    {
        using StateRoot root = StateRoot.Open(_scratch.Root, mustExist: true);
        ContainerRecord record = Scratch.Record("c");
        ContainerDirectory creator = root.Reserve("c");
        creator.Save(record);
        using ContainerDirectory reader = root.Find("c");
        Status.Of(reader, record).Should().Be(ContainerStatus.Creating);
        creator.Dispose();
        Status.Of(reader, record).Should().Be(ContainerStatus.Stopped);
    }

    [Fact]
    public void A_pidfd_is_given_for_the_recorded_process_only()
    {
        ContainerRecord record = Scratch.Record("c", _scratch.Sleep());
        using Fd? good = Liveness.Open(record);
        good.Should().NotBeNull();
        Liveness.Open(record with { StartTime = record.StartTime + 1 }).Should().BeNull();
        Liveness.Open(record with { Pid = 0 }).Should().BeNull();
    }

    [Fact]
    public void Waiting_ends_with_the_process_or_the_limit()
    {
        using Fd init = Liveness.Open(Scratch.Record("c", _scratch.Sleep()))!;
        Liveness.WaitForExit(init, 30).Should().BeFalse();
        Sys.pidfd_send_signal(init.Number, Uapi.SIGKILL).Should().Be(0);
        Liveness.WaitForExit(init, 10_000).Should().BeTrue();
    }

    private string StatusOf(ContainerRecord record, bool gate = false)
    {
        _scratch.Container(record, gate);
        using ContainerDirectory directory = StateRoot.FindContainer(_scratch.Root, record.Id);
        return Status.Name(Status.Of(directory, directory.Load()!));
    }
}
