using System;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// Writes to files of a process in /proc: of a procfs, from its root, across no link and no mount, so that what is written
/// lands in the file that is meant (security.md, B1 and B2).
/// </summary>
internal static class ProcFile
{
    /// <summary>The hint for EXDEV.</summary>
    public const string Covered = "something is mounted over it, or /proc is not a proc file system";

    /// <returns>0, or a negative errno: EXDEV when the path does not lead to a file of a procfs.</returns>
    public static int Write(int pid, string name, ReadOnlySpan<byte> text) => Write("/proc"u8, pid, name, text);

    internal static int Write(ReadOnlySpan<byte> proc, int pid, string name, ReadOnlySpan<byte> text)
    {
        using Fd root = new(Sys.openat(Uapi.AT_FDCWD, proc, Uapi.O_PATH | Uapi.O_DIRECTORY));
        if (root.Number < 0)
            return root.Number;
        if (Sys.fstatfs(root.Number, out statfs type) < 0 || type.f_type != Uapi.PROC_SUPER_MAGIC
            || Sys.fstat(root.Number, out stat st) < 0 || st.st_ino != Uapi.PROC_ROOT_INO)
            return -Errno.EXDEV;
        const ulong resolve = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_XDEV | Uapi.RESOLVE_NO_SYMLINKS | Uapi.RESOLVE_NO_MAGICLINKS;
        byte[] path = Sys.Bytes($"{pid}/{name}");
        int fd = Sys.openat2(root.Number, path, Uapi.O_WRONLY, resolve);
        if (fd is -Errno.ENOSYS or -Errno.EPERM)
            fd = Sys.openat(root.Number, path, Uapi.O_WRONLY | Uapi.O_NOFOLLOW);
        using Fd file = new(fd);
        if (fd < 0)
            return fd;

        // Before openat2 (Linux 5.6): at least nothing of another file system.
        if (Sys.fstatfs(fd, out type) < 0 || type.f_type != Uapi.PROC_SUPER_MAGIC)
            return -Errno.EXDEV;
        long written = Sys.write(fd, text);
        return written == text.Length ? 0 : written < 0 ? (int)written : -Errno.EIO;
    }
}
