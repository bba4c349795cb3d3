using System.Text;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private int _timeOffsets = Slot.None;

    // A file of the process in /proc is closed to it once it enters a user namespace or is not dumpable, so it is opened
    // before and written after the namespace is made.
    private void OpenTimeOffsets()
    {
        if (_linux.TimeOffsets is null or { Monotonic: null, Boottime: null } || (_plan.NewNamespaces & Uapi.CLONE_NEWTIME) == 0)
            return;
        _timeOffsets = _plan.NewSlot();
        _plan.Add(TextStep(Op.OpenTimeOffsets, "/proc"u8, "linux.timeOffsets") with { Slot = _timeOffsets });
    }

    // Before the process or a child of it enters the namespace: the offsets are fixed from then on (time_namespaces(7)).
    private void TimeOffsets()
    {
        if (_timeOffsets == Slot.None)
            return;
        StringBuilder text = new();
        Append(text, "monotonic", _linux.TimeOffsets!.Monotonic);
        Append(text, "boottime", _linux.TimeOffsets.Boottime);
        byte[] bytes = Encoding.ASCII.GetBytes(text.ToString());
        _plan.Add(TextStep(Op.TimeOffsets, bytes, "linux.timeOffsets") with { Slot = _timeOffsets, Number = bytes.Length });
    }

    private static void Append(StringBuilder text, string clock, TimeOffset? offset)
    {
        if (offset is not null)
            text.Append(clock).Append(' ').Append(offset.Secs).Append(' ').Append(offset.Nanosecs).Append('\n');
    }
}
