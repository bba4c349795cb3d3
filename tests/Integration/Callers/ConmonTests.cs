using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>conmon, as Podman and CRI-O use it (callers.md §8 to §11).</summary>
public sealed class ConmonTests : RuntimeTest
{
    private string PidFile => Path.Combine(Work, "pidfile");

    private string Root => "--root=" + Runtime.Root;

    [RuntimeFact]
    public void A_container_is_created_by_one_started_by_another_and_reaped_by_the_first()
    {
        Bundle.Shell("umask; echo more > /proc/self/fd/1; env | grep -c OCI; echo wrong >&2; exit 6").Save();
        using Caller caller = new();
        Conmon conmon = new(caller, Root);
        Streams streams = Streams.Pipes(caller);
        conmon.Call(streams, "create", "--bundle", Bundle.Path, "--pid-file", PidFile, "--no-new-keyring", Id).Should().Be(0);
        int pid = Conmon.ReadPid(PidFile);
        pid.Should().BePositive();
        Runtime.With("start", Id).NoEnv().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);

        caller.Wait(pid).Should().Be(6);

        caller.ReadToEnd(streams.Stdout).Should().Be("0022\nmore\n0\n");
        caller.ReadToEnd(streams.Stderr).Should().Be("wrong\n");
        caller.WaitAny(0).Should().BeNull("a stray child would keep conmon waiting");
        caller.HasChildren.Should().BeFalse();
    }

    [RuntimeFact]
    public void The_reason_of_a_failure_is_in_one_read()
    {
        Bundle.Shell("true").Mount("/data", "bind", "/no/such/source" + new string('x', 3000), "bind").Save();
        using Caller caller = new();
        Conmon conmon = new(caller, Root);
        Streams streams = Streams.Pipes(caller);

        conmon.Call(streams, "create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id).Should().Be(1);

        string reason = conmon.Reason(streams);
        reason.Should().Contain("no such file or directory").And.EndWith("\n");
        reason.TrimEnd('\n').Should().NotContain("\n");
        caller.ReadToEnd(streams.Stderr).Should().BeEmpty();
        caller.HasChildren.Should().BeFalse();
        File.Exists(PidFile).Should().BeFalse();
    }

    [RuntimeFact]
    public void The_console_is_served_while_the_runtime_runs()
    {
        Bundle.Shell("stty size; read word; echo got $word; exit 4").Process["terminal"] = true;
        Bundle.Save();
        using Caller caller = new();
        Conmon conmon = new(caller, Root);
        string socket = Path.Combine(Work, "conmon-term.X");
        int listener = caller.Listen(socket);
        int nothing = caller.Null();
        (int stderr, int error) = caller.Pipe();

        int runtime = conmon.Start(nothing, nothing, error, "create", "--bundle", Bundle.Path, "--pid-file", PidFile, "--console-socket", socket, Id);
        caller.Close(error);
        (int length, int count, int master) = caller.Receive(caller.Accept(listener));
        (length > 0, count).Should().Be((true, 1));
        File.Delete(socket);
        caller.Wait(runtime).Should().Be(0);
        caller.ReadToEnd(stderr).Should().BeEmpty("whoever keeps it would block conmon");

        caller.Resize(master, 50, 132);
        Runtime.Run("start", Id).Should().Be(Silent);
        caller.Write(master, "hello\n");
        caller.Wait(Conmon.ReadPid(PidFile)).Should().Be(4);
        caller.ReadFor(master, 300).Should().Contain("50 132").And.Contain("got hello");
    }

    /// <summary>conmon ignores the status of exec; CRI-O makes the file before.</summary>
    [RuntimeTheory]
    [Xunit.InlineData(true)]
    [Xunit.InlineData(false)]
    public void The_pid_file_of_an_exec_tells_whether_it_runs(bool made)
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        using Caller caller = new();
        Conmon conmon = new(caller, Root);
        if (made)
            File.WriteAllText(PidFile, "");
        string spec = Path.Combine(Work, "process.json");

        // What fails as late as anything can: at execve.
        Bundle.WithFile("/broken", "#!/nosuch\n", (UnixFileMode)0b111_101_101);
        File.WriteAllText(spec, """{"args": ["/broken"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}""");
        conmon.Call(Streams.Pipes(caller), "exec", "--pid-file", PidFile, "--process", spec, "--detach", Id);
        Conmon.ReadPid(PidFile).Should().Be(made ? 0 : -1);
        caller.HasChildren.Should().BeFalse();

        File.WriteAllText(spec, """{"args": ["sleep", "1000"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}""");
        conmon.Call(Streams.Pipes(caller), "exec", "--pid-file", PidFile, "--process", spec, "--detach", Id).Should().Be(0);
        int pid = Conmon.ReadPid(PidFile);
        pid.Should().BePositive();
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        stat.Split(' ')[4].Should().Be(pid.ToString(), "a time limit kills its process group");
        caller.Kill(-pid, 9);
        caller.Wait(pid).Should().Be(137);
    }

    [RuntimeFact]
    public void A_process_that_ends_at_once_is_reaped_by_the_caller()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        using Caller caller = new();
        Conmon conmon = new(caller, Root);
        string spec = Path.Combine(Work, "process.json");
        File.WriteAllText(spec, """{"args": ["sh", "-c", "exit 17"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}""");
        for (int i = 0; i < 10; i++)
        {
            conmon.Call(Streams.Pipes(caller), "exec", "--pid-file", PidFile, "--process", spec, "--detach", Id).Should().Be(0);
            caller.Wait(Conmon.ReadPid(PidFile)).Should().Be(17);
        }
    }

    /// <summary>conmon-rs: no process file, its two flags twice, options after the id are the command's.</summary>
    [RuntimeFact]
    public void The_flags_of_conmon_rs_parse()
    {
        Bundle.Args("sleep", "1000").Save();
        using Caller caller = new();
        Conmon conmon = new(caller, Root, Root);
        conmon.Call(Streams.Pipes(caller), "create", "--bundle", Bundle.Path, "--pid-file", PidFile, Id).Should().Be(0);
        Runtime.Run("start", Id).Should().Be(Silent);
        Streams streams = Streams.Pipes(caller);
        conmon.Call(streams, "exec", "-d", "--pid-file=" + PidFile, Id, "echo", "-d", "--tty").Should().Be(0);
        caller.Wait(Conmon.ReadPid(PidFile)).Should().Be(0);
        caller.ReadToEnd(streams.Stdout).Should().Be("-d --tty\n");
    }
}
