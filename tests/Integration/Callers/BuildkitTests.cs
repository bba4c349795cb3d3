using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>buildkit's executor (callers.md §6): attached, in a process group of its own, kept until its cgroup was read.</summary>
public sealed class BuildkitTests : RuntimeTest
{
    private string Log => Path.Combine(Work, "runc-log.json");

    [RuntimeFact]
    public void A_step_runs_attached_and_is_deleted_by_name()
    {
        File.WriteAllText(Log, "{\"level\":\"error\",\"msg\":\"of another container\",\"time\":\"2024-01-01T00:00:00Z\"}\n");
        string before = File.ReadAllText(Log);
        Bundle.Shell("cat; echo wrong >&2; exit 42").Save();
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, Log);
        Streams streams = Streams.Pipes(caller);

        int step = Start(caller, runc, streams, "run", "--bundle", Bundle.Path, "--keep", Id);
        caller.Write(streams.Stdin, "input");
        caller.Close(streams.Stdin);
        caller.ReadToEnd(streams.Stdout).Should().Be("input");
        caller.ReadToEnd(streams.Stderr).Should().Be("wrong\n");
        caller.Wait(step).Should().Be(42);

        Status().Should().Be("stopped");
        CallersChecklistTests.CgroupOf(Id).Should().NotBeNull("memory.events is read now");
        runc.Combined("delete", Id).Should().Be((0, ""));
        CallersChecklistTests.CgroupOf(Id).Should().BeNull();
        File.ReadAllText(Log).Should().Be(before, "the file is shared");
    }

    [RuntimeFact]
    public void Another_process_joins_as_soon_as_the_step_runs()
    {
        Bundle.Shell("sleep 1000").Save();
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, Log);
        runc.Combined("state", Id).Exit.Should().Be(1, "polling begins before the container exists");
        Streams streams = Streams.Pipes(caller);
        int step = Start(caller, runc, streams, "run", "--bundle", Bundle.Path, "--keep", Id);
        JsonObject? state = null;
        Eventually(() =>
        {
            (int exit, string text) = runc.Combined("state", Id);
            state = exit == 0 ? (JsonObject)JsonNode.Parse(text)! : null;
            return (string?)state?["status"] == "running";
        }, "the step runs");
        ((string)state!["bundle"]!).Should().Be(Bundle.Path);
        ((string)state["rootfs"]!).Should().Be(Bundle.Rootfs);

        string process = Path.Combine(Work, "process.json");
        string pidFile = Path.Combine(Work, "exec.pid");
        File.WriteAllText(process, """{"args": ["sleep", "1000"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}""");
        Streams more = Streams.Pipes(caller);
        int exec = Start(caller, runc, more, "exec", "--process", process, "--pid-file", pidFile, Id);
        Eventually(() => File.Exists(pidFile), "the pid file appears");
        int pid = GoRunc.ReadPid(pidFile);
        File.ReadAllText($"/proc/{pid}/cmdline").Should().Be("sleep\01000\0", "what has a pid file runs already");
        caller.Kill(pid, 9);
        caller.ReadToEnd(more.Stdout);
        caller.Wait(exec).Should().Be(137);

        runc.Combined("kill", Id, "9").Should().Be((0, ""));
        caller.ReadToEnd(streams.Stdout);
        caller.Wait(step).Should().Be(137);
        runc.Combined("delete", Id).Should().Be((0, ""));
    }

    [RuntimeFact]
    public void Signals_to_the_runtime_are_the_steps()
    {
        Bundle.Shell("trap 'echo hup; exit 5' HUP; echo up; while :; do sleep 0.05; done").Save();
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, Log);
        Streams streams = Streams.Pipes(caller);
        int step = Start(caller, runc, streams, "run", "--bundle", Bundle.Path, "--keep", Id);
        caller.Read(streams.Stdout, 10, 5000).Should().Be("up\n");
        caller.Kill(step, 1);
        caller.ReadToEnd(streams.Stdout).Should().Be("hup\n");
        caller.Wait(step).Should().Be(5);
        runc.Combined("delete", Id).Should().Be((0, ""));
    }

    /// <summary>The pty's slave as standard descriptors, terminal true, no console socket; resize by signal.</summary>
    [RuntimeFact]
    public void A_terminal_of_the_hosts_is_proxied()
    {
        Bundle.Shell("trap 'stty size; exit 3' WINCH; stty size; while :; do sleep 0.05; done").Process["terminal"] = true;
        Bundle.Save();
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, Log);
        (int master, int slave) = caller.Pty(30, 90);
        int step = caller.Start(new Call(runc.Words("run", "--bundle", Bundle.Path, "--keep", Id))
        {
            Flags = "kg",
            Descriptors = { [0] = slave, [1] = slave, [2] = slave },
        });
        caller.ReadFor(master, 600).Should().Contain("30 90");
        caller.Resize(master, 41, 121);
        caller.Kill(step, 28);
        caller.Wait(step).Should().Be(3);
        caller.ReadFor(master, 200).Should().Contain("41 121");
        runc.Combined("delete", Id).Should().Be((0, ""));
    }

    [RuntimeFact]
    public void A_failure_of_the_runtime_is_text_on_stderr()
    {
        Bundle.Args("/nosuch").Save();
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, Log);
        Streams streams = Streams.Pipes(caller);
        int step = Start(caller, runc, streams, "run", "--bundle", Bundle.Path, "--keep", Id);
        caller.ReadToEnd(streams.Stderr).Should().Contain("no such file or directory");
        caller.Wait(step).Should().Be(1);
        runc.Combined("delete", Id).Text.Should().Contain("does not exist");
    }

    private static int Start(Caller caller, GoRunc runc, Streams streams, params string[] arguments)
    {
        int pid = caller.Start(new Call(runc.Words(arguments))
        {
            Flags = "kg",
            Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err },
        });
        caller.Close(streams.In, streams.Out, streams.Err);
        return pid;
    }
}
