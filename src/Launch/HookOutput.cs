using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// The files that the annotations <c>run.oci.hooks.stdout</c> and <c>run.oci.hooks.stderr</c> name for what hooks write
/// (features.md AN15); appended to, and made when missing. Without them the runtime captures both.
/// </summary>
internal sealed class HookOutput : IDisposable
{
    private readonly Fd? _output;
    private readonly Fd? _errors;

    private HookOutput(Fd? output, Fd? errors)
    {
        _output = output;
        _errors = errors;
    }

    /// <summary>Opens them, on the host and relative to the bundle.</summary>
    /// <exception cref="FaultException">One of them cannot be opened.</exception>
    public static HookOutput Open(Pair[]? annotations, Utf8 bundle)
    {
        Fd? output = Open(annotations, "run.oci.hooks.stdout", bundle);
        try
        {
            return new HookOutput(output, Open(annotations, "run.oci.hooks.stderr", bundle));
        }
        catch (FaultException)
        {
            output?.Dispose();
            throw;
        }
    }

    /// <summary>Lets a hook write to them.</summary>
    public unsafe void Give(HookStep* hook)
    {
        hook->Output = _output?.Number ?? -1;
        hook->Errors = _errors?.Number ?? -1;
    }

    public void Dispose()
    {
        _output?.Dispose();
        _errors?.Dispose();
    }

    private static Fd? Open(Pair[]? annotations, string name, Utf8 bundle)
    {
        Utf8 path = default;
        foreach (Pair pair in annotations ?? [])
        {
            if (pair.Key.Is(Sys.Bytes(name)))
                path = pair.Value;
        }

        if (path.IsEmpty)
            return null;

        // A fifo without a reader must be refused instead of waited for; the hook itself gets an ordinary descriptor.
        int fd = Sys.openat(
            Uapi.AT_FDCWD, Paths.Below(bundle, path).Span,
            Uapi.O_WRONLY | Uapi.O_APPEND | Uapi.O_CREAT | Uapi.O_NOCTTY | Uapi.O_NONBLOCK, 0x180 /* 0600 */);
        if (fd >= 0)
        {
            Sys.fcntl(fd, Uapi.F_SETFL, Uapi.O_APPEND);
            return new Fd(fd);
        }

        throw new FaultException(new Fault("cannot open the file for the output of hooks")
        {
            Field = $"annotations[\"{name}\"]",
            Value = path.ToString(),
            Syscall = "openat",
            Errno = -fd,
            Hint = fd == -Errno.ENXIO ? "a fifo needs a reader" : null,
        });
    }
}
