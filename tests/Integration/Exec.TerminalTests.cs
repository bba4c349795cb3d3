using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Text;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>exec with a terminal: coupled with the caller's, or handed over (features.md EX01, EX05, §1.23).</summary>
public sealed unsafe class ExecTerminalTests : RuntimeTest
{
    [RuntimeFact]
    public void The_process_has_a_terminal_of_the_containers()
    {
        Sleeping();

        string[] lines = Lines(Script("stty rows 33 cols 77; EXEC", "--tty", """
            for fd in 0 1 2; do [ -t $fd ] && readlink /proc/$$/fd/$fd; done
            tty; (echo tty > /dev/tty); stty size; (exec ls /proc/$$/fd > /fds); wc -l < /fds; cut -d' ' -f6,7 /proc/$$/stat | grep -c "^$$ 34816"
            """));

        lines.Should().Equal("/dev/pts/0", "/dev/pts/0", "/dev/pts/0", "/dev/pts/0", "tty", "33 77", "3", "1");
    }

    [RuntimeFact]
    public void The_callers_terminal_is_as_before_afterwards()
    {
        Sleeping();
        Script("stty -a > before; EXEC; stty -a > after", "-t", "stty raw -echo; exit 7");
        File.ReadAllText(Path.Combine(Work, "after")).Should().Be(File.ReadAllText(Path.Combine(Work, "before")));
    }

    [RuntimeFact]
    public void The_terminal_is_the_users()
    {
        Sleeping();
        Lines(Script("EXEC", "-t", "stat -c '%u %g %a' $(tty); (echo hi > /dev/tty)", "--user", "1000"))
            .Should().Equal("1000 5 620", "hi");
    }

    // The config's own terminal is not inherited (EX05).
    [RuntimeFact]
    public void Without_the_flag_there_is_none()
    {
        Sleeping();
        Lines(Script("EXEC", "--tty=false", "[ -t 0 ] && readlink /proc/$$/fd/0 | grep -c /dev/pts; (: > /dev/tty) 2>&1 | grep -c 'No such device'"))
            .Should().Contain("1");
    }

    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_master_is_handed_over_when_detached(bool mapped)
    {
        if (mapped)
            Bundle.MapUsers();
        Sleeping();
        string path = Path.Combine(Work, "console.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        string process = Path.Combine(Work, "process.json");
        File.WriteAllText(process, """
            {"terminal": true, "consoleSize": {"height": 24, "width": 80}, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 1000, "gid": 1000},
             "args": ["sh", "-c", "stty size; read word; echo got $word; stat -c %u $(tty)"]}
            """);

        Runtime.Run("exec", "--detach", "--console-socket", path, "--process", process, Id).Should().Be(Silent);

        using Socket connection = Connected(listener);
        Span<byte> payload = stackalloc byte[256];
        long length = Sys.recvmsg((int)connection.Handle, payload, out int master);
        using Fd owner = new(master);
        Encoding.UTF8.GetString(payload[..(int)length]).Should().NotBeEmpty();
        Sys.write(master, "hello\n"u8).Should().Be(6);
        StringBuilder text = new();
        byte[] block = new byte[4096];
        long read;
        while ((read = Sys.read(master, block)) > 0)
            text.Append(Encoding.UTF8.GetString(block, 0, (int)read));
        read.Should().Be(-Errno.EIO);
        Lines(text.ToString()).Should().BeEquivalentTo("24 80", "hello", "got hello", "1000");
    }

    [RuntimeFact]
    public void A_console_socket_that_nobody_listens_on_is_an_error_that_leaves_nothing()
    {
        Sleeping();

        Outcome outcome = Runtime.Run("exec", "--detach", "--tty", "--console-socket", Path.Combine(Work, "nobody"), Id, "sleep", "100");

        outcome.Exit.Should().Be(255);
        outcome.Err.Should().Contain("--console-socket").And.Contain("connect: ENOENT");
        Status().Should().Be("running");
        RunningProcess.Children(Pid()).Should().Be(0);
    }

    [RuntimeFact]
    public void The_pidfd_is_handed_over()
    {
        Sleeping();
        string path = Path.Combine(Work, "pidfd.sock");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        string file = Path.Combine(Work, "pid");

        Runtime.Run("exec", "--detach", "--pidfd-socket", path, "--pid-file", file, Id, "sleep", "100").Should().Be(Silent);

        using Socket connection = Connected(listener);
        Span<byte> payload = stackalloc byte[256];
        long length = Sys.recvmsg((int)connection.Handle, payload, out int pidfd);
        using Fd owner = new(pidfd);
        Encoding.UTF8.GetString(payload[..(int)length]).Should().Be("setns");
        File.ReadAllText($"/proc/self/fdinfo/{pidfd}").Should().Contain($"Pid:\t{File.ReadAllText(file)}\n");
    }

    private void Sleeping()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
    }

    private string Script(string command, string flag, string shell, params string[] more)
    {
        string script = Path.Combine(Work, "command");
        File.WriteAllText(script, $"exec '{Runtime.Binary}' --root '{Runtime.Root}' exec {flag} {string.Join(' ', more)} {Id} sh -c \"$(cat '{script}.sh')\"\n");
        File.WriteAllText(script + ".sh", shell);
        ProcessStartInfo start = new("/bin/sh")
        {
            UseShellExecute = false,
            WorkingDirectory = Work,
            RedirectStandardInput = true,
            ArgumentList = { "-c", "exec script -qec \"$1\" /dev/null > script.out", "sh", command.Replace("EXEC", $"sh '{script}'") },
        };
        start.Environment["SHELL"] = "/bin/sh";
        using Process process = Process.Start(start)!;
        process.WaitForExit(20000).Should().BeTrue(command);
        return File.ReadAllText(Path.Combine(Work, "script.out"));
    }

    private static string[] Lines(string text) => text.Replace("\r", "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
