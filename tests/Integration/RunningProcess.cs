using System;
using System.IO;
using System.Linq;

namespace OciRun.Tests.Integration;

/// <summary>What /proc says of a process of a container.</summary>
internal static class RunningProcess
{
    public static bool Alive(int pid) =>
        File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);

    public static int Children(int pid) =>
        File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;

    public static string CommandLine(int pid) => File.ReadAllText($"/proc/{pid}/cmdline").TrimEnd('\0').Replace('\0', ' ');

    /// <summary>Whether a terminal of a devpts is mounted below its root, as proc_pid_mountinfo(5) says; on /dev/console, or what that is called now.</summary>
    public static bool HasConsole(int pid) =>
        File.ReadLines($"/proc/{pid}/mountinfo").Any(line => char.IsAsciiDigit(line.Split(' ')[3].TrimStart('/').FirstOrDefault()) && line.Contains(" - devpts ", StringComparison.Ordinal));
}
