using System.Runtime.InteropServices;

namespace OciRun.Tests.Integration;

/// <summary>What the tests need from libc beside Mono.Posix.</summary>
internal static class Native
{
    [DllImport("libc", EntryPoint = "prctl")]
    internal static extern int prctl(int option, nint arg2, nint arg3, nint arg4, nint arg5);

    /// <summary>Flag 2 exchanges the two.</summary>
    [DllImport("libc", EntryPoint = "renameat2", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    internal static extern int renameat2(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);
}
