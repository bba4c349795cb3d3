using System;
using System.Runtime.InteropServices;
using System.Text;

namespace OciRun.Kernel;

/// <summary>
/// The parent's door to the kernel: one wrapper per system call, under the kernel's name, returning the result or a
/// negative errno. Paths are UTF-8 bytes without a terminator; a longer one than PATH_MAX gives -ENAMETOOLONG and an
/// embedded NUL -EINVAL. Calls that can block retry on EINTR only where their docstring says so.
/// </summary>
internal static unsafe partial class Sys
{
    private const int PATH_MAX = 4096;

    private static long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0)
    {
        unchecked
        {
            nint result = syscall((nint)number, (nint)a, (nint)b, (nint)c, (nint)d, (nint)e, (nint)f);
            return result != -1 ? result : -*__errno_location();
        }
    }

    // Copies a path and terminates it; false when it does not fit or would be cut at a NUL.
    private static int Terminate(ReadOnlySpan<byte> path, byte* into)
    {
        if (path.Length >= PATH_MAX)
            return -Errno.ENAMETOOLONG;
        if (path.Contains((byte)0))
            return -Errno.EINVAL;
        path.CopyTo(new Span<byte>(into, PATH_MAX));
        into[path.Length] = 0;
        return 0;
    }

    /// <summary>UTF-8 bytes of a .NET text, for the paths that come from the command line.</summary>
    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [DllImport("libc")]
    private static extern nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int* __errno_location();
}
