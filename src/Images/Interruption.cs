using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Images;

/// <summary>Turns a signal that would end the program into an error, so that what is half made is removed.</summary>
/// <remarks>The signals are blocked before the language runtime starts (src/Launch/seal.c), so in all its threads.</remarks>
internal sealed unsafe class Interruption : IDisposable
{
    private readonly Fd _signals;

    public Interruption()
    {
        ulong ending = 0;
        foreach (int signal in (ReadOnlySpan<int>)[Uapi.SIGHUP, Uapi.SIGINT, Uapi.SIGQUIT, Uapi.SIGTERM])
            ending |= 1UL << (signal - 1);
        _signals = new Fd(Sys.signalfd4(ending, Uapi.SFD_CLOEXEC | Uapi.SFD_NONBLOCK));
    }

    /// <exception cref="FaultException">A signal came.</exception>
    public void Check()
    {
        signalfd_siginfo info = default;
        if (Sys.read(_signals.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
            throw new FaultException(new Fault($"interrupted by signal {info.ssi_signo}") { Hint = "nothing of the bundle is left" });
    }

    public void Dispose() => _signals.Dispose();
}
