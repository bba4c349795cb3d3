using System;
using System.Diagnostics;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    // Seconds.
    private const long FallbackLimit = 10;

    // Levels that the way without cgroup.kill looks into; each needs two descriptors.
    private const int DeepestTree = 200;

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
            SignalTree(directory, DeepestTree);
            Sys.WriteFile(directory, "cgroup.freeze"u8, "0"u8);
            left = !WaitEmpty(directory, Math.Min(deadline, Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 100)));
        }

        return !left;
    }

    // Only inside a cgroup2 file system and not through a link, whatever a damaged state file names.
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

    private static bool IsPopulated(int directory)
    {
        byte[]? events = Sys.ReadFile(directory, "cgroup.events"u8, 4096, out _);
        return events is not null && events.AsSpan().IndexOf("populated 1"u8) >= 0;
    }

    // poll(2) wakes when cgroup.events changes (cgroups(7), "populated"). True when no process is in the tree or the
    // cgroup is gone (ENODEV), false when the time is over.
    private static bool WaitEmpty(int directory, long deadline)
    {
        using Fd events = new(Sys.openat(directory, "cgroup.events"u8, Uapi.O_RDONLY));
        Span<byte> text = stackalloc byte[256];
        Span<pollfd> wait = [new pollfd { fd = events.Number, events = Uapi.POLLPRI }];
        while (events.Number >= 0)
        {
            Sys.lseek(events.Number, 0, Uapi.SEEK_SET);
            int n = (int)Sys.read(events.Number, text);
            if (n <= 0 || text[..n].IndexOf("populated 0"u8) >= 0)
                return true;
            long left = Left(deadline);
            if (left <= 0)
                return false;
            Sys.ppoll(wait, Math.Min(left, 1000));
        }

        return true;
    }

    // Milliseconds, rounded up so that a wait does not end just before its time.
    private static long Left(long deadline)
    {
        long ticks = deadline - Stopwatch.GetTimestamp();
        return ticks <= 0 ? 0 : ((ticks * 1000) + Stopwatch.Frequency - 1) / Stopwatch.Frequency;
    }

    // A threaded cgroup lists threads only; a signal to a thread reaches its process.
    private static void SignalTree(int directory, int depth)
    {
        byte[]? list = Sys.ReadFile(directory, "cgroup.procs"u8, 4 << 20, out int errno);
        if (errno == Errno.EOPNOTSUPP)
            list = Sys.ReadFile(directory, "cgroup.threads"u8, 4 << 20, out _);
        int pid = 0;
        foreach (byte c in list ?? [])
        {
            if (c is >= (byte)'0' and <= (byte)'9')
            {
                pid = (pid * 10) + (c - '0');
                continue;
            }

            // 0 stands for a process of another pid namespace.
            if (pid > 0)
                Sys.kill(pid, Uapi.SIGKILL);
            pid = 0;
        }

        if (depth == 0)
            return;
        byte[] buffer = new byte[4096];
        using Fd fresh = new(OpenChild(directory, "."u8));
        int length;
        while (fresh.Number >= 0 && (length = Sys.getdents64(fresh.Number, buffer)) > 0)
        {
            DirectoryNames names = new(buffer.AsSpan(0, length));
            while (names.MoveNext())
            {
                using Fd child = new(OpenChild(directory, names.Current));
                if (child.Number >= 0)
                    SignalTree(child.Number, depth - 1);
            }
        }
    }
}
