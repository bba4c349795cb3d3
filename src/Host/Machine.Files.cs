using System;
using OciRun.Kernel;

namespace OciRun.Host;

/// <summary>What stands at a path of the host, links followed.</summary>
/// <param name="Errno">Why that cannot be told; 0 when it can.</param>
/// <param name="Mode">st_mode.</param>
/// <param name="Device">st_rdev of a device node.</param>
internal readonly record struct HostFile(int Errno, uint Mode, ulong Device)
{
    public bool IsMissing => Errno == Kernel.Errno.ENOENT;

    public bool IsDirectory => Errno == 0 && (Mode & Uapi.S_IFMT) == Uapi.S_IFDIR;

    /// <summary>A regular file that somebody may execute.</summary>
    public bool IsProgram => Errno == 0 && (Mode & Uapi.S_IFMT) == Uapi.S_IFREG && (Mode & 0x49) != 0;
}

internal static partial class Machine
{
    /// <summary>Looks at a path without opening it.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="follow">False: of a link as the last component, the link.</param>
    public static HostFile At(ReadOnlySpan<byte> path, bool follow = true)
    {
        int result = Sys.fstatat(Uapi.AT_FDCWD, path, out stat st, follow ? 0 : Uapi.AT_SYMLINK_NOFOLLOW);
        return result < 0 ? new HostFile(-result, 0, 0) : new HostFile(0, st.st_mode, st.st_rdev);
    }

    /// <summary>The type of a namespace file as the CLONE_NEW* flag (NS_GET_NSTYPE, Linux 4.11), or a negative errno.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="opened">False when the errno is of opening it.</param>
    public static long NamespaceType(ReadOnlySpan<byte> path, out bool opened)
    {
        using Fd file = new(Sys.openat(Uapi.AT_FDCWD, path, Uapi.O_RDONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY));
        opened = file.Number >= 0;
        return opened ? Ioctl(file) : file.Number;
    }

    private static unsafe int Ioctl(Fd file) => Sys.ioctl(file.Number, Uapi.NS_GET_NSTYPE, null);
}
