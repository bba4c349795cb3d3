using System.Text;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal static unsafe partial class PlanText
{
    private static string IoPriority(long value) =>
        $"{IoPriorityNames.Classes[(value >> IoPriorityNames.ClassShift) - IoPriorityNames.FirstClass]} {value & 7}";

    private static string Scheduler(sched_attr* attr)
    {
        StringBuilder text = new(SchedulerNames.Policies[attr->sched_policy]);
        text.Append(" nice ").Append(attr->sched_nice).Append(" priority ").Append(attr->sched_priority);
        if (attr->sched_policy == SchedulerNames.Deadline)
            text.Append($" runtime {attr->sched_runtime} deadline {attr->sched_deadline} period {attr->sched_period}");
        AppendBits(text, attr->sched_flags, SchedulerNames.Flags);
        return text.ToString();
    }

    private static string MemoryPolicy(in Step step)
    {
        StringBuilder text = new(MemoryPolicyNames.Modes[step.Flags & ((1 << MemoryPolicyNames.FirstFlag) - 1)]);
        AppendBits(text, (ulong)step.Flags >> MemoryPolicyNames.FirstFlag, MemoryPolicyNames.Flags);
        ulong* mask = (ulong*)step.Data;
        char separator = ' ';
        for (int node = 0; node < step.Number - 1; node++)
        {
            if ((mask[node / 64] & (1UL << (node % 64))) == 0)
                continue;
            text.Append(separator).Append(node);
            separator = ',';
        }

        return text.ToString();
    }

    private static void AppendBits(StringBuilder text, ulong bits, string[] names)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if ((bits & (1UL << i)) != 0)
                text.Append(' ').Append(names[i]);
        }
    }
}
