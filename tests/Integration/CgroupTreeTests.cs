using System;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Containers that make cgroups of their own, or leave processes in theirs (security.md F-20, F-22, F-28, R-127, R-148).</summary>
public sealed class CgroupTreeTests : RuntimeTest
{
    private const string Own = "c=/sys/fs/cgroup; ";

    [RuntimeTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_nested_cgroup_that_the_container_froze_goes_with_it(bool ownPids)
    {
        Delegated(ownPids);
        Shell(Own + "mkdir $c/in; sh -c 'echo $$ >/sys/fs/cgroup/in/cgroup.procs; exec sleep 1000' & "
            + "until grep -q . $c/in/cgroup.procs; do sleep 0.01; done; echo 1 >$c/in/cgroup.freeze; "
            + "until grep -q 'frozen 1' $c/in/cgroup.events; do sleep 0.01; done; echo ready >/dev/shm/ready; exec sleep 1000");
        Status().Should().Be("running");
        Delete();
    }

    [RuntimeFact]
    public void A_container_that_froze_itself_is_paused_and_can_be_resumed_and_deleted()
    {
        Delegated(ownPids: true);
        Shell(Own + "echo ready >/dev/shm/ready; echo 1 >$c/cgroup.freeze; echo on >/dev/shm/on; sleep 1000");
        Eventually(() => Status() == "paused", "the container froze itself");
        Runtime.Run("resume", Id).Should().Be(Silent);
        Eventually(() => File.Exists($"/proc/{Pid()}/root/dev/shm/on"), "it goes on");
        Status().Should().Be("running");
        Delete();
    }

    [RuntimeTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_deep_tree_and_threaded_cgroups_go_with_it(bool ownPids)
    {
        Delegated(ownPids);
        Shell(Own + "cd $c; i=0; while [ $i -lt 80 ]; do mkdir d side && cd d; i=$((i+1)); done; "
            + "sh -c 'echo $$ >cgroup.procs; exec sleep 1000' & cd /; mkdir $c/t $c/t/t; echo threaded >$c/t/t/cgroup.type; "
            + "sh -c 'echo $$ >/sys/fs/cgroup/t/cgroup.procs; echo $$ >/sys/fs/cgroup/t/t/cgroup.threads; exec sleep 1000' & "
            + "until grep -q . $c/t/t/cgroup.threads; do sleep 0.01; done; sleep 0.1; echo ready >/dev/shm/ready; exec sleep 1000");
        Pids().Should().HaveCount(3);
        Delete();
    }

    [RuntimeFact]
    public void Daemons_that_outlive_init_are_listed_signalled_and_removed()
    {
        Delegated(ownPids: false);
        Shell("setsid sh -c 'trap \"echo hup >/dev/shm/hup\" HUP; while :; do sleep 0.02; done' & echo ready >/dev/shm/ready; exec sleep 1000");
        int init = Pid();
        Pids().Should().Contain(pid => pid != init && File.ReadAllText($"/proc/{pid}/cmdline").Contains("hup", StringComparison.Ordinal));
        Runtime.Run("kill", Id, "KILL");
        Eventually(() => Status() == "stopped", "init is dead");
        Eventually(() => Pids().Length == 0, "SIGKILL reaches all of a container without a pid namespace");
        Runtime.Run("kill", "--all", Id, "KILL").Should().Be(Silent);
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    [RuntimeTheory]
    [InlineData("HUP")]
    [InlineData("10")]
    public void Any_signal_reaches_all_processes(string signal)
    {
        Delegated(ownPids: true);
        Shell("trap 'echo got >>/dev/shm/got' HUP USR1; for i in 1 2 3; do "
            + "sh -c 'trap \"echo got >>/dev/shm/got\" HUP USR1; mkdir /sys/fs/cgroup/'$i'; echo $$ >/sys/fs/cgroup/'$i'/cgroup.procs; "
            + "echo set >>/dev/shm/set; while :; do sleep 0.02; done' & done; "
            + "until [ \"$(wc -l 2>/dev/null </dev/shm/set)\" = 3 ]; do sleep 0.01; done; echo ready >/dev/shm/ready; while :; do sleep 0.02; done");
        string got = $"/proc/{Pid()}/root/dev/shm/got";
        Runtime.Run("kill", "--all", Id, signal).Should().Be(Silent);
        Eventually(() => File.Exists(got) && File.ReadAllLines(got).Length == 4, "init and its three children have been told");
        Status().Should().Be("running", "what was stopped for the signal goes on");
        Delete();
    }

    [RuntimeFact]
    public void A_fork_bomb_is_ended()
    {
        Delegated(ownPids: false);
        Shell(Own + "echo ready >/dev/shm/ready; i=0; while [ $i -lt 40 ]; do (while :; do (mkdir -p $c/b$i; : ) & wait; done) & i=$((i+1)); done; wait");
        Delete();
    }

    [RuntimeFact]
    public void A_stranger_in_the_cgroup_is_ended_by_force()
    {
        Use(View.Unified);
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string path = File.ReadAllLines($"/proc/{Pid()}/cgroup").Single(line => line.StartsWith("0::", StringComparison.Ordinal))[3..];
        using System.Diagnostics.Process stranger = System.Diagnostics.Process.Start("sleep", "60");
        File.WriteAllText($"{Leftovers.Cgroup2Mount}{path}/cgroup.procs", $"{stranger.Id}");
        Delete();
        stranger.WaitForExit(5000).Should().BeTrue();
    }

    private void Delegated(bool ownPids)
    {
        Use(View.Unified);
        if (!ownPids)
            Bundle.NoNamespace("pid");
        Bundle.NoMount("/sys/fs/cgroup").Mount("/sys/fs/cgroup", "cgroup2", "cgroup", "nosuid", "noexec", "nodev", "rw");
    }

    private void Shell(string script)
    {
        Bundle.Shell(script);
        CreateAndStart();
        Eventually(() => File.Exists($"/proc/{Pid()}/root/dev/shm/ready") || Status() == "paused", "the container is ready");
    }

    private int[] Pids()
    {
        Outcome ps = Runtime.Run("ps", "--format", "json", Id);
        ps.Exit.Should().Be(0, ps.ToString());
        return System.Text.Json.JsonSerializer.Deserialize<int[]>(ps.Out)!;
    }

    private void Delete()
    {
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
    }
}
