using System.Runtime.CompilerServices;
using OciRun.Kernel;

namespace OciRun.Child;

/// <summary>A process whose only purpose is the user namespace that it is in; it ends with its parent's socket.</summary>
internal static unsafe class Holder
{
    /// <summary>Never returns.</summary>
    /// <param name="parent">The parent's end of the socket pair: closed here, so that the parent's death is seen.</param>
    /// <param name="socket">This process's end.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run(int parent, int socket)
    {
        unchecked
        {
            Raw.close(parent);
            byte end;
            long n;
            do
                n = Raw.read(socket, &end, 1);
            while (n == -Errno.EINTR);
            while (true)
                Raw.exit_group(0);
        }
    }
}
