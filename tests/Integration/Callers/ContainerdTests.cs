using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>containerd's shim through go-runc (callers.md §3, §4).</summary>
public sealed class ContainerdTests : RuntimeTest
{
    private string PidFile => Path.Combine(Bundle.Path, "init.pid");

    private string Log => Path.Combine(Bundle.Path, "log.json");

    [RuntimeFact]
    public void A_task_is_created_started_executed_in_killed_and_deleted()
    {
        Bundle.Shell("trap 'echo terminated; exit 9' TERM; echo up; while :; do sleep 0.05; done").Save();
        using Caller shim = new();
        shim.Subreaper();
        GoRunc runc = new(shim, Runtime.Root!, Log);
        Streams init = Streams.Pipes(shim);

        runc.With(init, "create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id).Should().Be(0);
        int pid = GoRunc.ReadPid(PidFile);
        UpdateTests.Cgroup(pid).Should().Contain(Id, "the shim loads the cgroup of that pid now");
        runc.Combined("start", Id).Should().Be((0, ""));
        Eventually(() => shim.Read(init.Stdout, 100, 10) == "up\n", "the program runs");

        string process = Path.Combine(Work, "runc-process1");
        File.WriteAllText(process, """{"args": ["sh", "-c", "read word; echo got $word; exit 3"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}""");
        string execPid = Path.Combine(Bundle.Path, "exec1.pid");
        Streams exec = Streams.Pipes(shim);
        runc.With(exec, "exec", "--process", process, "--detach", "--pid-file", execPid, Id).Should().Be(0);
        File.Delete(process);
        shim.Write(exec.Stdin, "hello\n");
        shim.ReadToEnd(exec.Stdout).Should().Be("got hello\n");
        shim.ReadToEnd(exec.Stderr).Should().BeEmpty();
        shim.Wait(GoRunc.ReadPid(execPid)).Should().Be(3, "it is the shim's to reap");

        runc.Combined("ps", "--format", "json", Id).Text.Should().StartWith("[").And.Contain(pid.ToString());
        runc.Combined("pause", Id).Should().Be((0, ""));
        runc.Combined("resume", Id).Should().Be((0, ""));
        runc.Combined("kill", Id, "15").Should().Be((0, ""));
        shim.Wait(pid).Should().Be(9);
        shim.ReadToEnd(init.Stdout).Should().Be("terminated\n");
        runc.Combined("delete", Id).Should().Be((0, ""));
        File.Exists(Log).Should().BeTrue("it is opened before anything can fail");
        File.ReadAllText(Log).Should().BeEmpty();
        shim.HasChildren.Should().BeFalse();
    }

    [RuntimeFact]
    public void A_terminal_arrives_while_the_outputs_only_carry_diagnostics()
    {
        Bundle.Shell("stty size; read word; echo got $word").Process["terminal"] = true;
        Bundle.Save();
        using Caller shim = new();
        shim.Subreaper();
        GoRunc runc = new(shim, Runtime.Root!, Log);
        string socket = Path.Combine(Directory.CreateDirectory(Path.Combine(Work, "pty1")).FullName, "pty.sock");
        int listener = shim.Listen(socket);

        runc.Combined("create", "--bundle", Bundle.Path, "--pid-file", PidFile, "--console-socket", socket, Id).Should().Be((0, ""));

        int connection = shim.Accept(listener);
        (int length, int count, int master) = shim.Receive(connection);
        length.Should().BeInRange(1, 4095);
        count.Should().Be(1);
        shim.Resize(master, 40, 120);
        runc.Combined("start", Id).Should().Be((0, ""));
        shim.Write(master, "hello\n");
        shim.Wait(GoRunc.ReadPid(PidFile)).Should().Be(0);
        shim.ReadFor(master, 500).Should().Contain("40 120").And.Contain("got hello");
        runc.Combined("delete", Id).Should().Be((0, ""));
    }

    [RuntimeFact]
    public void A_failed_create_says_why_in_the_log_and_leaves_nobody()
    {
        Bundle.Args("/no/such/program").Save();
        using Caller shim = new();
        shim.Subreaper();
        GoRunc runc = new(shim, Runtime.Root!, Log);

        (int exit, string text) = runc.Combined("create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id);

        exit.Should().Be(1);
        text.Should().Contain("no such file or directory");
        JsonObject record = (JsonObject)JsonNode.Parse(File.ReadAllText(Log))!;
        ((string)record["level"]!).Should().Be("error");
        text.Trim().Should().Contain((string)record["msg"]!);
        File.Exists(PidFile).Should().BeFalse();
        shim.HasChildren.Should().BeFalse();
        runc.Combined("delete", Id).Text.Should().Contain("does not exist");
    }

    [RuntimeFact]
    public void An_exec_that_fails_leaves_no_pid_file_and_no_child()
    {
        Bundle.Args("sleep", "1000").Save();
        using Caller shim = new();
        shim.Subreaper();
        GoRunc runc = new(shim, Runtime.Root!, Log);
        runc.With(Streams.Pipes(shim), "create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id).Should().Be(0);
        runc.Combined("start", Id).Should().Be((0, ""));
        string process = Path.Combine(Work, "runc-process2");
        File.WriteAllText(process, """{"args": ["nosuch"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}""");
        string execPid = Path.Combine(Bundle.Path, "exec1.pid");
        Streams exec = Streams.Pipes(shim);

        runc.With(exec, "exec", "--process", process, "--detach", "--pid-file", execPid, Id).Should().Be(255);

        shim.ReadToEnd(exec.Stderr).Should().Contain("executable file not found in $PATH");
        File.Exists(execPid).Should().BeFalse();
        Status().Should().Be("running");
        int pid = GoRunc.ReadPid(PidFile);
        runc.Combined("kill", Id, "9").Should().Be((0, ""));
        shim.Wait(pid).Should().Be(137);
        shim.HasChildren.Should().BeFalse();
    }

    /// <summary>A pod without a pid namespace of its own: the shim kills what its dead init has left.</summary>
    [RuntimeFact]
    public void Kill_all_after_the_end_of_init_kills_the_rest()
    {
        Bundle.NoNamespace("pid").Shell("sleep 1000 & echo $!; exit 0").Save();
        using Caller shim = new();
        shim.Subreaper();
        GoRunc runc = new(shim, Runtime.Root!, Log);
        Streams init = Streams.Pipes(shim);
        runc.With(init, "create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id).Should().Be(0);
        runc.Combined("start", Id).Should().Be((0, ""));
        shim.Wait(GoRunc.ReadPid(PidFile)).Should().Be(0);
        int left = int.Parse(shim.Read(init.Stdout, 20, 1000)!);

        runc.Combined("kill", Id, "15").Text.Should().Contain("container not running").And.Contain("no such process");
        runc.Combined("kill", "--all", Id, "9").Should().Be((0, ""));

        shim.Wait(left).Should().Be(137);
        shim.ReadToEnd(init.Stdout).Should().BeEmpty();
        runc.Combined("kill", "--all", Id, "9").Should().Be((0, ""), "there is nobody left");
        runc.Combined("delete", Id).Should().Be((0, ""));
        runc.Combined("delete", "--force", Id).Should().Be((0, ""), "the shim's clean-up may come late");
    }

    [RuntimeFact]
    public void An_update_comes_over_standard_input()
    {
        Bundle.Args("sleep", "1000").Save();
        using Caller shim = new();
        shim.Subreaper();
        GoRunc runc = new(shim, Runtime.Root!, Log);
        runc.With(Streams.Pipes(shim), "create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id).Should().Be(0);
        (int input, int write) = shim.Pipe();
        (int read, int output) = shim.Pipe();
        int update = shim.Start(new Call(runc.Words("update", "--resources=-", Id))
        {
            Flags = "k",
            Descriptors = { [0] = input, [1] = output, [2] = output },
        });
        shim.Close(input, output);
        shim.Write(write, """{"unknown": {}, "devices": [{"allow": false, "access": "rwm"}]}""");
        shim.Close(write);
        shim.ReadToEnd(read).Should().BeEmpty();
        shim.Wait(update).Should().Be(0);
        runc.Combined("delete", "--force", Id).Should().Be((0, ""));
    }
}
