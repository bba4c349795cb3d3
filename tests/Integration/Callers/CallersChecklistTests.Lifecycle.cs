using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Callers;

public sealed partial class CallersChecklistTests
{
    [RuntimeFact]
    public void After_create_with_a_terminal_both_output_pipes_end()
    {
        Bundle.Args("sleep", "1000").Process["terminal"] = true;
        Bundle.Save();
        using Caller caller = new();
        caller.Subreaper();
        string socket = Path.Combine(Work, "console");
        int listener = caller.Listen(socket);
        Streams streams = Streams.Pipes(caller);
        GoRunc runc = new(caller, Runtime.Root!, LogFile);

        runc.With(streams, "create", "--bundle", Bundle.Path, "--console-socket", socket, Id).Should().Be(0);

        caller.ReadToEnd(streams.Stdout).Should().BeEmpty();
        caller.ReadToEnd(streams.Stderr).Should().BeEmpty();
        caller.Receive(caller.Accept(listener)).Count.Should().Be(1);
        Status().Should().Be("created");
    }

    [RuntimeTheory]
    [InlineData("program")]
    [InlineData("mount")]
    [InlineData("hook")]
    [InlineData("console")]
    [InlineData("pid-file")]
    public void After_a_failed_create_nothing_is_left(string cause)
    {
        Bundle.Args(cause == "program" ? "/nosuch" : "true");
        if (cause == "mount")
            Bundle.Mount("/data", "tmpfs", "tmpfs", "nosuchoption=1");
        if (cause == "hook")
            Bundle.Config["hooks"] = new JsonObject { ["createRuntime"] = new JsonArray(new JsonObject { ["path"] = "/bin/false" }) };
        string[] more = cause == "console" ? ["--console-socket", Path.Combine(Work, "nobody")]
            : cause == "pid-file" ? ["--pid-file", "/nonexistent/pid"] : [];
        if (cause == "console")
            Bundle.Process["terminal"] = true;
        Bundle.Save();
        using Caller caller = new();
        caller.Subreaper();
        Streams streams = Streams.Pipes(caller);
        GoRunc runc = new(caller, Runtime.Root!, LogFile);

        runc.With(streams, ["create", "--bundle", Bundle.Path, .. more, Id]).Should().Be(1);

        caller.ReadToEnd(streams.Stderr).Should().NotBeEmpty();
        caller.ReadToEnd(streams.Stdout);
        caller.HasChildren.Should().BeFalse("not even a zombie");
        CgroupOf(Id).Should().BeNull();
        Directory.Exists(Path.Combine(Runtime.Root!, Id)).Should().BeFalse();
        Leftovers.Find(Work, Runtime.Root!, [Id]).Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_subreaper_is_the_parent_of_init_and_of_what_exec_runs()
    {
        string init = Path.Combine(Work, "init.pid");
        string exec = Path.Combine(Work, "exec.pid");
        Bundle.Shell("trap 'exit 21' TERM; while :; do sleep 0.05; done").Save();
        using Caller caller = new();
        caller.Subreaper();
        GoRunc runc = new(caller, Runtime.Root!, LogFile);
        runc.With(Streams.Pipes(caller), "create", "--bundle", Bundle.Path, "--pid-file", init, Id).Should().Be(0);
        runc.Combined("start", Id).Exit.Should().Be(0);
        runc.With(Streams.Pipes(caller), "exec", "--detach", "--pid-file", exec, Id, "sh", "-c", "exit 22").Should().Be(0);
        caller.Wait(GoRunc.ReadPid(exec)).Should().Be(22);
        Parent(GoRunc.ReadPid(init)).Should().Be(caller.Pid);
        Thread.Sleep(100);
        runc.Combined("kill", Id, "TERM").Exit.Should().Be(0);
        caller.Wait(GoRunc.ReadPid(init)).Should().Be(21);
        runc.With(Streams.Pipes(caller), "run", "--detach", "--bundle", Bundle.Path, "--pid-file", init, NewId()).Should().Be(0);
        Parent(GoRunc.ReadPid(init)).Should().Be(caller.Pid);
        caller.Kill(GoRunc.ReadPid(init), 9);
        caller.Wait(GoRunc.ReadPid(init)).Should().Be(137);
    }

    /// <summary>As soon as the pid file is there, init does not need the runtime any more.</summary>
    [RuntimeFact]
    public void Kill_9_of_the_runtime_after_the_pid_file_does_not_kill_init()
    {
        Bundle.Args("sleep", "1000").Save();
        string file = Path.Combine(Work, "pid");
        using Caller caller = new();
        caller.Subreaper();
        GoRunc runc = new(caller, Runtime.Root!, LogFile);
        Streams streams = Streams.Pipes(caller);

        // Stopped for a second in the call that puts the file in its place.
        string[] strace = ["/usr/bin/strace", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e", $"inject=renameat2:delay_exit=1000000:when={RenamesBefore() + 1}"];
        int tracer = caller.Start(new Call([.. strace, .. runc.Words("create", "--bundle", Bundle.Path, "--pid-file", file, Id)])
        {
            Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err },
        });
        Eventually(() => File.Exists(file), "the pid file appears");
        int runtime = int.Parse(File.ReadAllText($"/proc/{tracer}/task/{tracer}/children").Trim());
        caller.Kill(runtime, 9);
        caller.Wait(tracer).Should().Be(137);
        int pid = GoRunc.ReadPid(file);
        Status().Should().Be("created");
        RunningProcess.Alive(pid).Should().BeTrue();
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => Status() == "running" && RunningProcess.CommandLine(pid) == "sleep 1000", "it runs");
    }

    [RuntimeFact]
    public void Kill_9_in_the_middle_of_create_leaves_what_delete_by_force_removes()
    {
        Bundle.Args("sleep", "1000").Save();
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, LogFile);
        for (int i = 0; i < 20; i++)
        {
            int nothing = caller.Null();
            int create = caller.Start(new Call(runc.Words("create", "--bundle", Bundle.Path, Id))
            {
                Descriptors = { [0] = nothing, [1] = nothing, [2] = nothing },
            });
            long end = Environment.TickCount64 + (i / 2);
            while (Environment.TickCount64 < end)
                Thread.SpinWait(100);
            caller.Kill(create, 9);
            caller.Wait(create);
            caller.Close(nothing);
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            CgroupOf(Id).Should().BeNull();
            Directory.Exists(Path.Combine(Runtime.Root!, Id)).Should().BeFalse();
        }

        Leftovers.Find(Work, Runtime.Root!, [Id]).Should().BeEmpty();
    }

    [RuntimeFact]
    public void Delete_by_every_rule()
    {
        Bundle.Args("sleep", "1000").Save();
        using Caller caller = new();
        caller.Subreaper();
        GoRunc runc = new(caller, Runtime.Root!, LogFile);
        string file = Path.Combine(Work, "pid");

        runc.With(Streams.Pipes(caller), "create", "--bundle", Bundle.Path, "--pid-file", file, Id).Should().Be(0);
        runc.Combined("delete", Id).Should().Be((0, ""), "without start and without force");
        caller.Wait(GoRunc.ReadPid(file)).Should().BeGreaterThan(0);

        runc.With(Streams.Pipes(caller), "run", "--detach", "--bundle", Bundle.Path, "--pid-file", file, Id).Should().Be(0);
        runc.Combined("delete", Id).Exit.Should().Be(1);
        Status().Should().Be("running");
        caller.Kill(GoRunc.ReadPid(file), 9);
        Eventually(() => File.ReadAllText($"/proc/{GoRunc.ReadPid(file)}/stat").Contains(") Z "), "it is a zombie that nobody has waited for");
        runc.Combined("delete", Id).Should().Be((0, ""));
        caller.Wait(GoRunc.ReadPid(file)).Should().Be(137);
        runc.Combined("delete", "--force", Id).Should().Be((0, ""), "an unknown id");
        (int exit, string text) = runc.Combined("delete", Id);
        exit.Should().Be(1);
        text.Should().Contain("does not exist");
    }

    [RuntimeFact]
    public void Kill_says_what_callers_look_for()
    {
        Outcome unknown = Runtime.Run("kill", NewId(), "15");
        unknown.Exit.Should().Be(1);
        unknown.Err.Should().Contain("does not exist");

        Bundle.NoNamespace("pid").Shell("sleep 1000 & echo $! > /left; exit 0");
        CreateAndStart();
        Eventually(() => Status() == "stopped", "init ends");
        Outcome stopped = Runtime.Run("kill", Id, "15");
        stopped.Exit.Should().Be(1);
        stopped.Err.Should().Contain("container not running").And.Contain("no such process");
        int left = int.Parse(File.ReadAllText(Bundle.InRootfs("/left")));
        RunningProcess.Alive(left).Should().BeTrue();
        Runtime.Run("kill", "--all", Id, "9").Should().Be(Silent);
        Eventually(() => !RunningProcess.Alive(left), "the rest is killed");
        Runtime.Run("kill", "--all", Id, "9").Should().Be(Silent);
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    [RuntimeFact]
    public void An_empty_XDG_RUNTIME_DIR_means_none()
    {
        Bundle.Args("sleep", "1000").Save();
        try
        {
            Runtime.With("create", "--bundle", Bundle.Path, Id).NoRoot().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);
            Runtime.With("state", Id).NoRoot().NoEnv().Run().Exit.Should().Be(0);
            Runtime.With("state", Id).NoRoot().Env("XDG_RUNTIME_DIR", "/run/user/0").Run().Exit.Should().Be(0, "as root");
            Runtime.With("delete", Id).NoRoot().NoEnv().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);
        }
        finally
        {
            Runtime.With("delete", "--force", Id).NoRoot().Run();
        }
    }

    [RuntimeFact]
    public void Run_with_keep_leaves_state_and_cgroup()
    {
        Bundle.Shell("exit 5").Save();
        Run("--keep").Exit.Should().Be(5);
        Status().Should().Be("stopped");
        CgroupOf(Id).Should().NotBeNull();
        Runtime.Run("delete", Id).Should().Be(Silent);
        CgroupOf(Id).Should().BeNull();
        Run().Exit.Should().Be(5);
        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
        CgroupOf(Id).Should().BeNull();
    }

    private static int Parent(int pid) => int.Parse(File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1].Split(' ')[1]);

    // State is renamed into place too, so the pid file's turn has to be found.
    private int RenamesBefore()
    {
        string trace = Path.Combine(Work, "renames");
        string id = NewId();
        string file = Path.Combine(Work, "pid0");
        Runtime.With("create", "--bundle", Bundle.Path, "--pid-file", file, id).Under("strace", "-qq", "-o", trace, "-e", "trace=renameat2").Run().Should().Be(Silent);
        Runtime.Run("delete", id).Should().Be(Silent);
        string[] lines = [.. File.ReadAllLines(trace).Where(line => line.Contains("rename"))];
        return Array.FindIndex(lines, line => line.Contains("\"pid0\""));
    }
}
