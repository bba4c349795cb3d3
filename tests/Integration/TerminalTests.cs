using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary><c>process.terminal</c>: coupled with the caller's, or handed over (features.md §1.23, callers.md §16).</summary>
public sealed unsafe class TerminalTests : RuntimeTest
{
    [RuntimeFact]
    public void A_container_has_a_terminal_of_its_own()
    {
        Terminal("""
            for fd in 0 1 2; do [ -t $fd ] && readlink /proc/$$/fd/$fd; done
            tty
            stat -c '%F %a %u %g' /dev/pts/0
            stat -c '%F %t:%T' /dev/console
            (echo tty > /dev/tty)
            (echo console > /dev/console)
            stty size
            ls -1 /dev/pts
            cut -d' ' -f7 /proc/$$/stat
            """);
        Lines(Script("stty rows 33 cols 77; RUN").Out).Should().Equal(
            "/dev/pts/0", "/dev/pts/0", "/dev/pts/0",
            "/dev/pts/0",
            "character special file 620 0 5",
            "character special file 88:0",
            "tty",
            "console",
            "33 77",
            "0", "ptmx",
            (136 << 8).ToString());
    }

    /// <summary>As engines do for privileged containers.</summary>
    [RuntimeFact]
    public void A_dev_from_the_host_gets_the_console_in_this_container_alone()
    {
        string before = File.ReadAllText("/proc/self/mountinfo");
        Terminal("tty; stat -c '%t:%T' /dev/console");
        foreach (string place in new[] { "/dev/shm", "/dev/mqueue", "/dev/pts", "/dev" })
            Bundle.NoMount(place);
        Bundle.Mount("/dev", "", "/dev", "rbind").Mount("/dev/pts", "devpts", "devpts", "newinstance", "ptmxmode=0666");

        string[] lines = Lines(Script("RUN").Out);

        lines[..2].Should().Equal("/dev/pts/0", "88:0");
        File.ReadAllText("/proc/self/mountinfo").Should().Be(before);
    }

    [RuntimeFact]
    public void The_callers_terminal_is_as_before_when_the_run_ends()
    {
        Terminal("stty raw -echo; exit 7");
        Outcome outcome = Script("stty -a > before; RUN; code=$?; stty -a > after; exit $code");
        outcome.Exit.Should().Be(7, outcome.ToString());
        string before = File.ReadAllText(Path.Combine(Work, "before"));
        before.Should().Contain(" echo ").And.Contain(" icanon ");
        File.ReadAllText(Path.Combine(Work, "after")).Should().Be(before);
    }

    [RuntimeFact]
    public void The_callers_terminal_is_as_before_when_the_program_is_missing()
    {
        Terminal("");
        Bundle.Args("/absent");
        Script("stty -a > before; RUN; stty -a > after").Out.Should().Contain("stat /absent: no such file or directory");
        File.ReadAllText(Path.Combine(Work, "after")).Should().Be(File.ReadAllText(Path.Combine(Work, "before")));
    }

    [RuntimeFact]
    public void The_callers_terminal_is_raw_while_the_container_runs()
    {
        Terminal("while [ ! -e /go ]; do sleep 0.05; done");
        Script("T=$(tty); (sleep 0.5; stty -a < $T > during; touch bundle/rootfs/go) & RUN");
        File.ReadAllText(Path.Combine(Work, "during")).Should().Contain("-icanon").And.Contain("-echo ").And.Contain("-isig");
    }

    // A program that is done at once must find the terminal as it stays.
    [RuntimeFact]
    public void No_carriage_returns_are_added_to_what_goes_into_a_file()
    {
        Terminal("echo a; stty size");
        for (int i = 0; i < 10; i++)
        {
            Script("stty rows 31 cols 71; RUN > out");
            File.ReadAllText(Path.Combine(Work, "out")).Should().Be("a\n31 71\n");
        }
    }

    [RuntimeFact]
    public void Input_reaches_the_container()
    {
        Terminal("read word; echo got $word");
        Script("RUN", "hello\r").Out.Should().Contain("got hello");
    }

    [RuntimeFact]
    public void Control_c_is_the_containers_business()
    {
        Terminal("trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.05; done");
        Outcome outcome = Script("RUN", "\u0003", after: "ready");
        outcome.Out.Should().Contain("interrupted");
        outcome.Exit.Should().Be(5, outcome.ToString());
    }

    [RuntimeFact]
    public void A_new_size_is_passed_on()
    {
        Terminal("trap 'stty size; exit 0' WINCH; touch /ready; while :; do sleep 0.05; done");
        Outcome outcome = Script(
            "stty rows 33 cols 77; T=$(tty); (while [ ! -e bundle/rootfs/ready ]; do sleep 0.05; done; stty rows 40 cols 100 < $T) & RUN");
        outcome.Out.Should().Contain("40 100");
    }

    [RuntimeFact]
    public void Much_output_comes_out_whole()
    {
        Terminal("seq 1 20000");
        string[] lines = Lines(Script("RUN").Out);
        lines.Should().HaveCount(20000);
        lines[^1].Should().Be("20000");
    }

    [RuntimeTheory]
    [InlineData("create")]
    [InlineData("run")]
    public void The_console_socket_gets_the_master(string verb)
    {
        using Socket listener = Listen(out string path);
        Terminal("stty size; read word; echo got $word; stat -c '%u %g' /dev/pts/0; id -u");
        Bundle.Process["consoleSize"] = new JsonObject { ["height"] = 24, ["width"] = 80 };
        Bundle.Process["user"] = new JsonObject { ["uid"] = 1000, ["gid"] = 1000 };
        string[] options = verb == "run" ? ["--detach", "--console-socket", path] : ["--console-socket", path];
        Call(verb, options).Run().Should().Be(Silent);

        using Socket connection = Connected(listener);
        Span<byte> payload = stackalloc byte[256];
        long length = Sys.recvmsg((int)connection.Handle, payload, out int master);
        using Fd owner = new(master);
        master.Should().BeGreaterThanOrEqualTo(0);
        Encoding.UTF8.GetString(payload[..(int)length]).Should().NotBeEmpty();
        connection.Receive(new byte[1]).Should().Be(0, "there is one message");
        int number = -1;
        Sys.ioctl(master, Uapi.TIOCGPTN, &number).Should().Be(0, "it is a master");
        number.Should().Be(0, "it is the first of the container's own devpts");
        winsize size;
        Sys.ioctl(master, Uapi.TIOCGWINSZ, &size).Should().Be(0);
        (size.ws_row, size.ws_col).Should().Be((24, 80));

        if (verb == "create")
            Runtime.Run("start", Id).Should().Be(Silent);
        Sys.write(master, "hello\n"u8).Should().Be(6);
        StringBuilder text = new();
        byte[] block = new byte[4096];
        long read;
        while ((read = Sys.read(master, block)) > 0)
            text.Append(Encoding.UTF8.GetString(block, 0, (int)read));
        read.Should().Be(-Errno.EIO, "the last process with the terminal has ended");
        Lines(text.ToString()).Should().BeEquivalentTo("24 80", "hello", "got hello", "1000 5", "1000");
    }

    [RuntimeFact]
    public void A_console_socket_that_nobody_listens_on_is_an_error()
    {
        Terminal("true");
        string path = Path.Combine(Work, "nobody");
        Outcome outcome = Create("--console-socket", path);
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("--console-socket").And.Contain(path).And.Contain("connect: ENOENT");
    }

    [RuntimeTheory]
    [InlineData("create")]
    [InlineData("run --detach")]
    public void Detached_a_terminal_needs_a_console_socket(string verb)
    {
        Terminal("true");
        string[] words = verb.Split(' ');
        Outcome outcome = Call(words[0], words[1..]).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("console");
    }

    private void Terminal(string script)
    {
        Bundle.Shell(script);
        Bundle.Process["terminal"] = true;
    }

    private Socket Listen(out string path)
    {
        path = Path.Combine(Work, "console");
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        return listener;
    }

    // Runs a shell command on a terminal of its own, in which RUN stands for the run of the container; input is sent
    // when a text has come out, or at once.
    private Outcome Script(string command, string input = "", string? after = null)
    {
        Bundle.Save();
        string run = $"'{Runtime.Binary}' --root '{Runtime.Root}' run --bundle '{Bundle.Path}' {Id}";
        string output = Path.Combine(Work, "script.out");
        ProcessStartInfo start = new("/bin/sh")
        {
            UseShellExecute = false,
            WorkingDirectory = Work,
            RedirectStandardInput = true,
            ArgumentList = { "-c", "exec script -qec \"$1\" /dev/null > script.out", "sh", command.Replace("RUN", run) },
        };
        start.Environment["SHELL"] = "/bin/sh";
        using Process script = Process.Start(start)!;
        if (after is not null)
            Eventually(() => File.Exists(output) && File.ReadAllText(output).Contains(after), after);
        script.StandardInput.Write(input);
        script.StandardInput.Flush();
        if (!script.WaitForExit(20000))
        {
            script.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command} did not end:\n{File.ReadAllText(output)}");
        }

        return new Outcome(script.ExitCode, File.ReadAllText(output), "");
    }

    private static string[] Lines(string text) => text.Replace("\r", "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
