using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    /// <summary>linkat(2); a link as the last component of <paramref name="from"/> is not followed.</summary>
    public static int linkat(int fromFd, ReadOnlySpan<byte> from, int toFd, ReadOnlySpan<byte> to)
    {
        byte* p = stackalloc byte[PATH_MAX];
        byte* q = stackalloc byte[PATH_MAX];
        int bad = Terminate(from, p);
        if (bad == 0)
            bad = Terminate(to, q);
        return bad != 0 ? bad : (int)Call(SYS.linkat, fromFd, (long)p, toFd, (long)q, 0);
    }

    public static int symlinkat(ReadOnlySpan<byte> target, int dirfd, ReadOnlySpan<byte> path)
    {
        byte* p = stackalloc byte[PATH_MAX];
        byte* q = stackalloc byte[PATH_MAX];
        int bad = Terminate(target, p);
        if (bad == 0)
            bad = Terminate(path, q);
        return bad != 0 ? bad : (int)Call(SYS.symlinkat, (long)p, dirfd, (long)q);
    }

    /// <summary>mknodat(2); <paramref name="device"/> in the kernel's 32-bit form (<see cref="Device"/>).</summary>
    public static int mknodat(int dirfd, ReadOnlySpan<byte> path, uint mode, uint device)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.mknodat, dirfd, (long)p, mode, device);
    }

    /// <summary>new_encode_dev of linux/kdev_t.h: major numbers of 12 bits, minor ones of 20.</summary>
    public static uint Device(uint major, uint minor) => (minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12);

    /// <summary>fchmodat(2): follows links.</summary>
    public static int fchmodat(int dirfd, ReadOnlySpan<byte> path, uint mode)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.fchmodat, dirfd, (long)p, mode);
    }

    /// <summary>utimensat(2): access and modification time both become <paramref name="time"/>.</summary>
    public static int utimensat(int dirfd, ReadOnlySpan<byte> path, timespec time, int flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        timespec* times = stackalloc timespec[2] { time, time };
        return bad != 0 ? bad : (int)Call(SYS.utimensat, dirfd, (long)p, (long)times, flags);
    }

    /// <summary>futimens(3): access and modification time both become <paramref name="time"/>.</summary>
    public static int futimens(int fd, timespec time)
    {
        timespec* times = stackalloc timespec[2] { time, time };
        return (int)Call(SYS.utimensat, fd, 0, (long)times, 0);
    }

    public static int fchown(int fd, uint uid, uint gid) => fchownat(fd, default, uid, gid, Uapi.AT_EMPTY_PATH);

    public static int ftruncate(int fd, long length) => (int)Call(SYS.ftruncate, fd, length);

    /// <summary>Writes all of it at a position: 0, or the negative errno of the write that failed.</summary>
    public static int WriteAllAt(int fd, ReadOnlySpan<byte> buffer, long position)
    {
        while (!buffer.IsEmpty)
        {
            long n;
            fixed (byte* p = buffer)
                n = Call(SYS.pwrite64, fd, (long)p, buffer.Length, position);
            if (n == -Errno.EINTR)
                continue;
            if (n < 0)
                return (int)n;
            buffer = buffer[(int)n..];
            position += n;
        }

        return 0;
    }

    public static int fsync(int fd) => (int)Call(SYS.fsync, fd);

    /// <summary>syncfs(2): writes back the file system that the descriptor is on.</summary>
    public static int syncfs(int fd) => (int)Call(SYS.syncfs, fd);
}
