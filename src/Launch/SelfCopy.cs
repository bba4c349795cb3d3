using System.Runtime;
using System.Runtime.CompilerServices;
using OciRun.Errors;

namespace OciRun.Launch;

/// <summary>
/// A process that enters a container runs from a copy of the executable that cannot be written to (CVE-2019-5736).
/// <c>seal.c</c> makes the copy before the language runtime starts; docs/decisions.md has the measurement.
/// </summary>
internal static class SelfCopy
{
    /// <summary>Returns in the sealed copy, with all signals blocked in every thread; else replaces the process.</summary>
    /// <exception cref="FaultException">Neither an overlay nor a memfd can be made.</exception>
    public static void Ensure()
    {
        int result = Seal();
        if (result == 0)
            return;
        throw new FaultException(new Fault("cannot run a protected copy of the runtime")
        {
            Syscall = "execveat",
            Errno = -result,
            Hint = "the kernel must allow a read-only overlayfs mount or an executable memfd, and /proc must be mounted",
        });
    }

    /// <summary>
    /// When this process began to run the program, in nanoseconds of CLOCK_REALTIME: before the language runtime started,
    /// and after the copy was made. 0 in a build that is not compiled ahead of time.
    /// </summary>
    public static long Started => RuntimeFeature.IsDynamicCodeSupported ? 0 : StartTime();

    [MethodImpl(MethodImplOptions.InternalCall)]
    [RuntimeImport("ocirun", "ocirun_seal")]
    private static extern int Seal();

    [MethodImpl(MethodImplOptions.InternalCall)]
    [RuntimeImport("ocirun", "ocirun_start_time")]
    private static extern long StartTime();
}
