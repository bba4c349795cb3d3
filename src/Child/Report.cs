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

    /// <summary>The seccomp listener travels with this record; the child waits.</summary>
    Listener,

    /// <summary>All is set up; the child waits.</summary>
    Ready,
}

/// <summary>Fixed-size record from the child to its parent, or to <c>start</c> after the gate.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Report
{
    public ReportKind Kind;

    /// <summary>Index of the step.</summary>
    public int Step;

    /// <summary>Number of the system call that failed.</summary>
    public int Syscall;

    /// <summary>Positive errno.</summary>
    public int Errno;

    public long Extra;

    public long Allocated;
}
