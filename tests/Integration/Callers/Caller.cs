using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace OciRun.Tests.Integration.Callers;

/// <summary>
/// The program of caller.c: a process of its own that starts runtimes as engines do, with their subreaper, parent-death
/// signal, sessions and descriptors, none of which a .NET process can give its children.
/// </summary>
internal sealed class Caller : IDisposable
{
    private static readonly Lazy<string> Program = new(Compile);

    private readonly Process process;

    public Caller()
    {
        ProcessStartInfo start = new(Program.Value)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
        };
        start.Environment.Clear();
        process = Process.Start(start)!;
    }

    public int Pid => process.Id;

    /// <summary>How long a read or wait may take before it counts as a hang.</summary>
    public static int Limit => 20_000;

    /// <summary>Orphaned descendants become children of this process (prctl(2), PR_SET_CHILD_SUBREAPER).</summary>
    public void Subreaper() => Ok("subreaper");

    public (int Read, int Write) Pipe()
    {
        string[] ends = Ok("pipe");
        return (Number(ends[0]), Number(ends[1]));
    }

    /// <summary>Every write(2) to it is one read(2) from it, as far as it is not longer than a page.</summary>
    public (int Read, int Write) PacketPipe()
    {
        string[] ends = Ok("pipe", "packets");
        return (Number(ends[0]), Number(ends[1]));
    }

    public (int Master, int Slave) Pty(int rows = 24, int columns = 80)
    {
        string[] ends = Ok("pty", Text(rows), Text(columns));
        return (Number(ends[0]), Number(ends[1]));
    }

    /// <summary>All flags of a terminal, as text to compare.</summary>
    public string Terminal(int fd) => Ok("terminal", Text(fd))[0];

    public void Resize(int fd, int rows, int columns) => Ok("size", Text(fd), Text(rows), Text(columns));

    public int Open(string path, int flags = 0) => Number(Ok("open", path, Text(flags))[0]);

    public int Null() => Open("/dev/null", 2);

    public void Close(params int[] fds)
    {
        foreach (int fd in fds)
            Ok("close", Text(fd));
    }

    public void Chmod(int fd, int mode) => Ok("chmod", Text(fd), Text(mode));

    public int Listen(string path) => Number(Ok("listen", path)[0]);

    public int Accept(int fd) => Number(Ok("accept", Text(fd), Text(Limit))[0]);

    /// <summary>Whether nobody connected.</summary>
    public bool NobodyConnects(int fd) => Ask("accept", Text(fd), "0")[0] == "timeout";

    /// <summary>One message: length of its payload, number of its descriptors, the first of them.</summary>
    public (int Length, int Count, int Fd) Receive(int fd)
    {
        string[] message = Ok("receive", Text(fd));
        return (Number(message[0]), Number(message[1]), Number(message[2]));
    }

    public void Write(int fd, string text) => Ok("write", Text(fd), text);

    public void Kill(int pid, int signal) => Ok("kill", Text(pid), Text(signal));

    /// <summary>What one read(2) gives; null when nothing came in time.</summary>
    public string? Read(int fd, int size, int milliseconds)
    {
        string[] reply = Ask("read", Text(fd), Text(size), Text(milliseconds));
        return reply[0] == "timeout" ? null : reply[0] == "ok" ? Decode(reply[2]) : "";
    }

    /// <summary>Reads to the end.</summary>
    /// <exception cref="TimeoutException">Somebody holds the other end.</exception>
    public string ReadToEnd(int fd)
    {
        string[] reply = Ok("drain", Text(fd), Text(Limit));
        return reply[0] == "eof" ? Decode(reply[1]) : throw new TimeoutException($"no end of {fd}: {Decode(reply[1])}");
    }

    /// <summary>What comes within some time.</summary>
    public string ReadFor(int fd, int milliseconds) => Decode(Ok("drain", Text(fd), Text(milliseconds))[1]);

    /// <summary>Exit status of a child, or 128 plus the signal that killed it.</summary>
    public int Wait(int pid) => Number(Ok("wait", Text(pid), Text(Limit))[1]);

    /// <summary>The next child that ended, null when none did in time or there is none.</summary>
    public (int Pid, int Status)? WaitAny(int milliseconds)
    {
        string[] reply = Ask("wait", "-1", Text(milliseconds));
        return reply[0] == "ok" ? (Number(reply[1]), Number(reply[2])) : null;
    }

    /// <summary>Whether it has any child, dead or alive.</summary>
    public bool HasChildren => File.ReadAllText($"/proc/{Pid}/task/{Pid}/children").Trim().Length > 0;

    /// <summary>Starts a program; the result is its pid.</summary>
    public int Start(Call call)
    {
        List<string> request =
        [
            "spawn", call.Flags, call.Directory,
            string.Join(',', call.Descriptors.Select(pair => $"{pair.Key}:{pair.Value}")),
            Text(call.Environment.Length), .. call.Environment, .. call.Words,
        ];
        return Number(Ok([.. request])[0]);
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(5000))
            process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Decode(string hex) => Encoding.UTF8.GetString(Convert.FromHexString(hex));

    private string[] Ok(params string[] words)
    {
        string[] reply = Ask(words);
        if (reply[0] == "timeout")
            throw new TimeoutException(string.Join(' ', words));
        return reply[0] == "ok" ? reply[1..] : throw new IOException($"{string.Join(' ', words)}: {reply[0]}");
    }

    private string[] Ask(params string[] words)
    {
        process.StandardInput.Write(string.Join('\t', words.Select(Escape)) + "\n");
        process.StandardInput.Flush();
        string line = process.StandardOutput.ReadLine() ?? throw new IOException("the caller died");
        return line.Split('\t');
    }

    private static string Escape(string word) => word.Replace("\\", "\\\\").Replace("\t", "\\t").Replace("\n", "\\n");

    private static string Compile()
    {
        string program = Path.Combine(Path.GetTempPath(), $"ocirun-caller-{Environment.ProcessId}");
        string source = Path.Combine(Runtime.RepositoryRoot(), "tests", "Integration", "Callers", "caller.c");
        using Process cc = Process.Start("cc", new[] { "-D_GNU_SOURCE", "-Os", "-o", program, source });
        cc.WaitForExit();
        if (cc.ExitCode != 0)
            throw new InvalidOperationException("cc could not compile caller.c");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(program);
        return program;
    }
}

/// <summary>A program to start: nothing is inherited but what is named here.</summary>
internal sealed record Call(params string[] Words)
{
    /// <summary>k: killed with its parent, g: process group, s: session, t: controlling terminal on 0, u: umask 022.</summary>
    public string Flags { get; init; } = "";

    public string Directory { get; init; } = "/";

    public string[] Environment { get; init; } = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];

    /// <summary>By the number that the program sees, the caller's own.</summary>
    public SortedDictionary<int, int> Descriptors { get; init; } = [];
}
