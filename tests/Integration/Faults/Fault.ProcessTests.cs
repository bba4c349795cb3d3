using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;
using Errno = OciRun.Kernel.Errno;
using SYS = OciRun.Kernel.SYS;
using Uapi = OciRun.Kernel.Uapi;

namespace OciRun.Tests.Integration.Faults;

/// <summary>The container's processes end, stop or never start at a bad moment (security.md §3.2).</summary>
public sealed class FaultProcessTests : RuntimeTest
{
    // F-07.
    [RuntimeFact]
    public void What_is_never_started_uses_no_processor_and_can_be_ended()
    {
        Create().Should().Be(Silent);
        string before = ProcessorTime(Pid());
        Thread.Sleep(1500);
        ProcessorTime(Pid()).Should().Be(before);
        Status().Should().Be("created");

        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is killed");
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    // F-09: the program runs once init does; until then start waits, but not against the user's will.
    [RuntimeFact]
    public void A_start_of_a_process_that_is_stopped_can_be_interrupted()
    {
        Bundle.Shell("touch /ran; sleep 100");
        Create().Should().Be(Silent);
        Syscall.kill(Pid(), Signum.SIGSTOP).Should().Be(0);
        Runtime.Call call = Runtime.With("start", Id).Within(TimeSpan.FromSeconds(10));
        using Process start = call.Start();
        start.WaitForExit(TimeSpan.FromSeconds(1)).Should().BeFalse("init does not answer");
        // Not SIGINT, which a shell has whom it starts in the background ignore.
        Syscall.kill(start.Id, Signum.SIGTERM).Should().Be(0);
        call.Finish(start).Exit.Should().BeGreaterThan(0);
        File.Exists(Bundle.InRootfs("/ran")).Should().BeFalse();

        Syscall.kill(Pid(), Signum.SIGCONT).Should().Be(0);
        Eventually(() => File.Exists(Bundle.InRootfs("/ran")), "the start that was asked for happens");
        Status().Should().Be("running");
    }

    // F-10.
    [RuntimeTheory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 3", 3)]
    [InlineData("sh -c 'kill -SEGV $$' 2>/dev/null; exit $?", 139)]
    public void A_process_that_ends_at_once_gives_its_status(string script, int status)
    {
        Bundle.Shell(script);
        for (int i = 0; i < 60; i++)
            Run().Should().Be(Silent with { Exit = status }, $"round {i}");
    }

    // F-02: its connection was the go-ahead, and nothing is left that could be started. The call is made before the process
    // ends by SIGTERM, and is not before SIGKILL.
    [RuntimeTheory]
    [InlineData("connect", 15)]
    [InlineData("unlinkat", 9)]
    public void A_start_that_is_killed_when_the_process_has_gone_on_leaves_a_running_container(string name, int signal)
    {
        FaultInjector injector = new(Work);
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Runtime.With("start", Id).Under(injector.Recording).Run().Should().Be(Silent);
        TracedCall call = injector.Calls().Single(call => call.Process == 0 && call.Name == name);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);

        Create().Should().Be(Silent);
        Runtime.With("start", Id).Under(injector.Doing(call, $"signal={signal}")).Run().Exit.Should().Be(128 + signal);
        Eventually(() => Status() == "running", "the program runs");
        Runtime.Run("start", Id).Err.Should().Contain("cannot start an already running container");
        Runtime.Run("delete", Id).Exit.Should().Be(1);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
    }

    // The connection ends with a process that is killed as it does with an execve, and nobody waits for its status.
    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("exec")]
    public void A_process_that_is_killed_before_its_program_runs_has_not_started(string verb)
    {
        FaultInjector injector = new(Work);
        Bundle.Args("sleep", "100");
        Bundle.Save();
        string[] words = verb == "run" ? ["run", "--detach", "--bundle", Bundle.Path, Id] : ["exec", "--detach", Id, "sleep", "100"];
        if (verb == "exec")
            CreateAndStart();
        Runtime.With(words).Under(injector.Recording).Run().Should().Be(Silent);
        TracedCall last = injector.Calls().Last(call => call is { Process: > 0, Name: "execve" });
        if (verb == "run")
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);

        Outcome outcome = Runtime.With(words).Under(injector.Doing(last, "signal=9")).Run();
        injector.Calls().Should().ContainSingle().Which.Name.Should().Be("execve");
        outcome.Exit.Should().BeOneOf([1, 255], outcome.ToString());
        outcome.Err.Should().Contain("was killed by signal 9");
        (Runtime.Run("state", Id).Exit == 0).Should().Be(verb == "exec");
    }

    // Somebody has to leave the zombie there: where init's parent reaps at once, nothing can be known.
    [RuntimeFact]
    public void A_start_whose_process_is_killed_before_its_program_runs_fails()
    {
        Bundle.Args("sleep", "100");
        Runtime.Call create = Call("create").Under("perl", "-e", $"syscall({SYS.prctl}, {Uapi.PR_SET_CHILD_SUBREAPER}, 1, 0, 0, 0); system(@ARGV); sleep 100");
        using Process parent = create.Start();
        try
        {
            Eventually(() => Runtime.Run("state", Id).Exit == 0 && Status() == "created", "it is created");
            int init = Pid();
            init.Should().BePositive();
            Syscall.kill(init, Signum.SIGSTOP).Should().Be(0);
            Runtime.Call call = Runtime.With("start", Id);
            using Process start = call.Start();
            Eventually(() => Status() == "running", "the go-ahead is given");
            Syscall.kill(init, Signum.SIGKILL).Should().Be(0);
            Outcome outcome = call.Finish(start);
            outcome.Exit.Should().Be(1, outcome.ToString());
            outcome.Err.Should().Contain("process was killed before its program ran");
            Eventually(() => Status() == "stopped", "it has ended");
        }
        finally
        {
            parent.Kill(entireProcessTree: true);
            create.Finish(parent);
        }
    }

    // What becomes of its program cannot be told then, so it does not run.
    [RuntimeFact]
    public void A_start_that_cannot_read_what_the_process_says_ends_it()
    {
        FaultInjector injector = new(Work);
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Runtime.With("start", Id).Under(injector.Recording).Run().Should().Be(Silent);
        TracedCall call = injector.Calls().SkipWhile(call => call.Name != "connect").First(call => call is { Process: 0, Name: "read" });
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);

        Create().Should().Be(Silent);
        Outcome outcome = Runtime.With("start", Id).Under(injector.Doing(call, $"error={Errno.EIO}")).Run();
        injector.Calls().Should().Equal(call);
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("read: EIO");
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    // It says why it ends before it does.
    [RuntimeFact]
    public void A_start_that_fails_returns_when_the_container_can_be_deleted()
    {
        Bundle.WithFile("/refused", "#!/absent\n", (UnixFileMode)0b111_101_101).Args("/refused");
        Create().Should().Be(Silent);
        string[] arguments = ["-qq", "-o", Path.Combine(Work, "trace"), "-e", "inject=exit_group:delay_enter=500000", "-p", $"{Pid()}"];
        using Process strace = Process.Start("strace", arguments);
        try
        {
            Eventually(() => !File.ReadAllText($"/proc/{Pid()}/status").Contains("TracerPid:\t0\n"), "it is traced");
            Runtime.Run("start", Id).Err.Should().Contain("exec /refused: no such file or directory");
            Runtime.Run("delete", Id).Should().Be(Silent);
        }
        finally
        {
            strace.Kill();
            strace.WaitForExit();
        }
    }

    // The process is the second that exec makes; the exit status alone would be taken for its program's.
    [RuntimeFact]
    public void An_exec_whose_process_cannot_read_its_go_ahead_says_so()
    {
        FaultInjector injector = new(Work);
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Runtime.With("exec", Id, "true").Under(injector.Recording).Run().Should().Be(Silent);
        TracedCall[] calls = injector.Calls();
        calls = [.. calls.Where(call => call.Process == calls.Max(other => other.Process) && call.Name == "read")];
        calls.Should().NotBeEmpty();
        foreach (TracedCall call in calls)
        {
            Outcome outcome = Runtime.With("exec", Id, "true").Under(injector.Doing(call, $"error={Errno.EIO}")).Run();
            injector.Calls().Should().Equal(call);
            outcome.Exit.Should().BeOneOf([1, 255], outcome.ToString());
            outcome.Err.Should().Contain("read: EIO");
        }
    }

    // F-57: the kernel ends who is in the pid namespace with its first process.
    [RuntimeFact]
    public void An_exec_whose_container_ends_is_told_to_be_killed()
    {
        for (int i = 0; i < 12; i++)
        {
            string id = NewId();
            Bundle.Args("sleep", "100").Save();
            Runtime.Run("run", "--detach", "--bundle", Bundle.Path, id).Should().Be(Silent);
            int pid = (int)State(id)["pid"]!;
            string ran = Bundle.InRootfs($"/ran{i}");
            Runtime.Call call = Runtime.With("exec", id, "sh", "-c", $"touch /ran{i}; while :; do sh -c 'sleep 0.001 & :'; done").Within(TimeSpan.FromSeconds(10));
            using Process exec = call.Start();
            Eventually(() => File.Exists(ran), "the program runs");
            Thread.Sleep(i);
            Syscall.kill(pid, Signum.SIGKILL).Should().Be(0);
            call.Finish(exec).Should().Be(Silent with { Exit = 137 });
            Runtime.Run("delete", "--force", id).Should().Be(Silent);
        }
    }

    // F-57, from the start on: either it runs and is killed, or there is nothing left to enter.
    [RuntimeFact]
    public void An_exec_into_a_container_that_ends_is_killed_or_refused()
    {
        for (int i = 0; i < 24; i++)
        {
            string id = NewId();
            Bundle.Args("sleep", "100").Save();
            Runtime.Run("run", "--detach", "--bundle", Bundle.Path, id).Should().Be(Silent);
            int pid = (int)State(id)["pid"]!;
            Runtime.Call call = Runtime.With("exec", id, "sleep", "100").Within(TimeSpan.FromSeconds(10));
            using Process exec = call.Start();
            Thread.Sleep(i / 2);
            Syscall.kill(pid, Signum.SIGKILL).Should().Be(0);
            Outcome outcome = call.Finish(exec);
            if (outcome.Exit == 137)
                outcome.Err.Should().BeEmpty();
            else
                outcome.Should().Match<Outcome>(refused => refused.Exit == 255 && refused.Err.Contains("level=error"));
            Runtime.Run("delete", "--force", id).Should().Be(Silent);
        }
    }

    // User and system time of proc_pid_stat(5), in ticks.
    private static string ProcessorTime(int pid)
    {
        string[] fields = File.ReadAllText($"/proc/{pid}/stat").Split(' ');
        return $"{fields[13]} {fields[14]}";
    }
}
