using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private const uint SCHED_DEADLINE = 6;

    // A policy without a nice value sets nice 0, as sched_setattr(2) has no way to leave it.
    private void Scheduler()
    {
        if (_config.Process!.Scheduler is not Scheduler scheduler)
            return;
        ulong flags = 0;
        foreach (Utf8 flag in scheduler.Flags ?? [])
            flags |= 1UL << flag.IndexIn(SchedulerNames.Flags);
        sched_attr* attr = Arena.Make<sched_attr>();
        *attr = new sched_attr
        {
            size = (uint)sizeof(sched_attr),
            sched_policy = (uint)scheduler.Policy.IndexIn(SchedulerNames.Policies),
            sched_flags = flags,
            sched_nice = scheduler.Nice ?? 0,
            sched_priority = (uint)(scheduler.Priority ?? 0),
            sched_runtime = scheduler.Runtime ?? 0,
            sched_deadline = scheduler.Deadline ?? 0,
            sched_period = scheduler.Period ?? 0,
        };

        // A deadline task may not fork, and a reset on fork would take back what the intermediate process got.
        if (_isExec && (attr->sched_policy == SCHED_DEADLINE || (flags & 1) != 0))
        {
            _plan.ParentScheduler = attr;
            return;
        }

        _plan.Add(new Step
        {
            Op = Op.Scheduler,
            Field = _plan.Field($"process.scheduler \"{scheduler.Policy}\""),
            Slot = Slot.None,
            Data = attr,
        });
    }
}
