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

/// <summary>A directory of the host.</summary>
/// <param name="Path">Absolute, without links.</param>
/// <param name="Device">st_dev of the file system.</param>
/// <param name="Inode">st_ino.</param>
internal readonly record struct HostDirectory(string Path, ulong Device, ulong Inode)
{
    public bool IsSame(HostDirectory other) => Device == other.Device && Inode == other.Inode;

    /// <summary>Whether the other directory lies below this one.</summary>
    public bool Contains(HostDirectory other) =>
        other.Path.StartsWith(Path, StringComparison.Ordinal) && other.Path.Length > Path.Length
        && (Path.Length == 1 || other.Path[Path.Length] == '/');
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

    /// <summary>What a directory is whatever it is called, null when it cannot be opened.</summary>
    public static HostDirectory? Directory(ReadOnlySpan<byte> path)
    {
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, path, Uapi.O_PATH | Uapi.O_DIRECTORY));
        Span<byte> resolved = stackalloc byte[4096];
        int length = directory.Number < 0
            ? directory.Number
            : Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{directory.Number}"), resolved);
        return length > 0 && Sys.fstatat(directory.Number, default, out stat st, Uapi.AT_EMPTY_PATH) == 0
            ? new HostDirectory(System.Text.Encoding.UTF8.GetString(resolved[..length]), st.st_dev, st.st_ino)
            : null;
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
