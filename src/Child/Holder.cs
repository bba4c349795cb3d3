using System.Runtime.CompilerServices;
using OciRun.Kernel;

namespace OciRun.Child;

/// <summary>A process whose only purpose is the user namespace that it is in; it ends with its parent's socket.</summary>
internal static unsafe class Holder
{
    /// <summary>Never returns.</summary>
    /// <param name="parent">The parent's end of the socket pair: closed here, so that the parent's death is seen.</param>
    /// <param name="socket">This process's end. One byte on it says that the namespace is entered, two that it is not.</param>
    /// <param name="join">Descriptor of a user namespace to enter, or -1 when clone made one.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run(int parent, int socket, int join)
    {
        unchecked
        {
            Raw.close(parent);
            short told = 0;
            bool entered = join < 0 || Raw.setns(join, Uapi.CLONE_NEWUSER) >= 0;
            Raw.write(socket, &told, entered ? 1 : 2);
            long n;
            do
                n = Raw.read(socket, &told, 1);
            while (n == -Errno.EINTR);
            while (true)
                Raw.exit_group(0);
        }
    }
}
