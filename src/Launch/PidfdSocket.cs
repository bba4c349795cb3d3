using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Hands a pidfd of the container's process to the caller, with the word "standard", of an exec "setns" (features.md CR04, EX02).</summary>
internal static class PidfdSocket
{
    /// <param name="field">Where <paramref name="path"/> was given.</param>
    /// <param name="path">A listening unix stream socket.</param>
    /// <param name="pidfd">Stays the caller's.</param>
    /// <param name="payload">The word.</param>
    public static void Send(string field, string path, int pidfd, ReadOnlySpan<byte> payload)
    {
        using Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM));
        Sys.LimitSends(socket.Number, ConsoleSocket.Patience);
        int result = ConsoleSocket.Connect(socket.Number, Sys.Bytes(path));
        if (result >= 0)
            result = (int)Sys.sendmsg(socket.Number, payload, pidfd);
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
