using System;
using System.Buffers.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>
/// Keeps the descendants of a program within reach: those that leave its session and lose their parent become children of
/// this process (PR_SET_CHILD_SUBREAPER, prctl(2)) instead of init's.
/// </summary>
internal readonly ref struct Descendants
{
    private const int TimeLimit = 10_000;

    // USER_HZ, the same on all machines that this program is built for.
    private const ulong TicksPerSecond = 100;

    private readonly bool _adopts;

    private Descendants(bool adopts) => _adopts = adopts;

    /// <summary>From here on orphans come to this process, until the value is disposed.</summary>
    public static Descendants Adopt()
    {
        bool already = Sys.IsChildSubreaper;
        if (!already)
            Sys.prctl(Uapi.PR_SET_CHILD_SUBREAPER, 1);
        return new Descendants(!already);
    }

    public void Dispose()
    {
        if (_adopts)
            Sys.prctl(Uapi.PR_SET_CHILD_SUBREAPER, 0);
    }

    /// <summary>The time as <see cref="ProcStat.StartTime"/> counts it.</summary>
    public static ulong Now()
    {
        Sys.clock_gettime(Uapi.CLOCK_BOOTTIME, out timespec time);
        return ((ulong)time.tv_sec * TicksPerSecond) + ((ulong)time.tv_nsec / (1_000_000_000 / TicksPerSecond));
    }

    /// <summary>
    /// Kills the children of this process that began after some time, but for one, and the children that these leave,
    /// until there are none: who has a living parent among them comes here when that parent has died. Older children
    /// are those of who executed this program, or what earlier hooks left on purpose.
    /// </summary>
    /// <param name="since">From <see cref="Now"/>.</param>
    /// <param name="kept">The container's process, or 0.</param>
    public static void Kill(ulong since, int kept)
    {
        long deadline = Environment.TickCount64 + TimeLimit;
        while (KillChildren(since, kept))
        {
            if (Environment.TickCount64 > deadline)
            {
                Log.Warning("a process that a hook has left does not end within 10 s of SIGKILL");
                return;
            }

            Sys.ppoll([], 1);
        }
    }

    // True when there was any.
    private static bool KillChildren(ulong since, int kept)
    {
        bool any = false;
        using Fd proc = new(Sys.openat(Uapi.AT_FDCWD, "/proc"u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        byte[] buffer = new byte[4096];
        int length;
        while (proc.Number >= 0 && (length = Sys.getdents64(proc.Number, buffer)) > 0)
        {
            foreach (ReadOnlySpan<byte> name in new DirectoryEntries(buffer.AsSpan(0, length)))
            {
                if (Utf8Parser.TryParse(name, out int pid, out int digits) && digits == name.Length && pid != kept)
                    any |= KillChild(pid, since);
            }
        }

        return any;
    }

    // The kernel says whether it is a child; the number of one cannot be another's before it has been waited for.
    private static bool KillChild(int pid, ulong since)
    {
        const int look = Uapi.WEXITED | Uapi.WNOHANG | Uapi.__WALL;
        if (Sys.waitid(Uapi.P_PID, pid, out _, look | Uapi.WNOWAIT) < 0)
            return false;
        if (ProcStat.TryRead(pid, out ProcStat stat) && stat.StartTime < since)
            return false;
        Sys.kill(pid, Uapi.SIGKILL);
        Sys.waitid(Uapi.P_PID, pid, out _, look);
        return true;
    }
}
