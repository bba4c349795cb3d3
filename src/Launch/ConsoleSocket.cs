using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Hands the terminal's master to the caller: one message with a name and one descriptor (callers.md §16).</summary>
internal static class ConsoleSocket
{
    /// <summary>Seconds after which a receiver that neither accepts nor reads is given up.</summary>
    internal const int Patience = 10;

    public static void Send(string path, int master)
    {
        using Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM));
        Sys.LimitSends(socket.Number, Patience);
        int result = Connect(socket.Number, Sys.Bytes(path));
        string syscall = "connect";
        if (result >= 0)
        {
            syscall = "sendmsg";
            result = (int)Sys.sendmsg(socket.Number, "/dev/pts/ptmx"u8, master);
        }

        if (result >= 0)
            return;
        throw new FaultException(new Fault("cannot hand over the terminal")
        {
            Field = "--console-socket",
            Value = path,
            Syscall = syscall,
            Errno = -result,
            Hint = "a program must listen on that unix stream socket, and accept",
        });
    }

    // A path longer than an address is reached through a descriptor.
    internal static int Connect(int socket, byte[] path)
    {
        if (path.Length <= 107)
            return Sys.connect(socket, path);
        using Fd target = new(Sys.openat(Uapi.AT_FDCWD, path, Uapi.O_PATH));
        return target.Number < 0 ? target.Number : Sys.connect(socket, Sys.Bytes($"/proc/self/fd/{target.Number}"));
    }
}
