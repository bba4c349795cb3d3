using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // The kernel measures in units of 1024 ns and wants at least one (sched_setattr(2), SCHED_DEADLINE).
    private const ulong ShortestRuntime = 1024;

    private void Scheduler(Scheduler? scheduler)
    {
        if (scheduler is null)
            return;
        int policy = scheduler.Policy.IndexIn(SchedulerNames.Policies);
        if (policy < 0)
            Unknown("policy", "process.scheduler.policy", scheduler.Policy, SchedulerNames.Policies);
        for (int i = 0; i < scheduler.Flags?.Length; i++)
        {
            if (scheduler.Flags[i].IndexIn(SchedulerNames.Flags) < 0)
                Unknown("flag", $"process.scheduler.flags[{i}]", scheduler.Flags[i], SchedulerNames.Flags);
        }

        if (scheduler.Nice is < -20 or > 19)
            Scheduler("nice", scheduler.Nice.Value.ToString(), "out of range", "use a number from -20 (most) to 19 (least)");
        if (policy < 0)
            return;

        // A nice value beside another policy has no effect (sched_setattr(2)); configs for runc and crun have it.
        Priority(scheduler, policy is SchedulerNames.Fifo or SchedulerNames.RoundRobin);
        if (policy == SchedulerNames.Deadline)
        {
            Deadline(scheduler);
            Children(scheduler);
        }
        else
        {
            NotDeadline("runtime", scheduler.Runtime);
            NotDeadline("deadline", scheduler.Deadline);
            NotDeadline("period", scheduler.Period);
        }
    }

    private void Priority(Scheduler scheduler, bool realTime)
    {
        int priority = scheduler.Priority ?? 0;
        if (realTime && priority is < 1 or > 99)
            Scheduler("priority", scheduler.Priority?.ToString(), "out of range", "use a number from 1 (least) to 99 (most)");
        else if (!realTime && priority != 0)
            Scheduler("priority", priority.ToString(), "only for SCHED_FIFO and SCHED_RR", "remove it");
    }

    // A period of 0 is the deadline.
    private void Deadline(Scheduler scheduler)
    {
        ulong runtime = scheduler.Runtime ?? 0;
        ulong deadline = scheduler.Deadline ?? 0;
        ulong period = scheduler.Period is null or 0 ? deadline : scheduler.Period.Value;
        if (runtime < ShortestRuntime)
            Scheduler("runtime", scheduler.Runtime?.ToString(), "too short for SCHED_DEADLINE", $"give at least {ShortestRuntime} nanoseconds");
        else if (runtime > deadline)
            Scheduler("deadline", scheduler.Deadline?.ToString(), "before the end of the runtime", $"give at least {runtime} nanoseconds");
        else if (deadline > period)
            Scheduler("period", period.ToString(), "shorter than the deadline", $"give at least {deadline} nanoseconds");
        else if (period > long.MaxValue)
            Scheduler("period", period.ToString(), "out of range", $"give at most {long.MaxValue} nanoseconds");
    }

    // sched(7): a process with this policy and without the flag cannot fork, and startContainer hooks are its children.
    private void Children(Scheduler scheduler)
    {
        if (_config.Hooks?.StartContainer is not { Length: > 0 }
            || Array.Exists(scheduler.Flags ?? [], static flag => flag.Is("SCHED_FLAG_RESET_ON_FORK"u8)))
            return;
        Scheduler("flags", null, "startContainer hooks cannot be started under SCHED_DEADLINE", "add SCHED_FLAG_RESET_ON_FORK, or remove the hooks");
    }

    private void NotDeadline(string member, ulong? value)
    {
        if (value is not (null or 0))
            Scheduler(member, value.Value.ToString(), "only for SCHED_DEADLINE", "remove it");
    }

    private void Scheduler(string member, string? value, string problem, string hint) =>
        Add(new Fault(problem) { Field = "process.scheduler." + member, Value = value, Hint = hint });
}
