using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // The kernel's mask of nodes ends at 8 times a page (set_mempolicy(2)).
    private const int LastNode = (8 * 4096) - 2;

    private void MemoryPolicy()
    {
        if (_config.Linux?.MemoryPolicy is not MemoryPolicy policy)
            return;
        int mode = policy.Mode.IndexIn(MemoryPolicyNames.Modes);
        if (mode < 0)
            Invalid("mode", "linux.memoryPolicy.mode", policy.Mode, MemoryPolicyNames.Modes);
        int flags = 0;
        for (int i = 0; i < policy.Flags?.Length; i++)
        {
            int flag = policy.Flags[i].IndexIn(MemoryPolicyNames.Flags);
            if (flag < 0)
                Invalid("flag", $"linux.memoryPolicy.flags[{i}]", policy.Flags[i], MemoryPolicyNames.Flags);
            else
                flags |= 1 << (MemoryPolicyNames.FirstFlag + flag);
        }

        if (mode < 0)
            return;
        Nodes(policy, mode);
        Flags(policy, mode, flags);
    }

    private void Nodes(MemoryPolicy policy, int mode)
    {
        string? problem = null;
        string hint = "use a list such as 0-3,7";
        if (mode is MemoryPolicyNames.Default or MemoryPolicyNames.Local)
        {
            problem = policy.Nodes.IsEmpty ? null : $"mode requires 0 nodes but got {Count(policy.Nodes)}";
            hint = "remove them";
        }
        else if (policy.Nodes.IsEmpty)
            problem = mode == MemoryPolicyNames.Preferred ? null : $"{policy.Mode} needs at least one node";
        else if (NumberList.Parse(policy.Nodes.Span, out string wrong) is not ulong[] nodes)
            problem = $"invalid memory policy node: {wrong}";
        else if (NumberList.Last(nodes) > LastNode)
            problem = $"invalid memory policy node: a number above {LastNode}";
        if (problem is not null)
        {
            Add(new Fault(problem)
            {
                Field = "linux.memoryPolicy.nodes",
                Value = policy.Nodes.IsEmpty ? null : Shown(policy.Nodes),
                Hint = hint,
            });
        }
    }

    // What a list that is none counts as does not matter: it is wrong anyway.
    private static int Count(Utf8 nodes)
    {
        int count = 0;
        foreach (ulong word in NumberList.Parse(nodes.Span, out _) ?? [])
            count += System.Numerics.BitOperations.PopCount(word);
        return count;
    }

    private void Invalid(string what, string field, Utf8 word, string[] known) =>
        Add(new Fault($"invalid memory policy {what}" + (word.IsNull ? ": missing" : null))
        {
            Field = field,
            Value = word.IsNull ? null : Shown(word),
            Hint = "use one of " + string.Join(", ", known),
        });

    // The rules of the kernel, which only says EINVAL.
    private void Flags(MemoryPolicy policy, int mode, int flags)
    {
        const int placed = MemoryPolicyNames.StaticNodes | MemoryPolicyNames.RelativeNodes;
        string? problem = null;
        if ((flags & placed) == placed)
            problem = "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other";
        else if ((flags & MemoryPolicyNames.NumaBalancing) != 0 && mode is not (MemoryPolicyNames.Bind or MemoryPolicyNames.PreferredMany))
            problem = "MPOL_F_NUMA_BALANCING is only for MPOL_BIND and MPOL_PREFERRED_MANY";
        else if ((flags & placed) != 0 && policy.Nodes.IsEmpty && mode is MemoryPolicyNames.Local or MemoryPolicyNames.Preferred)
            problem = $"they place nodes, and {policy.Mode} has none here";
        if (problem is not null)
            Add(new Fault(problem) { Field = "linux.memoryPolicy.flags", Hint = "remove one of them" });
    }
}
