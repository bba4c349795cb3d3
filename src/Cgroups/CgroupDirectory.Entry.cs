using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    /// <summary>
    /// A cgroup below this one, as <c>exec --cgroup</c> names it: <c>/</c> is this one itself. No link, mount or
    /// <c>..</c> leads out (security.md F5).
    /// </summary>
    /// <exception cref="FaultException">It is not below, or does not exist.</exception>
    public CgroupDirectory Below(string path)
    {
        string inner = path.Trim('/');
        foreach (string part in inner.Split('/'))
        {
            if (part is "..")
            {
                throw new FaultException(new Fault($"bad sub cgroup path: {path} is not a sub cgroup path")
                {
                    Field = "--cgroup",
                    Value = path,
                    Hint = "name a cgroup below the container's own",
                });
            }
        }

        int fd = inner.Contains('\0', StringComparison.Ordinal) ? -Errno.EINVAL : Descend(Directory.Number, inner);
        if (fd >= 0)
            return new CgroupDirectory(inner.Length == 0 ? Path : $"{Path}/{inner}", new Fd(fd));
        throw new FaultException(new Fault($"bad sub cgroup path: {Path}/{inner}")
        {
            Field = "--cgroup",
            Value = path,
            Syscall = "openat2",
            Errno = -fd,
            Hint = fd == -Errno.ENOENT ? "it must exist" : null,
        });
    }

    /// <summary>Where a process is now: the cgroup2 path that /proc/PID/cgroup shows, below the mount; null when it has none.</summary>
    public static string? Of(int pid, CgroupMount mount)
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/cgroup"), 1 << 20, out _);
        if (table is null)
            return null;
        string path = CgroupMount.OwnFrom(table);

        // "/../x" is outside of the reader's cgroup namespace, and a removed one is marked.
        bool usable = path.Length > 1 && !path.StartsWith("/..", StringComparison.Ordinal)
            && !path.EndsWith(" (deleted)", StringComparison.Ordinal);
        return usable ? mount.Path + path : null;
    }

    private static int Descend(int from, string path)
    {
        if (path.Length == 0)
            return Sys.openat(from, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY);
        const ulong resolve = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_XDEV | Uapi.RESOLVE_NO_SYMLINKS | Uapi.RESOLVE_NO_MAGICLINKS;
        int fd = Sys.openat2(from, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_DIRECTORY, resolve);
        if (fd is not -Errno.ENOSYS and not -Errno.EPERM)
            return fd;

        // A cgroup2 file system has no links, so only a mount could lead out.
        int at = Sys.openat(from, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY);
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at < 0)
                return at;
            int next = Sys.openat(at, Sys.Bytes(part), Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
            Sys.close(at);
            at = next;
        }

        if (at < 0 || (Sys.fstatfs(at, out statfs fs) == 0 && fs.f_type == Uapi.CGROUP2_SUPER_MAGIC))
            return at;
        Sys.close(at);
        return -Errno.EXDEV;
    }
}
