using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.State;

/// <summary>
/// Holds a cgroup path read from disk against what <c>create</c> can have written: a cgroup2 directory that is not a
/// mount's top. Killing and removing act on it, so a path to anything else must stop there (security.md R-024).
/// </summary>
internal static class CgroupLocation
{
    /// <summary>Absolute, with no empty, <c>.</c> or <c>..</c> component, and not <c>/</c>.</summary>
    public static bool IsPlain(ReadOnlySpan<char> path)
    {
        if (path.Length < 2 || path[0] != '/' || path.Contains('\0'))
            return false;
        foreach (Range part in path[1..].Split('/'))
        {
            if (path[1..][part] is "" or "." or "..")
                return false;
        }

        return true;
    }

    /// <summary>True when the directory exists, and it and its parent are of the same cgroup2 mount.</summary>
    /// <exception cref="FaultException">That cannot be told; what may be there must not be taken for gone.</exception>
    public static bool IsContainerCgroup(string path) => IsContainerCgroup(path, out _);

    /// <summary>The same, and whether nothing is there.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isMissing">True when the path could be a container's cgroup, and the kernel knows no directory there.</param>
    public static bool IsContainerCgroup(string path, out bool isMissing)
    {
        isMissing = false;
        if (!IsPlain(path))
            return false;
        const int flags = Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW;
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), flags));
        isMissing = IsMissing(directory.Number);
        if (!IsCgroup(directory.Number, path))
            return false;
        using Fd parent = new(Sys.openat(directory.Number, ".."u8, flags));
        isMissing = IsMissing(parent.Number);
        return IsCgroup(parent.Number, path);
    }

    private static bool IsMissing(int fd) => fd is -Errno.ENOENT or -Errno.ENOTDIR or -Errno.ELOOP or -Errno.ENAMETOOLONG;

    private static bool IsCgroup(int fd, string path)
    {
        if (IsMissing(fd))
            return false;
        int result = fd;
        statfs info = default;
        if (fd >= 0)
            result = Sys.fstatfs(fd, out info);
        if (result >= 0)
            return info.f_type == Uapi.CGROUP2_SUPER_MAGIC;
        throw new FaultException(new Fault($"cannot look at the cgroup {path}")
        {
            Syscall = fd < 0 ? "openat" : "fstatfs",
            Errno = -result,
            Hint = "the command can be repeated",
        });
    }
}
