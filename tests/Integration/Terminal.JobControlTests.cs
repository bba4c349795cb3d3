using System;
using System.IO;
using System.Linq;
using System.Threading;
using FluentAssertions;
using OciRun.Tests.Integration.Callers;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>The caller's terminal under a shell with job control, and at every end of a run (features.md T05, security.md R-095).</summary>
public sealed class TerminalJobControlTests : RuntimeTest
{
    private const int Sighup = 1;
    private const int Sigterm = 15;
    private const int Sigtstp = 20;

    private readonly System.Text.StringBuilder seen = new();

    /// <summary>bash keeps a terminal's settings itself, dash leaves them to the programs.</summary>
    [RuntimeTheory]
    [InlineData("bash", "--norc", "--noediting", "-i")]
    [InlineData("dash", "-i")]
    public void In_the_background_it_stops_and_in_the_foreground_it_is_raw(params string[] words)
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        Bundle.Shell("echo begun; read word; echo got $word; exit 5").Process["terminal"] = true;
        int shell = Shell(caller, slave, words);
        Await(caller, master, "$ ");
        string before = caller.Terminal(slave);

        caller.Write(master, $"{Command()} &\n");
        Eventually(() => State(Runtimes(shell)) == 'T', "it touched the terminal");
        Thread.Sleep(100);
        caller.Terminal(slave).Should().Be(before, "the shell's settings are not touched from the background");

        // What is set meanwhile is what comes back in the end.
        caller.Write(master, "stty -echoctl && echo al''tered\n");
        Await(caller, master, "altered");
        string altered = caller.Terminal(slave);
        altered.Should().NotBe(before);
        caller.Write(master, "fg\n");
        Await(caller, master, "begun");
        Eventually(() => caller.Terminal(slave) != altered, "it is raw");
        caller.Write(master, "hello\r");
        Await(caller, master, "got hello");
        caller.Write(master, "echo status $?\n");
        Await(caller, master, "status 5");
        caller.Terminal(slave).Should().Be(altered);
        caller.Write(master, "exit\n");
        caller.Wait(shell).Should().Be(0);
    }

    [RuntimeFact]
    public void Stopped_it_gives_the_terminal_back_and_continued_it_takes_it_again()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        Bundle.Shell("echo begun; while read word; do echo got $word; done").Process["terminal"] = true;
        int shell = Shell(caller, slave);
        Await(caller, master, "$ ");
        caller.Write(master, $"{Command()}\n");
        Await(caller, master, "begun");
        int runtime = Runtimes(shell);
        Eventually(() => caller.Terminal(slave) is { } t && t != Cooked(caller), "it is raw");
        string raw = caller.Terminal(slave);

        caller.Kill(runtime, Sigtstp);
        Await(caller, master, "Stopped");
        State(runtime).Should().Be('T');
        caller.Write(master, "echo the $((40+2)) shell\n");
        Await(caller, master, "the 42 shell");

        // In the background it stops again.
        caller.Write(master, "bg\n");
        Thread.Sleep(300);
        State(runtime).Should().Be('T');
        caller.Write(master, "fg\n");
        Eventually(() => State(runtime) == 'S' && caller.Terminal(slave) == raw, "it is raw again");
        caller.Write(master, "hello\r");
        Await(caller, master, "got hello");
        caller.Write(master, "\u0004");
        Await(caller, master, "$ ");
        caller.Write(master, "exit\n");
        caller.Wait(shell);
    }

    /// <summary>Without a shell that puts its own settings back.</summary>
    [RuntimeFact]
    public void The_settings_come_back_for_as_long_as_it_is_stopped()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        string before = caller.Terminal(slave);
        Bundle.Shell("echo begun; while read word; do echo got $word; done").Process["terminal"] = true;
        int run = Start(caller, slave, slave);
        Await(caller, master, "begun");
        string raw = caller.Terminal(slave);
        raw.Should().NotBe(before);
        caller.Kill(run, Sigtstp);
        Eventually(() => State(run) == 'T', "it is stopped");
        caller.Terminal(slave).Should().Be(before);
        caller.Kill(run, 18);
        Eventually(() => caller.Terminal(slave) == raw, "it is raw again");
        caller.Write(master, "hello\r");
        Await(caller, master, "got hello");
        caller.Write(master, "\u0004");
        caller.Wait(run).Should().Be(0);
        caller.Terminal(slave).Should().Be(before);
    }

    [RuntimeFact]
    public void The_key_that_stops_means_the_runtime_when_the_container_has_no_terminal()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        Bundle.Shell("echo begun; while :; do sleep 0.1; done");
        int shell = Shell(caller, slave);
        Await(caller, master, "$ ");
        caller.Write(master, $"{Command()}\n");
        Await(caller, master, "begun");
        caller.Write(master, "\u001a");
        Await(caller, master, "Stopped");
        caller.Write(master, "fg\n");
        Eventually(() => State(Runtimes(shell)) == 'S', "it goes on");
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        caller.Write(master, "echo status $?\n");
        Await(caller, master, "status 137");
        caller.Write(master, "exit\n");
        caller.Wait(shell);
    }

    /// <summary>SIGTERM and SIGHUP reach the container; a killed container ends the run.</summary>
    [RuntimeTheory]
    [InlineData("term")]
    [InlineData("hup")]
    [InlineData("kill")]
    [InlineData("delete")]
    public void Whatever_ends_it_the_settings_come_back(string end)
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        string before = caller.Terminal(slave);
        Bundle.Shell("trap 'exit 4' TERM HUP; echo begun; while :; do sleep 0.05; done").Process["terminal"] = true;
        int run = Start(caller, slave, slave);
        Await(caller, master, "begun");
        caller.Terminal(slave).Should().NotBe(before);
        if (end is "term" or "hup")
            caller.Kill(run, end == "term" ? Sigterm : Sighup);
        else
            Runtime.Run(end == "kill" ? ["kill", Id, "KILL"] : ["delete", "--force", Id]).Should().Be(Silent);
        caller.Wait(run).Should().Be(end is "term" or "hup" ? 4 : 137);
        caller.Terminal(slave).Should().Be(before);
    }

    /// <summary>The terminal's other side is closed: its window is gone.</summary>
    [RuntimeFact]
    public void A_hang_up_is_the_end_of_the_input()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        Bundle.Shell("echo begun; while read word; do :; done; exit 6").Process["terminal"] = true;
        int run = Start(caller, slave, slave);
        Await(caller, master, "begun");
        caller.Close(slave, master);
        caller.Wait(run).Should().BeOneOf(6, 129);
    }

    [RuntimeFact]
    public void The_end_of_the_input_counts_in_the_middle_of_a_line()
    {
        using Caller caller = new();
        (int read, int write) = caller.Pipe();
        (int stdout, int output) = caller.Pipe();
        Bundle.Shell("cat > /file").Process["terminal"] = true;
        int run = Start(caller, read, output);
        caller.Close(output);
        caller.Write(write, "first\nabc");
        caller.Close(write);
        caller.ReadToEnd(stdout);
        caller.Wait(run).Should().Be(0);
        File.ReadAllText(Bundle.InRootfs("/file")).Should().Be("first\nabc");
    }

    [RuntimeFact]
    public void A_large_paste_arrives_whole()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        Bundle.Shell("stty -echo; echo begun; head -n 3000 > /file; echo done").Process["terminal"] = true;
        int run = Start(caller, slave, slave);
        Await(caller, master, "begun");
        string text = string.Concat(Enumerable.Range(1, 3000).Select(n => $"{n:d6} {new string((char)('a' + (n % 26)), 90)}\n"));
        caller.Write(master, text);
        Await(caller, master, "done");
        caller.Wait(run).Should().Be(0);
        File.ReadAllText(Bundle.InRootfs("/file")).Should().Be(text);
    }

    [RuntimeFact]
    public void While_nobody_reads_it_waits_idle_and_can_be_ended()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        Bundle.Shell("seq 1 100000; sleep 1000").Process["terminal"] = true;
        int run = Start(caller, slave, slave);
        Thread.Sleep(1500);
        State(run).Should().Be('S');
        string[] stat = File.ReadAllText($"/proc/{run}/stat").Split(") ")[1].Split(' ');
        (int.Parse(stat[11]) + int.Parse(stat[12])).Should().BeLessThan(15, "of 150 ticks");
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Thread.Sleep(200);
        caller.Kill(run, Sigterm);
        caller.Wait(run).Should().Be(137);
        caller.ReadFor(master, 100).Should().StartWith("1\r\n2\r\n");
    }

    [RuntimeFact]
    public void Late_readers_get_the_last_words()
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        // More than the caller's terminal holds, and less than it and the container's together.
        Bundle.Shell("seq 1 5000; echo end").Process["terminal"] = true;
        int run = Start(caller, slave, slave);
        Eventually(() => Runtime.Run("state", Id) is { Exit: 0 } && Status() == "stopped", "the program has ended");
        string text = "";
        for (int i = 0; i < 100 && !text.EndsWith("end\r\n"); i++)
            text += caller.ReadFor(master, 100);
        caller.Wait(run).Should().Be(0);
        text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(5001).And.EndWith("end");
    }

    /// <summary>
    /// What an exec leaves in the background may write for ever to the terminal: only so much of it is passed on. A moment
    /// in which the writers are late is an end too, so it is tried some times.
    /// </summary>
    [RuntimeFact]
    public void An_exec_ends_with_its_program()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        using Caller caller = new();
        string ended = Bundle.InRootfs("/ended");
        for (int i = 0; i < 4; i++)
        {
            (int master, int slave) = caller.Pty();
            File.Delete(ended);
            int exec = caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, "exec", "-t", Id, "sh", "-c",
                "trap '' HUP; yes & yes & yes & sleep 0.1; : > /ended; exit 8"])
            {
                Flags = "st",
                Descriptors = { [0] = slave, [1] = slave, [2] = slave },
            });

            // Slowly, so that there is mostly more to read.
            int rest = 0;
            while (State(exec) != 'Z' && rest < 1 << 20)
            {
                bool counts = File.Exists(ended);
                int read = caller.Read(master, 4096, 50)?.Length ?? 0;
                rest += counts ? read : 0;
                Thread.Sleep(5);
            }

            rest.Should().BeLessThan(1 << 19, "what was in the terminals, and a bounded rest");
            caller.Wait(exec).Should().Be(8);
            caller.Close(master, slave);
        }
    }

    /// <summary>CVE-2016-10124, CVE-2017-5226: characters pushed into the caller's terminal are its shell's next command.</summary>
    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("exec")]
    public void The_callers_terminal_is_not_the_containers(string verb)
    {
        using Caller caller = new();
        (int master, int slave) = caller.Pty();
        const string script = "(: < /dev/tty) 2>&1 | grep -o 'No such device or address'; cut -d' ' -f7 /proc/self/stat; /bin/probe sti";
        Probe.Install(Bundle);
        if (verb == "exec")
        {
            Bundle.Args("sleep", "1000");
            CreateAndStart();
        }
        else
        {
            Bundle.Shell(script).Save();
        }

        string[] words = verb == "exec" ? ["exec", Id, "sh", "-c", script] : ["run", "--bundle", Bundle.Path, Id];
        int pid = caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, .. words])
        {
            Flags = "st",
            Descriptors = { [0] = slave, [1] = slave, [2] = slave },
        });
        caller.Wait(pid).Should().Be(0);
        caller.ReadFor(master, 200).Should().Be("No such device or address\r\n0\r\nEPERM\r\n");
    }

    /// <summary>A receiver with a full queue that accepts nobody.</summary>
    [RuntimeFact]
    public void A_console_socket_that_nobody_serves_is_given_up()
    {
        using Caller caller = new();
        string path = Path.Combine(Work, "console");
        caller.Listen(path);
        using System.Net.Sockets.Socket first = Connect(path);
        using System.Net.Sockets.Socket second = Connect(path);
        Bundle.Args("true").Process["terminal"] = true;
        Outcome outcome = Create("--console-socket", path);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("--console-socket");
    }

    private static System.Net.Sockets.Socket Connect(string path)
    {
        System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        return socket;
    }

    private string Command()
    {
        Bundle.Save();
        return $"'{Runtime.Binary}' --root '{Runtime.Root}' run --bundle '{Bundle.Path}' {Id}";
    }

    private int Start(Caller caller, int input, int output)
    {
        Bundle.Save();
        return caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, "run", "--bundle", Bundle.Path, Id])
        {
            Flags = "st",
            Descriptors = { [0] = input, [1] = output, [2] = output },
        });
    }

    private static int Shell(Caller caller, int slave) => Shell(caller, slave, "bash", "--norc", "--noediting", "-i");

    private static int Shell(Caller caller, int slave, params string[] words) => caller.Start(new Call(["/bin/" + words[0], .. words[1..]])
    {
        Flags = "st",
        Environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PS1=$ ", "TERM=dumb"],
        Descriptors = { [0] = slave, [1] = slave, [2] = slave },
    });

    private void Await(Caller caller, int master, string text)
    {
        seen.Clear();
        for (int i = 0; i < 250 && !seen.ToString().Contains(text); i++)
            seen.Append(caller.ReadFor(master, 20));
        seen.ToString().Should().Contain(text);
    }

    private static string Cooked(Caller caller)
    {
        (int master, int slave) = caller.Pty();
        string settings = caller.Terminal(slave);
        caller.Close(master, slave);
        return settings;
    }

    private static int Runtimes(int shell)
    {
        string[] children = [];
        Eventually(() => (children = File.ReadAllText($"/proc/{shell}/task/{shell}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Length == 1, "it is started");
        return int.Parse(children[0]);
    }

    private static char State(int pid) => File.Exists($"/proc/{pid}/stat") ? File.ReadAllText($"/proc/{pid}/stat").Split(") ")[1][0] : 'X';
}
