using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Hands a pidfd of the container's process to the caller, with the payload "standard" (features.md CR04).</summary>
internal static class PidfdSocket
{
    /// <param name="field">Where <paramref name="path"/> was given.</param>
    /// <param name="path">A listening unix stream socket.</param>
    /// <param name="pidfd">Stays the caller's.</param>
    public static void Send(string field, string path, int pidfd)
    {
        using Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM));
        int result = ConsoleSocket.Connect(socket.Number, Sys.Bytes(path));
        if (result >= 0)
            result = (int)Sys.sendmsg(socket.Number, "standard"u8, pidfd);
        if (result >= 0)
            return;
        throw new FaultException(new Fault("cannot hand over the pidfd")
        {
            Field = field,
            Value = path,
            Syscall = "sendmsg",
            Errno = -result,
            Hint = "a program must listen on that unix stream socket",
        });
    }
}
