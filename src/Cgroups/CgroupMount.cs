using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>Where the cgroup2 hierarchy is, and the process's own place in it.</summary>
internal sealed class CgroupMount
{
    private CgroupMount(string path) => Path = path;

    /// <summary>Absolute path of the mount.</summary>
    public string Path { get; }

    /// <summary>
    /// /sys/fs/cgroup on a pure host, /sys/fs/cgroup/unified on a hybrid one, else what mountinfo names; null without
    /// cgroup2.
    /// </summary>
    public static CgroupMount? Find()
    {
        if (IsCgroup2("/sys/fs/cgroup"u8))
            return new CgroupMount("/sys/fs/cgroup");
        if (IsCgroup2("/sys/fs/cgroup/unified"u8))
            return new CgroupMount("/sys/fs/cgroup/unified");
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/mountinfo"u8, 16 << 20, out _);
        return table is null ? null : FromMountinfo(table);
    }

    /// <summary>
    /// The first cgroup2 line of a mountinfo table (proc_pid_mountinfo(5)): "... mountpoint options ... - cgroup2 ...".
    /// </summary>
    internal static CgroupMount? FromMountinfo(ReadOnlySpan<byte> table)
    {
        string? path = Mountinfo.PointOf(table, " - cgroup2 "u8);
        return path is null ? null : new CgroupMount(path);
    }

    /// <summary>The process's own cgroup, e.g. <c>/user.slice/session-1.scope</c>; <c>/</c> when it cannot be told.</summary>
    public static string Own()
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/cgroup"u8, 1 << 20, out _);
        return table is null ? "/" : OwnFrom(table);
    }

    /// <summary>The "0::" line of a /proc/PID/cgroup table (cgroups(7)).</summary>
    internal static string OwnFrom(ReadOnlySpan<byte> table)
    {
        foreach (Range line in table.Split((byte)'\n'))
        {
            if (table[line].StartsWith("0::/"u8))
                return System.Text.Encoding.UTF8.GetString(table[line][3..]);
        }

        return "/";
    }

    /// <summary>Opens the mount's root, checked to be cgroup2.</summary>
    public Fd Open()
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(Path), Uapi.O_PATH | Uapi.O_DIRECTORY);
        if (fd < 0)
            throw new FaultException(new Fault($"cannot open {Path}") { Syscall = "openat", Errno = -fd });
        Fd root = new(fd);
        if (Sys.fstatfs(fd, out statfs fs) == 0 && fs.f_type == Uapi.CGROUP2_SUPER_MAGIC)
            return root;
        root.Dispose();
        throw new FaultException(new Fault($"{Path} is no cgroup2 file system") { Hint = "something is mounted over it" });
    }

    private static bool IsCgroup2(ReadOnlySpan<byte> path) =>
        Sys.statfs(path, out statfs fs) == 0 && fs.f_type == Uapi.CGROUP2_SUPER_MAGIC;
}
