using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// The start gate: a listening socket in the container's directory that the waiting process inherits. Connecting to it
/// is the go-ahead, its presence before execve makes the container `created`, and a refused connection says that the process
/// went on or died. Over the connection the process reports what fails up to execve, which closes it.
/// </summary>
internal static class GateSocket
{
    public static ReadOnlySpan<byte> Name => "gate.sock"u8;

    /// <summary>Makes the socket; only its owner may connect.</summary>
    public static Fd Listen(int directory)
    {
        Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_SEQPACKET));
        int result = socket.Number;
        string syscall = "socket";
        if (result >= 0)
        {
            syscall = "bind";
            int mask = Sys.umask(0x7f);
            result = Sys.bind(socket.Number, Path(directory));
            Sys.umask((uint)mask);
        }

        if (result >= 0)
        {
            syscall = "listen";
            result = Sys.listen(socket.Number, 1);
        }

        if (result >= 0)
            return socket;
        socket.Dispose();
        throw new FaultException(new Fault("cannot make the start gate") { Syscall = syscall, Errno = -result });
    }

    /// <summary>A connection to the waiting process, or a negative errno: ENOENT not waiting, ECONNREFUSED dead.</summary>
    public static int Connect(int directory)
    {
        int fd = Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_SEQPACKET);
        if (fd < 0)
            return fd;
        int result = Sys.connect(fd, Path(directory));
        if (result >= 0)
            return fd;
        Sys.close(fd);
        return result;
    }

    // By descriptor: the state directory's path may be longer than an address holds.
    private static byte[] Path(int directory) => [.. Sys.Bytes($"/proc/self/fd/{directory}/"), .. Name];
}
