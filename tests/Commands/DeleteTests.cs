using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using FluentAssertions;
using OciRun.Errors;
using OciRun.State;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class DeleteTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stopped_container_is_removed(bool force)
    {
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()));
        Delete(force).Should().Be(0);
        Directory.Exists(Path.Combine(_scratch.Root, "c")).Should().BeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_created_container_is_killed_first(bool force)
    {
        int pid = _scratch.Wait();
        _scratch.Container(Scratch.Record("c", pid), gate: true);
        Delete(force).Should().Be(0);
        KillTests.WaitForExit(pid);
        Directory.Exists(Path.Combine(_scratch.Root, "c")).Should().BeFalse();
    }

    [Fact]
    public void A_running_container_is_left_alone_without_force()
    {
        int pid = _scratch.Sleep();
        _scratch.Container(Scratch.Record("c", pid));
        FluentActions.Invoking(() => Delete(force: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("cannot delete container c that is not stopped: running");
        ProcStat.TryRead(pid, out ProcStat stat).Should().BeTrue();
        stat.IsAlive.Should().BeTrue();
        Delete(force: true).Should().Be(0);
        KillTests.WaitForExit(pid);
        Directory.Exists(Path.Combine(_scratch.Root, "c")).Should().BeFalse();
    }

    [Fact]
    public void An_unknown_container_is_an_error_only_without_force()
    {
        Delete(force: true).Should().Be(0);
        Delete(force: true).Should().Be(0);
        FluentActions.Invoking(() => Delete(force: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("does not exist");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_directory_without_a_record_is_removed(bool force)
    {
        Directory.CreateDirectory(Path.Combine(_scratch.Root, "c"));
        if (force)
            Delete(force).Should().Be(0);
        else
            FluentActions.Invoking(() => Delete(force)).Should().Throw<FaultException>()
                .Which.Fault.Text().Should().Contain("container does not exist");
        Directory.Exists(Path.Combine(_scratch.Root, "c")).Should().BeFalse();
    }

    [Fact]
    public void A_damaged_record_is_removed_by_force_only()
    {
        Directory.CreateDirectory(Path.Combine(_scratch.Root, "c"));
        File.WriteAllText(Path.Combine(_scratch.Root, "c", "state.json"), "{\"pid\":1,");
        FluentActions.Invoking(() => Delete(force: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("damaged state").And.Contain("delete --force");
        Delete(force: true).Should().Be(0);
        Directory.Exists(Path.Combine(_scratch.Root, "c")).Should().BeFalse();
    }

    [Fact]
    public void Leftovers_in_the_cgroup_are_killed_and_the_tree_is_removed()
    {
        using Cgroup cgroup = new();
        int left = _scratch.Sleep();
        cgroup.Add(left, "nested");
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()) with { OwnPidNamespace = false, CgroupPath = cgroup.Path });
        Delete(force: false).Should().Be(0);
        KillTests.WaitForExit(left);
        Directory.Exists(cgroup.Path).Should().BeFalse();
    }

    [Fact]
    public void Force_removes_a_paused_container()
    {
        using Cgroup cgroup = new();
        int init = _scratch.Sleep();
        cgroup.Add(init);
        File.WriteAllText(Path.Combine(cgroup.Path, "cgroup.freeze"), "1");
        _scratch.Container(Scratch.Record("c", init) with { CgroupPath = cgroup.Path });
        FluentActions.Invoking(() => Delete(force: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("that is not stopped: paused");
        Delete(force: true).Should().Be(0);
        Directory.Exists(cgroup.Path).Should().BeFalse();
    }

    [Fact]
    public void What_a_tampered_record_names_is_not_removed()
    {
        string directory = Path.Combine(_scratch.Root, "victim");
        Directory.CreateDirectory(directory);
        _scratch.Container(Scratch.Record("c") with { CgroupPath = directory });
        Delete(force: true).Should().Be(0);
        Directory.Exists(directory).Should().BeTrue();
    }

    [Fact]
    public void Of_many_deletes_at_once_all_but_one_find_nothing()
    {
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()));
        int removed = 0;
        Parallel.For(0, 20, _ =>
        {
            try
            {
                Delete(force: false);
                Interlocked.Increment(ref removed);
            }
            catch (FaultException e) when (e.Fault.Text().Contains("does not exist", StringComparison.Ordinal))
            {
                // Too late.
            }
        });
        removed.Should().Be(1);
    }

    private int Delete(bool force) => _scratch.Invoke("delete", force ? ["--force", "c"] : ["c"]);
}
