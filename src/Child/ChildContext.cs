using System.Runtime.InteropServices;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>What the parent hands to the child: pointers into the plan's arena, and the few results that steps share.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ChildContext
{
    /// <summary>Bytes at <see cref="Message"/>.</summary>
    public const int MessageSize = 4096;

    public Step* Steps;
    public int StepCount;

    /// <summary>Descriptor numbers by <see cref="Slot"/>, -1 while empty.</summary>
    public int* Slots;

    public int SlotCount;

    /// <summary>Descriptors of the parent that the child closes first.</summary>
    public int* Closed;

    public int ClosedCount;

    /// <summary>Descriptors 3 to 2+N that stay open in the container.</summary>
    public int PreserveFds;

    /// <summary>Non-zero when the parent has work to do (id maps, cgroup) before the first step may go on.</summary>
    public int WaitForParent;

    /// <summary>Non-zero when the start gate is a listening socket; else the go-ahead comes on the sync socket.</summary>
    public int HasGate;

    /// <summary>Non-zero when the mount API of Linux 5.2 answers.</summary>
    public int HasMountApi;

    /// <summary>Non-zero when mount_setattr(2) of Linux 5.12 answers.</summary>
    public int HasMountSetattr;

    /// <summary>Non-zero when the destination opened last was not there and has been made.</summary>
    public int TargetIsNew;

    /// <summary>Bit by <see cref="Slot"/>: the cover in it is attached somewhere, so the next use clones it.</summary>
    public int Attached;

    /// <summary>Zero once the filter may forbid a write for a mere warning.</summary>
    public int WarningsAllowed;

    /// <summary>Non-zero when the last record did not reach the parent, which therefore will not answer.</summary>
    public int IsUnheard;

    /// <summary>Non-zero once the filter is loaded ahead of its usual place.</summary>
    public int Filtered;

    /// <summary>Non-zero when root may not enter the working directory and its user is still to try.</summary>
    public int LateDirectory;

    /// <summary>The signalfd of the gate, 0 until it is made.</summary>
    public int GateSignals;

    /// <summary>Two PATH_MAX buffers for path walks and texts.</summary>
    public byte* Scratch;

    /// <summary>Shared with the parent, and with `start` where the filter may forbid to tell it: the record of the failure.</summary>
    public Report* Last;

    /// <summary>Behind <see cref="Last"/>: what a file system said about a refused option, NUL-terminated.</summary>
    public byte* Message;

    /// <summary>Bytes of the message that are sent after a failure record, for a reader without the shared memory.</summary>
    public int MessageLength;

    /// <summary>Shared with the parent: bit by RLIMIT_* of the limits that it may not set for another user's process.</summary>
    public uint* RlimitsLeft;

    /// <summary>Shared with the parent, which compiles the filter while the child sets up.</summary>
    public SeccompSlot* Seccomp;

    /// <summary>
    /// Shared with the parent: when each step began in nanoseconds of CLOCK_REALTIME, and behind the last one when a step
    /// failed. Null when nobody wants to know.
    /// </summary>
    public long* Marks;

    /// <summary>First step that is not marked: the filter may forbid to read the clock.</summary>
    public int MarkLimit;

    /// <summary>System call of the failure being reported.</summary>
    public int Syscall;

    /// <summary>One more word about it; its meaning depends on the step.</summary>
    public long Extra;

    /// <summary>Index of the step being run.</summary>
    public int Current;

    /// <summary>Managed bytes allocated by the main thread when the child was cloned, in builds that measure.</summary>
    public long AllocatedBefore;

    /// <summary>Managed bytes allocated by the child; builds that measure report it with <see cref="ReportKind.Ready"/>.</summary>
    public long Allocated;
}

/// <summary>The compiled seccomp filter in memory shared by both halves.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SeccompSlot
{
    public const int MaximumInstructions = 4096;

    /// <summary>The parent's byte to a child whose listener it may not take; every other byte means go on.</summary>
    public const byte SendListener = 2;

    public sock_fprog Program;
    public uint Flags;

    /// <summary>Part of <see cref="Flags"/> that is dropped when the kernel does not know it.</summary>
    public uint OptionalFlags;

    /// <summary>Non-zero when the filter lets the call pass that tells whether there is one.</summary>
    public int IsToBeVerified;

    /// <summary>Non-zero when the filter lets the calls pass that lead up to execve, so that it can be loaded early.</summary>
    public int Early;

    /// <summary>
    /// The child's number of the filter's listener plus 1, 0 before the load. In shared memory because the filter may
    /// forbid every call that could tell the parent.
    /// </summary>
    public int Listener;
}
