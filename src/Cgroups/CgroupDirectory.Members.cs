using System;
using System.Diagnostics;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    // Seconds.
    private const long FallbackLimit = 10;

    /// <summary>
    /// Kills every process of the cgroup and its descendants: cgroup.kill (Linux 5.14), else freeze, kill each, thaw.
    /// False when the cgroup is gone, the path has links or is no cgroup2 directory, the kernel does not let this process
    /// do it, or processes are left.
    /// </summary>
    public static bool Kill(string path)
    {
        using Fd directory = OpenTree(path, Uapi.O_RDONLY);
        if (directory.Number < 0)
            return false;
        int result = Sys.WriteFile(directory.Number, "cgroup.kill"u8, "1"u8);
        return result is -Errno.ENOENT or -Errno.ENOSYS or -Errno.EOPNOTSUPP ? KillEach(directory.Number) : result == 0;
    }

    /// <summary>Whether any process is in the cgroup or below it; false when it is gone.</summary>
    public static bool IsPopulated(string path)
    {
        using Fd directory = OpenTree(path, Uapi.O_RDONLY);
        return directory.Number >= 0 && IsPopulated(directory.Number);
    }

    /// <summary>
    /// The way without cgroup.kill. A frozen process forks no more; one that escapes a round is met by the next. Bounded
    /// by ten seconds. True when nothing is left; false at once for the root cgroup, which has no cgroup.events.
    /// </summary>
    internal static bool KillEach(int directory)
    {
        long deadline = Stopwatch.GetTimestamp() + (FallbackLimit * Stopwatch.Frequency);
        if (Sys.ReadFile(directory, "cgroup.events"u8, 4096, out _) is null)
            return false;
        bool left = IsPopulated(directory);
        while (left && Left(deadline) > 0)
        {
            Sys.WriteFile(directory, "cgroup.freeze"u8, "1"u8);
            CgroupMembers.Signal(directory, Uapi.SIGKILL, except: 0);
            Sys.WriteFile(directory, "cgroup.freeze"u8, "0"u8);
            left = !WaitEmpty(directory, Math.Min(deadline, Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 100)));
        }

        return !left;
    }

    /// <summary>
    /// A readable descriptor of the container's cgroup, beneath which all its files are opened; a negative number is the
    /// errno. Only inside a cgroup2 file system and not through a link, whatever a damaged state file names.
    /// </summary>
    public static Fd OpenDirectory(string path) => OpenTree(path, Uapi.O_RDONLY);

    private static Fd OpenTree(string path, int access)
    {
        const ulong resolve = Uapi.RESOLVE_NO_SYMLINKS | Uapi.RESOLVE_NO_MAGICLINKS;
        byte[] name = Sys.Bytes(path);
        int fd = Sys.openat2(Uapi.AT_FDCWD, name, access | Uapi.O_DIRECTORY, resolve);
        if (fd is -Errno.ENOSYS or -Errno.EPERM)
            fd = Sys.openat(Uapi.AT_FDCWD, name, access | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
        if (fd >= 0 && (Sys.fstatfs(fd, out statfs fs) < 0 || fs.f_type != Uapi.CGROUP2_SUPER_MAGIC))
        {
            Sys.close(fd);
            fd = -Errno.EINVAL;
        }

        return new Fd(fd);
    }

    /// <summary>The same of an open one.</summary>
    public static bool IsPopulated(int directory)
    {
        byte[]? events = Sys.ReadFile(directory, "cgroup.events"u8, 4096, out _);
        return events is not null && events.AsSpan().IndexOf("populated 1"u8) >= 0;
    }

    // True when no process is in the tree or the cgroup is gone (ENODEV), false when the time is over.
    private static bool WaitEmpty(int directory, long deadline) =>
        WaitForEvent(directory, "populated 0"u8, deadline) is 0 or -Errno.ENODEV or -Errno.ENOENT;

    // Waits for a line of cgroup.events; poll(2) wakes when that file changes (cgroups(7), "populated"). -ETIMEDOUT when
    // the time is over, another negative errno when the file cannot be read.
    private static int WaitForEvent(int directory, ReadOnlySpan<byte> line, long deadline)
    {
        using Fd events = new(Sys.openat(directory, "cgroup.events"u8, Uapi.O_RDONLY));
        if (events.Number < 0)
            return events.Number;
        Span<byte> text = stackalloc byte[256];
        Span<pollfd> wait = [new pollfd { fd = events.Number, events = Uapi.POLLPRI }];
        while (true)
        {
            Sys.lseek(events.Number, 0, Uapi.SEEK_SET);
            int n = (int)Sys.read(events.Number, text);
            if (n < 0)
                return n;
            if (n == 0)
                return -Errno.ENODEV;
            if (text[..n].IndexOf(line) >= 0)
                return 0;
            long left = Left(deadline);
            if (left <= 0)
                return -Errno.ETIMEDOUT;
            Sys.ppoll(wait, Math.Min(left, 1000));
        }
    }

    // Milliseconds, rounded up so that a wait does not end just before its time.
    private static long Left(long deadline)
    {
        long ticks = deadline - Stopwatch.GetTimestamp();
        return ticks <= 0 ? 0 : ((ticks * 1000) + Stopwatch.Frequency - 1) / Stopwatch.Frequency;
    }
}
