using System.Runtime.InteropServices;

namespace OciRun.Child;

/// <summary>Kinds of <see cref="Report"/>.</summary>
internal enum ReportKind
{
    /// <summary>A step failed; the child has ended.</summary>
    Failed = 1,

    /// <summary>A step had a problem that the config lets pass; <see cref="Report.Extra"/> says which.</summary>
    Warning,

    /// <summary>The final process was cloned; <see cref="Report.Extra"/> is its pid as the parent sees it.</summary>
    FinalPid,

    /// <summary>The master of the container's terminal travels with this record.</summary>
    Console,

    /// <summary>A socket of the container's network namespace travels with this record; the child waits.</summary>
    NetworkNamespace,

    /// <summary>A detached tree whose ids are to be mapped travels with this record; the child waits.</summary>
    MapIds,

    /// <summary>The seccomp listener travels with this record; the child waits.</summary>
    Listener,

    /// <summary>Time for the hooks that the parent runs; the child waits.</summary>
    RuntimeHooks,

    /// <summary>A startContainer hook begins; if nothing follows, the process died in it. Extra is its place in the list.</summary>
    HookBegins,

    /// <summary>That hook has ended well.</summary>
    HookEnded,

    /// <summary>The child waits for the compiled filter, to load it before it shows itself in the container.</summary>
    Filter,

    /// <summary>All is set up; the child waits.</summary>
    Ready,
}

/// <summary>Fixed-size record from the child to its parent, or to <c>start</c> after the gate.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Report
{
    /// <summary>For the number of a system call; 0 is read(2) on x86-64.</summary>
    public const int NoSyscall = -1;

    public ReportKind Kind;

    /// <summary>Index of the step.</summary>
    public int Step;

    /// <summary>Number of the system call that failed, <see cref="NoSyscall"/> when it was none.</summary>
    public int Syscall;

    /// <summary>Positive errno.</summary>
    public int Errno;

    public long Extra;

    public long Allocated;

    /// <summary><see cref="Extra"/> of a hook's failure, which no other step's reaches: place in its list, end and status.</summary>
    public static long HookExtra(int index, in HookResult result) =>
        unchecked(((long)index << 40) | ((long)(result.End + 1) << 32) | (result.End == HookEnd.NotStarted ? 0u : (uint)result.Status));

    /// <summary>Whether the failed step is a hook.</summary>
    public readonly bool IsHook => unchecked((Extra >> 32) & 0xff) != 0;

    /// <summary>Place of the hook in its list.</summary>
    public readonly int HookIndex => unchecked((int)(Extra >> 40));

    /// <summary>How the hook ended.</summary>
    public readonly HookResult Hook => unchecked(new HookResult
    {
        End = (HookEnd)(((Extra >> 32) & 0xff) - 1),
        Status = Syscall != NoSyscall ? -Errno : (int)(Extra & 0x7fffffff),
        Syscall = Syscall,
    });
}
