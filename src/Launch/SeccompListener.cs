using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Hands a filter's listener to the program that will answer: one message, one descriptor (config-linux.md, "seccomp").</summary>
internal static class SeccompListener
{
    // An agent that neither accepts nor reads must not hold the runtime for ever.
    private const int Seconds = 10;

    /// <param name="field">Where <paramref name="path"/> was given.</param>
    /// <param name="path">Absolute path of a listening unix stream socket.</param>
    /// <param name="listener">The descriptor; stays the caller's.</param>
    /// <param name="payload">What the agent reads.</param>
    public static void Send(string field, byte[] path, int listener, byte[] payload)
    {
        using Fd socket = new(Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_STREAM));
        Sys.LimitSends(socket.Number, Seconds);
        string syscall = "connect";
        long result = ConsoleSocket.Connect(socket.Number, path);
        if (result >= 0)
        {
            syscall = "sendmsg";
            result = Sys.sendmsg(socket.Number, payload, listener);
        }

        if (result == payload.Length)
            return;
        string problem = syscall == "connect" ? "failed to connect with seccomp agent" : "cannot hand over the seccomp listener";
        throw new FaultException(new Fault(problem)
        {
            Field = field,
            Value = System.Text.Encoding.UTF8.GetString(path),
            Syscall = syscall,
            Errno = result < 0 ? (int)-result : Errno.EAGAIN,
            Hint = "a program must listen on that unix stream socket and read what it is sent",
        });
    }
}
