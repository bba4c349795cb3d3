using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

public sealed partial class TrapTests
{
    [RuntimeFact]
    public void TRAP12_the_console_is_the_containers_own_and_its_hand_over_takes_any_path()
    {
        // A path that no address holds, reached by the listener through a short one.
        string deep = Path.Combine(Work, new string('d', 120));
        Directory.CreateDirectory(deep);
        string brief = Path.Combine(Path.GetTempPath(), Id);
        Directory.CreateSymbolicLink(brief, deep);
        using Caller caller = new();
        caller.Subreaper();
        GoRunc runc = new(caller, Runtime.Root!, Path.Combine(Work, "log"));
        int listener = caller.Listen(brief + "/s");
        Directory.Delete(brief);
        Bundle.Shell("readlink /proc/self/fd/0; stat -f -c %T /dev/pts/0; stat -c %t:%T /dev/console; read x; echo end").Process["terminal"] = true;
        Bundle.Save();
        Streams streams = Streams.Pipes(caller);
        runc.With(streams, "create", "--bundle", Bundle.Path, "--console-socket", Path.Combine(deep, "s"), Id).Should().Be(0);
        caller.ReadToEnd(streams.Stderr).Should().BeEmpty();
        (int length, int count, int master) = caller.Receive(caller.Accept(listener));
        length.Should().BeInRange(1, 4095);
        count.Should().Be(1);
        runc.Combined("start", Id).Should().Be((0, ""));

        // ONLCR is the receiver's to clear.
        string text = "";
        Eventually(() => (text += caller.ReadFor(master, 50)).Contains("88:0"), "the program runs");
        text.Should().StartWith("/dev/pts/0\r\n").And.Contain("devpts\r\n");
        caller.Write(master, "\n");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);

        // In the foreground the runtime clears it: a terminal that adds carriage returns stands behind.
        Bundle.Shell("echo a").Save();
        (int outer, int slave) = caller.Pty();
        int nothing = caller.Null();
        (int read, int write) = caller.Pipe();
        int run = caller.Start(new Call(runc.Words("run", "--bundle", Bundle.Path, Id)) { Descriptors = { [0] = nothing, [1] = write, [2] = slave } });
        caller.Close(write);
        caller.ReadToEnd(read).Should().Be("a\n");
        caller.Wait(run).Should().Be(0);
        outer.Should().BePositive();

        // Detached and without a terminal, the caller's descriptors are the container's.
        Bundle.Process["terminal"] = false;
        Bundle.Shell("(exec stat -Lc %i /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 > /inodes); true").Save();
        Streams plain = Streams.Pipes(caller);
        string inodes = string.Concat(new[] { plain.In, plain.Out, plain.Err }.Select(fd => new FileInfo($"/proc/{caller.Pid}/fd/{fd}").LinkTarget!.Split('[', ']')[1] + "\n"));
        runc.With(plain, "run", "--detach", "--bundle", Bundle.Path, NewId()).Should().Be(0);
        Eventually(() => File.Exists(Bundle.InRootfs("/inodes")) && File.ReadAllLines(Bundle.InRootfs("/inodes")).Length == 3, "the program has looked");
        File.ReadAllText(Bundle.InRootfs("/inodes")).Should().Be(inodes, "they are the same pipes");
    }

    [RuntimeFact]
    public void TRAP13_pid_file_activation_and_readiness()
    {
        string file = Path.Combine(Work, "pid");
        string three = Path.Combine(Work, "file3");
        string four = Path.Combine(Work, "file4");
        File.WriteAllText(three, "three");
        File.WriteAllText(four, "four");
        Bundle.Shell("cat <&3; echo; cat <&4; echo; echo $LISTEN_FDS $LISTEN_PID");
        Runtime.Call mine = Call("run", "--preserve-fds", "1", "--pid-file", file).Before("export LISTEN_FDS=1 LISTEN_PID=$$;").Redirect($"3<'{three}' 4<'{four}'");
        mine.Run().Should().Be(new Outcome(0, "three\nfour\n1 1\n", ""));
        File.ReadAllText(file).Should().MatchRegex("^[0-9]+\\z");

        Bundle.Shell("cat <&3; echo; (: <&4) 2>/dev/null || echo closed; echo $LISTEN_FDS");
        Call("run", "--preserve-fds", "1").Env("LISTEN_FDS", "1").Env("LISTEN_PID", "1").Redirect($"3<'{three}' 4<'{four}'").Run()
            .Should().Be(new Outcome(0, "three\nclosed\n\n", ""), "another process was meant");

        // The pid file of `run` stands for a process that runs its program.
        File.Delete(file);
        Bundle.Args("sleep", "1000");
        Call("run", "--detach", "--pid-file", file).Run().Should().Be(Silent);
        RunningProcess.CommandLine(int.Parse(File.ReadAllText(file))).Should().Be("sleep 1000");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        File.Delete(file);
        Bundle.WithFile("/broken", "#!/nosuch\n", (UnixFileMode)0b111_101_101);
        foreach (string program in new[] { "/nosuch", "/broken" })
        {
            Bundle.Args(program);
            Call("run", "--detach", "--pid-file", file).Run().Exit.Should().Be(1);
            File.Exists(file).Should().BeFalse();
        }

        // READY= on any line of the datagram.
        using NotifyHost host = new(Path.Combine(Work, "notify"));
        Probe.Install(Bundle);
        Bundle.Args("/bin/probe", "notify", "STATUS=up\nREADY=1\nX=1", "1000");
        Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        host.Received.Should().Equal("READY=1\n", $"MAINPID={Pid()}\n", "BARRIER=1");
    }

    [RuntimeFact]
    public void TRAP14_hooks_statuses_pids_directories_environment_and_failures()
    {
        string hook = Path.Combine(Work, "hook");
        File.WriteAllText(hook, $"#!/bin/sh\nprintf '%s|%s|%s|%s\\n' \"$1\" \"$(cat | tr -d '\\n')\" \"$PWD\" \"$MARK\" >>'{Work}/calls'\n[ ! -e '{Work}/fail-'$1 ]\n");
        File.SetUnixFileMode(hook, (UnixFileMode)0b111_101_101);
        JsonObject hooks = [];
        foreach (string name in new[] { "prestart", "createRuntime", "poststart", "poststop" })
            hooks[name] = new JsonArray(new JsonObject { ["path"] = hook, ["args"] = new JsonArray("hook", name) });
        Bundle.Config["hooks"] = hooks;
        Bundle.Args("sleep", "1000").Save();
        string[][] Calls() => [.. File.ReadAllLines(Path.Combine(Work, "calls")).Select(line => line.Split('|'))];

        Call("create").Env("MARK", "of create").Run().Should().Be(Silent);
        int pid = Pid();
        Runtime.With("start", Id).Env("MARK", "of start").Cwd("/").Run().Should().Be(Silent);
        File.WriteAllText(Path.Combine(Work, "fail-poststop"), "");
        Runtime.With("delete", "--force", Id).Cwd("/").Run().Should().Be(Silent, "a failing poststop hook stops nothing");

        string[][] calls = Calls();
        calls.Select(call => call[0]).Should().Equal("prestart", "createRuntime", "poststart", "poststop");
        calls.Select(call => (string)JsonNode.Parse(call[1])!["status"]!).Should().Equal("creating", "creating", "running", "stopped");
        calls.Select(call => (int)JsonNode.Parse(call[1])!["pid"]!).Should().Equal(pid, pid, pid, 0);
        calls.Should().OnlyContain(call => call[2] == Bundle.Path, "the bundle, whoever calls from wherever");
        calls[..3].Select(call => call[3]).Should().Equal("of create", "of create", "of start");

        // A startContainer hook that fails is an error of start, and the container has stopped.
        Bundle.Config["hooks"] = new JsonObject { ["startContainer"] = new JsonArray(new JsonObject { ["path"] = "/bin/false" }) };
        Create().Should().Be(Silent);
        Outcome start = Runtime.Run("start", Id);
        start.Exit.Should().Be(1);
        start.Err.Should().Contain("startContainer");
        Eventually(() => Status() == "stopped", "its process has ended");
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    [RuntimeFact]
    public void TRAP15_nothing_of_the_language_runtime_reaches_the_program()
    {
        Probe.Install(Bundle);
        string shell = "ulimit -Sn; ulimit -Hn; /bin/probe signals; /bin/probe fds; env | grep -c DOTNET; true";
        Bundle.Args("/bin/sh", "-c", shell);
        const string expected = "512\n1024\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n";
        Call("run").Before("ulimit -Sn 512; ulimit -Hn 1024; trap '' PIPE HUP USR1;").Run().Should().Be(new Outcome(0, expected, ""));

        // A user and a mount namespace are joined, which takes a process of one thread.
        Bundle.MapUsers().Args("sleep", "1000");
        CreateAndStart();
        Runtime.With("exec", Id, "/bin/sh", "-c", shell).Before("ulimit -Sn 512; ulimit -Hn 1024; trap '' PIPE HUP USR1;").Run()
            .Should().Be(new Outcome(0, expected, ""));
        int pid = Pid();
        Directory.GetDirectories($"/proc/{pid}/task").Should().ContainSingle();
    }
}
