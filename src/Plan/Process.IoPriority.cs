using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void IoPriority()
    {
        if (_config.Process!.IoPriority is not IoPriority priority)
            return;
        int number = IoPriorityNames.FirstClass + priority.Class.IndexIn(IoPriorityNames.Classes);
        _plan.Add(
            Op.IoPriority,
            $"process.ioPriority \"{priority.Class}\"",
            flags: ((long)number << IoPriorityNames.ClassShift) | (uint)priority.Priority);
    }
}
