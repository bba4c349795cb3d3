using System;
using System.Collections.Generic;
using System.Diagnostics;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    private const int DeepestTree = 64;

    /// <summary>
    /// Kills every process of the cgroup and its descendants: cgroup.kill (Linux 5.14), else freeze, kill each, thaw.
    /// False when the cgroup is gone or is no cgroup2 directory.
    /// </summary>
    public static bool Kill(string path)
    {
        using Fd directory = OpenTree(path);
        if (directory.Number < 0)
            return false;
        int result = Sys.WriteFile(directory.Number, "cgroup.kill"u8, "1"u8);
        if (result is -Errno.ENOENT or -Errno.ENOSYS or -Errno.EOPNOTSUPP)
            KillEach(directory.Number);
        return true;
    }

    /// <summary>
    /// Removes the cgroup and its descendants. Processes that are still dying are waited for through cgroup.events, up
    /// to <paramref name="limit"/>. One that is gone already is fine.
    /// </summary>
    /// <exception cref="FaultException">Processes are left, or the kernel refuses.</exception>
    public static void Remove(string path, TimeSpan limit)
    {
        long deadline = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        byte[] name = Sys.Bytes(path);
        int result = Sys.unlinkat(Uapi.AT_FDCWD, name, Uapi.AT_REMOVEDIR);
        while (result is -Errno.EBUSY or -Errno.ENOTEMPTY)
        {
            using Fd directory = OpenTree(path);
            if (directory.Number < 0)
            {
                result = directory.Number;
                break;
            }

            RemoveChildren(directory.Number);
            result = Sys.unlinkat(Uapi.AT_FDCWD, name, Uapi.AT_REMOVEDIR);
            if (result != -Errno.EBUSY || !WaitEmpty(directory.Number, deadline))
                break;
            result = Sys.unlinkat(Uapi.AT_FDCWD, name, Uapi.AT_REMOVEDIR);

            // Without a process and still busy: a mount below, or someone who makes cgroups as fast as they go.
            if (result == -Errno.EBUSY && Stopwatch.GetTimestamp() >= deadline)
                break;
            if (result == -Errno.EBUSY)
                Sys.nanosleep(1);
        }

        if (result is not 0 and not -Errno.ENOENT)
        {
            throw new FaultException(new Fault($"cannot remove the cgroup {path}")
            {
                Syscall = "unlinkat",
                Errno = -result,
                Hint = result == -Errno.EBUSY ? "processes are left in it; delete --force kills them" : null,
            });
        }
    }

    /// <summary>Whether any process is in the cgroup or below it; false when it is gone.</summary>
    public static bool IsPopulated(string path)
    {
        using Fd directory = OpenTree(path);
        return directory.Number >= 0 && IsPopulated(directory.Number);
    }

    // Only a directory of a cgroup2 hierarchy, whatever a damaged state file names.
    private static Fd OpenTree(string path)
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
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

    // poll(2) wakes when cgroup.events changes (cgroups(7), "populated"); the deadline bounds every wait.
    private static bool WaitEmpty(int directory, long deadline)
    {
        using Fd events = new(Sys.openat(directory, "cgroup.events"u8, Uapi.O_RDONLY));
        Span<byte> text = stackalloc byte[256];
        Span<pollfd> wait = [new pollfd { fd = events.Number, events = 2 }];
        while (events.Number >= 0)
        {
            Sys.lseek(events.Number, 0, Uapi.SEEK_SET);
            int n = (int)Sys.read(events.Number, text);
            if (n <= 0)
                return false;
            if (text[..n].IndexOf("populated 0"u8) >= 0)
                return true;
            long left = (deadline - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency;
            if (left <= 0)
                return false;
            Sys.ppoll(wait, Math.Min(left, 1000));
        }

        return false;
    }

    // Down to a leaf, remove it from its parent, on to the next. A container may nest its cgroups as deep as it likes,
    // so neither the stack nor the descriptors may grow with the depth; ".." stays inside, as it follows as many steps
    // down and cgroups cannot be moved. Ends at the first one that is busy.
    private static void RemoveChildren(int top)
    {
        Stack<byte[]> names = new();
        Fd current = new(Sys.openat(top, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        int result = 0;
        while (current.Number >= 0 && result is 0 or -Errno.ENOENT)
        {
            Fd next;
            if (FirstChild(current.Number) is { } child)
            {
                next = OpenChild(current.Number, child);
                names.Push(child);
            }
            else if (names.TryPop(out byte[]? name))
            {
                next = new Fd(Sys.openat(current.Number, ".."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
                result = next.Number < 0 ? next.Number : Sys.unlinkat(next.Number, name, Uapi.AT_REMOVEDIR);
            }
            else
            {
                break;
            }

            current.Dispose();
            current = next;
        }

        current.Dispose();
    }

    private static byte[]? FirstChild(int directory) => Children(directory, most: 1) is [byte[] first] ? first : null;

    private static Fd OpenChild(int directory, byte[] name) =>
        new(Sys.openat(directory, name, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));

    // linux_dirent64: d_reclen at 16, d_type at 18 (4 is a directory), d_name at 19.
    private static List<byte[]> Children(int directory, int most = int.MaxValue)
    {
        List<byte[]> names = [];
        using Fd fresh = new(Sys.openat(directory, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        byte[] buffer = new byte[8192];
        int length;
        while (fresh.Number >= 0 && names.Count < most && (length = Sys.getdents64(fresh.Number, buffer)) > 0)
        {
            for (int at = 0; at < length && names.Count < most;)
            {
                int size = BitConverter.ToUInt16(buffer, at + 16);
                ReadOnlySpan<byte> name = buffer.AsSpan(at + 19, size - 19);
                name = name[..name.IndexOf((byte)0)];
                if (buffer[at + 18] == 4 && !name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    names.Add(name.ToArray());
                at += size;
            }
        }

        return names;
    }

    // Frozen processes fork no more; a bounded number of rounds, since without a freezer a fork may escape a round.
    internal static void KillEach(int directory)
    {
        Sys.WriteFile(directory, "cgroup.freeze"u8, "1"u8);
        for (int round = 0; round < 100 && IsPopulated(directory); round++)
        {
            SignalTree(directory, DeepestTree);
            Sys.WriteFile(directory, "cgroup.freeze"u8, "0"u8);
            Sys.nanosleep(1);
        }

        Sys.WriteFile(directory, "cgroup.freeze"u8, "0"u8);
    }

    private static void SignalTree(int directory, int depth)
    {
        byte[]? list = Sys.ReadFile(directory, "cgroup.procs"u8, 4 << 20, out _);
        int pid = 0;
        foreach (byte c in list ?? [])
        {
            if (c is >= (byte)'0' and <= (byte)'9')
            {
                pid = (pid * 10) + (c - '0');
                continue;
            }

            if (pid > 0)
                Sys.kill(pid, Uapi.SIGKILL);
            pid = 0;
        }

        foreach (byte[] name in depth > 0 ? Children(directory) : [])
        {
            using Fd child = OpenChild(directory, name);
            if (child.Number >= 0)
                SignalTree(child.Number, depth - 1);
        }
    }
}
