using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>exec as callers see it, where one call is not the whole story (features.md 1.5, 1.8; callers.md §8.4).</summary>
[Trait("Category", "Conformance")]
public sealed class ExecTests : RuntimeTest
{
    [RuntimeFact]
    public void A_created_container_takes_processes_beside_its_waiting_one()
    {
        Bundle.Args("sleep", "1000");
        Create().Should().Be(Silent);

        Exec("hostname").Should().Be(new Outcome(0, "box\n", ""));

        Status().Should().Be("created");
        Runtime.Run("start", Id).Should().Be(Silent);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void A_stopped_container_takes_none()
    {
        Bundle.Args("true");
        CreateAndStart();
        Eventually(() => Status() == "stopped", "it ends");

        Outcome outcome = Exec("true");

        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().NotBeEmpty();
        if (Runtime.IsOcirun)
            outcome.Err.Should().Contain("cannot exec in a stopped container");
    }

    [RuntimeFact]
    public void A_container_that_does_not_exist_is_named_so()
    {
        Outcome outcome = Exec("true");
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("does not exist");
    }

    [RuntimeFact]
    public void A_failed_exec_leaves_no_pid_file_and_no_process()
    {
        Sleeping();
        string file = Path.Combine(Work, "pid");

        Call("--detach", "--pid-file", file).Exit.Should().NotBe(0);

        File.Exists(file).Should().BeFalse();
        Members().Should().ContainSingle();
        Status().Should().Be("running");
    }

    // CRI-O makes it beforehand, and takes what is in it afterwards.
    [RuntimeFact]
    public void A_failed_exec_leaves_an_empty_pid_file_as_it_is()
    {
        Sleeping();
        string file = Path.Combine(Work, "pid");
        File.WriteAllText(file, "");

        Call("--detach", "--pid-file", file).Exit.Should().NotBe(0);

        File.ReadAllText(file).Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_detached_process_outlives_the_call_and_ends_with_the_container()
    {
        Sleeping();
        string file = Path.Combine(Work, "pid");
        File.WriteAllText(file, "");
        Exec(["--detach", "--pid-file", file], "sleep", "999").Should().Be(Silent);

        int pid = int.Parse(File.ReadAllText(file));

        RunningProcess.CommandLine(pid).Should().Be("sleep 999");
        Link(pid, "ns/pid").Should().Be(Link(Pid(), "ns/pid"));
        Stat(pid, 5).Should().Be(pid.ToString(), "it leads a group of its own");
        Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
        Eventually(() => !RunningProcess.Alive(pid), "it ends with the container");
    }

    [RuntimeFact]
    public void Signals_reach_the_process()
    {
        Sleeping();
        using Process call = Start("sh", "-c", "trap 'exit 9' TERM; touch /ready; while :; do sleep 0.05; done");
        Eventually(() => File.Exists(Bundle.InRootfs("/ready")), "it runs");

        Syscall.kill(call.Id, Signum.SIGTERM);

        call.WaitForExit(5000).Should().BeTrue();
        call.ExitCode.Should().Be(9);
        Status().Should().Be("running");
    }

    // EB05: only what comes before the program belongs to the call.
    [RuntimeFact]
    public void The_process_outlives_a_call_that_is_killed()
    {
        Sleeping();
        using Process call = Start("sh", "-c", "touch /ready; sleep 998");
        Eventually(() => File.Exists(Bundle.InRootfs("/ready")), "it runs");

        Syscall.kill(call.Id, Signum.SIGKILL);
        call.WaitForExit(5000).Should().BeTrue();

        Thread.Sleep(100);
        Members().Should().HaveCountGreaterThan(1);
    }

    [RuntimeFact]
    public void The_end_of_the_container_ends_the_process()
    {
        Sleeping();
        using Process call = Start("sh", "-c", "touch /ready; sleep 997");
        Eventually(() => File.Exists(Bundle.InRootfs("/ready")), "it runs");

        Runtime.Run("kill", Id, "KILL").Exit.Should().Be(0);

        call.WaitForExit(5000).Should().BeTrue();
        call.ExitCode.Should().Be(137);
    }

    [RuntimeFact]
    public void Standard_input_and_output_are_the_callers()
    {
        Sleeping();
        string input = Path.Combine(Work, "in");
        File.WriteAllText(input, "in\n");
        Runtime.With("exec", Id, "sh", "-c", "cat; echo err >&2").Redirect($"< '{input}'").Run().Should().Be(new Outcome(0, "in\n", "err\n"));
    }

    [RuntimeFact]
    public void Many_execs_at_once_all_succeed()
    {
        Sleeping();
        Process[] calls = Enumerable.Range(0, 12).Select(i => Start("sh", "-c", $"exit {i}")).ToArray();

        foreach (Process call in calls)
            call.WaitForExit(20000).Should().BeTrue();

        calls.Select(call => call.ExitCode).Should().Equal(Enumerable.Range(0, 12));
        Members().Should().ContainSingle();
    }

    // whatever the moment, the call ends with a status and an explanation, and nothing is left.
    [RuntimeFact]
    public void A_container_that_ends_meanwhile_leaves_nothing_half_way()
    {
        for (int i = 0; i < 15; i++)
        {
            string id = NewId();
            Bundle.Args("sleep", "1000").Save();
            Runtime.Run("run", "--detach", "--bundle", Bundle.Path, id).Should().Be(Silent);
            using Process call = Runtime.With("exec", id, "sleep", "3").Start();
            Thread.Sleep(i);
            Runtime.Run("delete", "--force", id).Exit.Should().Be(0);
            call.WaitForExit(10000).Should().BeTrue();
            call.ExitCode.Should().BeOneOf(137, 255, 1);
        }
    }

    private void Sleeping()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
    }

    private Outcome Exec(params string[] command) => Exec([], command);

    private Outcome Exec(string[] options, params string[] command) =>
        Runtime.Run(["exec", .. options, Id, .. command]);

    private Outcome Call(params string[] options) => Exec(options, "/absent");

    private Process Start(params string[] command) => Runtime.With(["exec", Id, .. command]).Start();

    // The processes of the container's pid namespace.
    private int[] Members()
    {
        string space = Link(Pid(), "ns/pid");
        return Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(d[6])).Select(d => int.Parse(d[6..]))
            .Where(pid => Link(pid, "ns/pid") == space && RunningProcess.Alive(pid)).ToArray();
    }

    private static string Link(int pid, string file)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/{file}").LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string Stat(int pid, int field) => File.ReadAllText($"/proc/{pid}/stat").Split(' ')[field - 1];
}
