using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>Where exec's process goes, and what a frozen cgroup means (features.md EB03, EX16, EX17; security.md R-154, F-19).</summary>
public sealed class ExecCgroupTests : RuntimeTest
{
    private const string Where = "grep ^0:: /proc/self/cgroup";

    private string Cgroup => Leftovers.Cgroup2Mount
        + File.ReadLines($"/proc/{Pid()}/cgroup").Single(line => line.StartsWith("0::", StringComparison.Ordinal))[3..];

    [RuntimeFact]
    public void The_first_process_may_have_moved_and_others_still_come_to_the_top()
    {
        string own = Sleeping();
        Move(own, "leaf");

        Exec("sh", "-c", Where).Should().Be(new Outcome(0, "0::/\n", ""));
        Exec(["--cgroup", "leaf"], "sh", "-c", Where).Should().Be(new Outcome(0, "0::/leaf\n", ""));
        Exec(["--cgroup", "/leaf/"], "sh", "-c", Where).Should().Be(new Outcome(0, "0::/leaf\n", ""));
    }

    // cgroups(7): no processes in an inner cgroup whose controllers are on.
    [RuntimeFact]
    public void With_controllers_on_the_process_goes_to_the_first_ones_cgroup()
    {
        string own = Sleeping();
        Move(own, "leaf");
        TurnOn(own);

        Exec("sh", "-c", Where).Should().Be(new Outcome(0, "0::/leaf\n", ""));
        Outcome refused = Exec(["--cgroup", "/"], "true");
        refused.Exit.Should().Be(255);
        refused.Err.Should().Contain("adding pid ").And.Contain(" to cgroups ").And.Contain("/cgroup.procs").And.Contain("device or resource busy");
        Exec(["--cgroup", "leaf"], "sh", "-c", Where).Should().Be(new Outcome(0, "0::/leaf\n", ""));
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Where_the_container_s_cgroup_was_removed_the_process_goes_to_the_first_ones()
    {
        string own = Sleeping();
        string other = own + "-other";
        Directory.CreateDirectory(other);
        File.WriteAllText(other + "/cgroup.procs", Pid().ToString());
        Directory.Delete(own);

        Exec("sh", "-c", Where).Should().Be(new Outcome(0, $"0::/../{Path.GetFileName(other)}\n", ""));
        Exec(["--cgroup", "/"], "true").Err.Should().Contain($"its cgroup {own} cannot be opened").And.Contain("it is gone");

        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Directory.Delete(other);
    }

    [RuntimeFact]
    public void A_threaded_cgroup_below_does_not_hinder()
    {
        string own = Sleeping();
        Directory.CreateDirectory(own + "/threads");
        File.WriteAllText(own + "/threads/cgroup.type", "threaded");

        Exec("sh", "-c", Where).Should().Be(new Outcome(0, "0::/\n", ""));
        Exec(["--cgroup", "threads"], "sh", "-c", Where).Should().Be(new Outcome(0, "0::/threads\n", ""));
    }

    // "name2" beside "name" begins like it.
    [RuntimeFact]
    public void A_neighbour_whose_name_begins_the_same_is_outside()
    {
        string own = Sleeping();
        string neighbour = own + "2";
        Directory.CreateDirectory(neighbour);
        try
        {
            foreach (string path in new[] { "../" + Path.GetFileName(neighbour), "2", "/../" + Path.GetFileName(neighbour), neighbour })
                Exec(["--cgroup", path], "true").Exit.Should().Be(255, path);
        }
        finally
        {
            Directory.Delete(neighbour);
        }
    }

    [RuntimeFact]
    public void A_paused_container_takes_none_and_says_so_at_once()
    {
        string own = Sleeping();
        File.WriteAllText(own + "/cgroup.freeze", "1");
        Stopwatch watch = Stopwatch.StartNew();

        Outcome outcome = Exec("true");

        outcome.Exit.Should().Be(255);
        outcome.Err.Should().Contain("cannot exec in a paused container").And.Contain("--ignore-paused");
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(1));
        File.WriteAllText(own + "/cgroup.freeze", "0");
        Exec("true").Should().Be(Silent);
    }

    [RuntimeFact]
    public void With_ignore_paused_the_process_waits_for_the_thaw()
    {
        string own = Sleeping();
        File.WriteAllText(own + "/cgroup.freeze", "1");
        using Process call = Runtime.With("exec", "--ignore-paused", Id, "sh", "-c", "exit 5").Start();

        call.WaitForExit(300).Should().BeFalse();
        File.WriteAllText(own + "/cgroup.freeze", "0");

        call.WaitForExit(5000).Should().BeTrue();
        call.ExitCode.Should().Be(5);
    }

    [RuntimeFact]
    public void A_wait_in_a_paused_container_can_be_interrupted()
    {
        string own = Sleeping();
        File.WriteAllText(own + "/cgroup.freeze", "1");
        using Process call = Runtime.With("exec", "--ignore-paused", Id, "true").Start();
        call.WaitForExit(300).Should().BeFalse();

        Mono.Unix.Native.Syscall.kill(call.Id, Mono.Unix.Native.Signum.SIGTERM);

        call.WaitForExit(5000).Should().BeTrue();
        call.ExitCode.Should().Be(255);
        File.ReadAllLines(own + "/cgroup.procs").Should().ContainSingle();
        File.WriteAllText(own + "/cgroup.freeze", "0");
    }

    private string Sleeping()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        return Cgroup;
    }

    private void Move(string own, string name)
    {
        Directory.CreateDirectory($"{own}/{name}");
        File.WriteAllText($"{own}/{name}/cgroup.procs", Pid().ToString());
    }

    // Any controller of the hierarchy; it has to be on above, too. Threaded ones alone would leave room for processes.
    private static void TurnOn(string own)
    {
        string parent = Path.GetDirectoryName(own)!;
        string[] threaded = { "cpu", "cpuset", "perf_event", "pids" };
        string controller = File.ReadAllText(parent + "/cgroup.controllers").Split(new[] { ' ', '\n' }, StringSplitOptions.RemoveEmptyEntries)
            .First(name => !threaded.Contains(name));
        File.WriteAllText(parent + "/cgroup.subtree_control", "+" + controller);
        File.WriteAllText(own + "/cgroup.subtree_control", "+" + controller);
    }

    private Outcome Exec(params string[] command) => Exec([], command);

    private Outcome Exec(string[] options, params string[] command) =>
        Runtime.Run(["exec", .. options, Id, .. command]);
}
