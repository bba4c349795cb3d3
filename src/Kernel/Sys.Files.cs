using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    /// <summary>open(2) relative to <paramref name="dirfd"/>; O_CLOEXEC is always added.</summary>
    public static int openat(int dirfd, ReadOnlySpan<byte> path, int flags, uint mode = 0)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.openat, dirfd, (long)p, flags | Uapi.O_CLOEXEC, mode);
    }

    /// <summary>openat2(2), Linux 5.6; O_CLOEXEC is always added.</summary>
    public static int openat2(int dirfd, ReadOnlySpan<byte> path, int flags, ulong resolve, uint mode = 0)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        if (bad != 0)
            return bad;
        open_how how = new() { flags = (ulong)(uint)(flags | Uapi.O_CLOEXEC), mode = mode, resolve = resolve };
        return (int)Call(SYS.openat2, dirfd, (long)p, (long)(&how), sizeof(open_how));
    }

    public static int close(int fd) => (int)Call(SYS.close, fd);

    /// <summary>read(2), retried on EINTR.</summary>
    public static long read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            long n;
            do
                n = Call(SYS.read, fd, (long)p, buffer.Length);
            while (n == -Errno.EINTR);
            return n;
        }
    }

    /// <summary>write(2), retried on EINTR; may be short.</summary>
    public static long write(int fd, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            long n;
            do
                n = Call(SYS.write, fd, (long)p, buffer.Length);
            while (n == -Errno.EINTR);
            return n;
        }
    }

    /// <summary>Writes all of it: 0, or the negative errno of the write that failed.</summary>
    public static int WriteAll(int fd, ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            long n = write(fd, buffer);
            if (n < 0)
                return (int)n;
            buffer = buffer[(int)n..];
        }

        return 0;
    }

    public static int mkdirat(int dirfd, ReadOnlySpan<byte> path, uint mode)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.mkdirat, dirfd, (long)p, mode);
    }

    public static int unlinkat(int dirfd, ReadOnlySpan<byte> path, int flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.unlinkat, dirfd, (long)p, flags);
    }

    public static int renameat2(int fromFd, ReadOnlySpan<byte> from, int toFd, ReadOnlySpan<byte> to, uint flags = 0)
    {
        byte* p = stackalloc byte[PATH_MAX];
        byte* q = stackalloc byte[PATH_MAX];
        int bad = Terminate(from, p);
        if (bad == 0)
            bad = Terminate(to, q);
        return bad != 0 ? bad : (int)Call(SYS.renameat2, fromFd, (long)p, toFd, (long)q, flags);
    }

    /// <summary>readlink(2): the number of bytes put into <paramref name="buffer"/>.</summary>
    public static int readlinkat(int dirfd, ReadOnlySpan<byte> path, Span<byte> buffer)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        if (bad != 0)
            return bad;
        fixed (byte* into = buffer)
            return (int)Call(SYS.readlinkat, dirfd, (long)p, (long)into, buffer.Length);
    }

    public static int fstat(int fd, out stat buffer)
    {
        fixed (stat* p = &buffer)
            return (int)Call(SYS.fstat, fd, (long)p);
    }

    public static int fstatat(int dirfd, ReadOnlySpan<byte> path, out stat buffer, int flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        buffer = default;
        if (bad != 0)
            return bad;
        fixed (stat* into = &buffer)
            return (int)Call(SYS.newfstatat, dirfd, (long)p, (long)into, flags);
    }

    public static int fstatfs(int fd, out statfs buffer)
    {
        fixed (statfs* p = &buffer)
            return (int)Call(SYS.fstatfs, fd, (long)p);
    }

    public static int statfs(ReadOnlySpan<byte> path, out statfs buffer)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        buffer = default;
        if (bad != 0)
            return bad;
        fixed (statfs* into = &buffer)
            return (int)Call(SYS.statfs, (long)p, (long)into);
    }

    public static long lseek(int fd, long offset, int whence) => Call(SYS.lseek, fd, offset, whence);

    public static int fchmod(int fd, uint mode) => (int)Call(SYS.fchmod, fd, mode);

    public static int fchownat(int dirfd, ReadOnlySpan<byte> path, uint uid, uint gid, int flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.fchownat, dirfd, (long)p, uid, gid, flags);
    }

    public static int flock(int fd, int operation) => (int)Call(SYS.flock, fd, operation);

    public static int fcntl(int fd, int command, long argument = 0) => (int)Call(SYS.fcntl, fd, command, argument);

    public static int dup3(int oldFd, int newFd, int flags) => (int)Call(SYS.dup3, oldFd, newFd, flags);

    public static int close_range(uint first, uint last, uint flags) => (int)Call(SYS.close_range, first, last, flags);

    /// <summary>getdents64(2): bytes of linux_dirent64 records put into <paramref name="buffer"/>.</summary>
    public static int getdents64(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return (int)Call(SYS.getdents64, fd, (long)p, buffer.Length);
    }

    /// <summary>getcwd(2): length with the terminating NUL.</summary>
    public static int getcwd(Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return (int)Call(SYS.getcwd, (long)p, buffer.Length);
    }

    public static int umask(uint mask) => (int)Call(SYS.umask, mask);

    public static int ioctl(int fd, uint request, void* argument) => (int)Call(SYS.ioctl, fd, request, (long)argument);

    /// <summary>Reads a whole small file (procfs, sysfs, cgroupfs, state): the bytes, or null and the errno.</summary>
    public static byte[]? ReadFile(int dirfd, ReadOnlySpan<byte> path, int maximum, out int errno)
    {
        int fd = openat(dirfd, path, Uapi.O_RDONLY | Uapi.O_NOCTTY | Uapi.O_NONBLOCK);
        if (fd < 0)
        {
            errno = -fd;
            return null;
        }

        byte[]? bytes = ReadToEnd(fd, maximum, out errno);
        close(fd);
        return bytes;
    }

    /// <summary>Reads to the end; more than <paramref name="maximum"/> bytes is EFBIG.</summary>
    public static byte[]? ReadToEnd(int fd, int maximum, out int errno)
    {
        // Most files end within the first piece, which then needs no second array.
        Span<byte> piece = stackalloc byte[4096];
        byte[] buffer = [];
        int length = 0;
        while (true)
        {
            bool isFull = length == buffer.Length;
            long n = read(fd, isFull ? piece : buffer.AsSpan(length));
            if (n < 0)
            {
                errno = (int)-n;
                return null;
            }

            if (n == 0)
                break;
            int before = length;
            length += (int)n;
            if (length > maximum)
            {
                errno = Errno.EFBIG;
                return null;
            }

            if (!isFull)
                continue;
            bool isWhole = before == 0 && n < piece.Length;
            Array.Resize(ref buffer, isWhole ? length : (int)Math.Min(Math.Max(length, SizeOf(fd, length)), maximum));
            piece[..(int)n].CopyTo(buffer.AsSpan(before));
        }

        errno = 0;
        Array.Resize(ref buffer, length);
        return buffer;
    }

    // Of a file that has been read up to there. Those that the kernel makes up as they are read do not tell.
    private static long SizeOf(int fd, long read) =>
        fstat(fd, out stat file) == 0 && file.st_size > read ? file.st_size : read * 4;

    /// <summary>Opens an existing file for writing and writes it in one call: 0 or a negative errno; short is -EIO.</summary>
    public static int WriteFile(int dirfd, ReadOnlySpan<byte> path, ReadOnlySpan<byte> content)
    {
        int fd = openat(dirfd, path, Uapi.O_WRONLY | Uapi.O_NOCTTY);
        if (fd < 0)
            return fd;
        long n = write(fd, content);
        close(fd);
        return n < 0 ? (int)n : n == content.Length ? 0 : -Errno.EIO;
    }
}
