using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    public static int socket(int domain, int type) => (int)Call(SYS.socket, domain, type | Uapi.SOCK_CLOEXEC, 0);

    public static int socketpair(int domain, int type, int* two) =>
        (int)Call(SYS.socketpair, domain, type | Uapi.SOCK_CLOEXEC, 0, (long)two);

    /// <summary>bind(2) of an AF_UNIX socket to a path of at most 107 bytes.</summary>
    public static int bind(int fd, ReadOnlySpan<byte> path)
    {
        sockaddr_un address;
        int length = Address(path, &address);
        return length < 0 ? length : (int)Call(SYS.bind, fd, (long)(&address), length);
    }

    /// <summary>connect(2) of an AF_UNIX socket, retried on EINTR.</summary>
    public static int connect(int fd, ReadOnlySpan<byte> path)
    {
        sockaddr_un address;
        int length = Address(path, &address);
        if (length < 0)
            return length;
        int result;
        do
            result = (int)Call(SYS.connect, fd, (long)(&address), length);
        while (result == -Errno.EINTR);
        return result;
    }

    /// <summary>connect(2) of an AF_UNIX socket to a name of at most 107 bytes in the abstract namespace (unix(7)); retried on EINTR.</summary>
    public static int ConnectAbstract(int fd, ReadOnlySpan<byte> name)
    {
        sockaddr_un address = default;
        if (name.Length > 107)
            return -Errno.ENAMETOOLONG;
        address.sun_family = Uapi.AF_UNIX;
        name.CopyTo(new Span<byte>(address.sun_path + 1, 107));
        int result;
        do
            result = (int)Call(SYS.connect, fd, (long)(&address), 3 + name.Length);
        while (result == -Errno.EINTR);
        return result;
    }

    /// <summary>sendto(2) of a stream, without SIGPIPE: the number of bytes taken. Retried on EINTR.</summary>
    public static long send(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            long n;
            do
                n = Call(SYS.sendto, fd, (long)p, bytes.Length, Uapi.MSG_NOSIGNAL);
            while (n == -Errno.EINTR);
            return n;
        }
    }

    /// <summary>setsockopt(2) of an int.</summary>
    public static int setsockopt(int fd, int level, int option, int value) =>
        (int)Call(SYS.setsockopt, fd, level, option, (long)(&value), sizeof(int));

    /// <summary>Limits how long connect(2) and sends may wait; they fail with EAGAIN then (socket(7), SO_SNDTIMEO).</summary>
    public static int LimitSends(int fd, int seconds)
    {
        timespec limit = new() { tv_sec = seconds };
        return (int)Call(SYS.setsockopt, fd, Uapi.SOL_SOCKET, Uapi.SO_SNDTIMEO, (long)(&limit), sizeof(timespec));
    }

    public static int listen(int fd, int backlog) => (int)Call(SYS.listen, fd, backlog);

    /// <summary>
    /// recvmsg(2) of one message with at most one descriptor: the number of bytes. <paramref name="received"/> is the
    /// descriptor (close-on-exec) or -1. Retried on EINTR.
    /// </summary>
    public static long recvmsg(int fd, Span<byte> buffer, out int received)
    {
        byte* control = stackalloc byte[64];
        received = -1;
        fixed (byte* p = buffer)
        {
            iovec part = new() { iov_base = p, iov_len = (nuint)buffer.Length };
            msghdr message = new() { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = 24 };
            long n;
            do
                n = Call(SYS.recvmsg, fd, (long)(&message), Uapi.MSG_CMSG_CLOEXEC);
            while (n == -Errno.EINTR);
            cmsghdr* header = (cmsghdr*)control;
            if (n >= 0 && message.msg_controllen >= 20 && header->cmsg_level == Uapi.SOL_SOCKET
                && header->cmsg_type == Uapi.SCM_RIGHTS)
                received = *(int*)(control + 16);
            return n;
        }
    }

    /// <summary>sendmsg(2) of a payload with one descriptor; SIGPIPE is not raised. Retried on EINTR.</summary>
    public static long sendmsg(int fd, ReadOnlySpan<byte> payload, int descriptor)
    {
        byte* control = stackalloc byte[24];
        cmsghdr* header = (cmsghdr*)control;
        *header = new cmsghdr { cmsg_len = 20, cmsg_level = Uapi.SOL_SOCKET, cmsg_type = Uapi.SCM_RIGHTS };
        *(long*)(control + 16) = 0;
        *(int*)(control + 16) = descriptor;
        fixed (byte* p = payload)
        {
            iovec part = new() { iov_base = p, iov_len = (nuint)payload.Length };
            msghdr message = new() { msg_iov = &part, msg_iovlen = 1, msg_control = control, msg_controllen = 24 };
            long n;
            do
                n = Call(SYS.sendmsg, fd, (long)(&message), Uapi.MSG_NOSIGNAL);
            while (n == -Errno.EINTR);
            return n;
        }
    }

    private static int Address(ReadOnlySpan<byte> path, sockaddr_un* address)
    {
        if (path.Length > 107)
            return -Errno.ENAMETOOLONG;
        if (path.Contains((byte)0))
            return -Errno.EINVAL;
        *address = default;
        address->sun_family = Uapi.AF_UNIX;
        path.CopyTo(new Span<byte>(address->sun_path, 107));
        return 2 + path.Length + 1;
    }
}
