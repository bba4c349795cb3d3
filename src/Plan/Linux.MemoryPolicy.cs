using System;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // The kernel takes one bit less than it is told (set_mempolicy(2), "BUGS").
    private void MemoryPolicy()
    {
        if (_linux.MemoryPolicy is not MemoryPolicy policy)
            return;
        long mode = policy.Mode.IndexIn(MemoryPolicyNames.Modes);
        foreach (Utf8 flag in policy.Flags ?? [])
            mode |= 1L << (MemoryPolicyNames.FirstFlag + flag.IndexIn(MemoryPolicyNames.Flags));
        ulong[]? nodes = policy.Nodes.IsEmpty ? null : NumberList.Parse(policy.Nodes.Span, out _);
        Step step = new()
        {
            Op = Op.MemoryPolicy,
            Field = _plan.Field($"linux.memoryPolicy \"{policy.Mode}\""),
            Slot = Slot.None,
            Flags = mode,
        };
        if (nodes is not null)
        {
            ulong* mask = Arena.Array<ulong>(nodes.Length);
            nodes.CopyTo(new Span<ulong>(mask, nodes.Length));
            step.Data = mask;
            step.Number = NumberList.Last(nodes) + 2;
        }

        _plan.Add(step);
    }
}
