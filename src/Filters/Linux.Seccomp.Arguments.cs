using System;
using OciRun.Kernel;

namespace OciRun.Filters;

internal ref partial struct SeccompWriter
{
    private const uint ArgumentsOffset = 16;

    // Writes a list of clauses, each going on to the next when it does not hold, the last to the default action.
    private int Clauses(SeccompSection section, int head)
    {
        int count = 0;
        for (int i = head; i >= 0; i = section.Clauses[i].Next)
            count++;
        Span<int> order = count <= 64 ? stackalloc int[64] : new int[count];
        count = 0;
        for (int i = head; i >= 0; i = section.Clauses[i].Next)
            order[count++] = i;

        int next = ~SeccompRules.Default;
        while (count > 0)
        {
            ref readonly SeccompClause clause = ref section.Clauses[order[count - 1]];
            ReadOnlySpan<SeccompCondition> conditions = section.Clauses.Conditions(order[count - 1]);
            int values = Values(section, order[..count]);
            if (values > 1)
            {
                next = AnyValue(section, order[(count - values)..count], next);
                count -= values;
                continue;
            }

            int holds = ~clause.Action;
            for (int i = conditions.Length - 1; i >= 0; i--)
                holds = Test(conditions[i], section.BigEndian, holds, next);
            next = holds;
            count--;
        }

        return next;
    }

    // How many clauses at the end of a list test one argument for values that differ in the lower half alone.
    private static int Values(SeccompSection section, scoped ReadOnlySpan<int> order)
    {
        int count = 0;
        SeccompCondition last = default;
        for (int i = order.Length - 1; i >= 0; i--, count++)
        {
            ReadOnlySpan<SeccompCondition> conditions = section.Clauses.Conditions(order[i]);
            if (conditions.Length != 1 || conditions[0].Op != SeccompOperator.EQ)
                break;
            if (count == 0)
                last = conditions[0];
            else if (conditions[0].Index != last.Index || conditions[0].Value >> 32 != last.Value >> 32)
                break;
        }

        return count;
    }

    // The argument is loaded once for all of them.
    private int AnyValue(SeccompSection section, scoped ReadOnlySpan<int> order, int fails)
    {
        int next = fails;
        for (int i = order.Length - 1; i >= 0; i--)
        {
            uint value = (uint)(section.Clauses.Conditions(order[i])[0].Value & uint.MaxValue);
            next = Jump(Uapi.BPF_JMP_JEQ_K, value, ~section.Clauses[order[i]].Action, next);
        }

        SeccompCondition first = section.Clauses.Conditions(order[0])[0];
        next = Load(Low(first.Index, section.BigEndian));
        if (!first.Wide)
            return next;
        Jump(Uapi.BPF_JMP_JEQ_K, (uint)(first.Value >> 32), next, fails);
        return Load(High(first.Index, section.BigEndian));
    }

    // Tests one argument and goes to one of two targets.
    private int Test(in SeccompCondition condition, bool bigEndian, int holds, int fails)
    {
        uint low = (uint)(condition.Value & uint.MaxValue);
        uint high = (uint)(condition.Value >> 32);
        uint lowMask = (uint)(condition.Mask & uint.MaxValue);
        uint highMask = condition.Wide ? (uint)(condition.Mask >> 32) : 0;
        bool negated = condition.Op is SeccompOperator.NE or SeccompOperator.LT or SeccompOperator.LE;
        int yes = negated ? fails : holds;
        int no = negated ? holds : fails;
        ushort op = condition.Op switch
        {
            SeccompOperator.GE or SeccompOperator.LT => Uapi.BPF_JMP_JGE_K,
            SeccompOperator.GT or SeccompOperator.LE => Uapi.BPF_JMP_JGT_K,
            _ => Uapi.BPF_JMP_JEQ_K,
        };
        int at = -1;
        if (lowMask != 0)
        {
            at = Jump(op, low, yes, no);
            if (lowMask != uint.MaxValue)
                And(lowMask);
            at = Load(Low(condition.Index, bigEndian));
        }

        if (highMask == 0)
            return at;
        int equal = lowMask == 0 ? yes : at;
        if (op == Uapi.BPF_JMP_JEQ_K)
        {
            Jump(op, high, equal, no);
        }
        else
        {
            // A greater upper half decides; an equal one leaves it to the lower half. Nothing is less than 0.
            int more = Jump(Uapi.BPF_JMP_JEQ_K, high, equal, high == 0 ? yes : no);
            if (high != 0)
                Jump(Uapi.BPF_JMP_JGT_K, high, yes, more);
        }

        if (highMask != uint.MaxValue)
            And(highMask);
        return Load(High(condition.Index, bigEndian));
    }

    private static uint Low(byte index, bool bigEndian) => ArgumentsOffset + (index * 8u) + (bigEndian ? 4u : 0u);

    private static uint High(byte index, bool bigEndian) => ArgumentsOffset + (index * 8u) + (bigEndian ? 0u : 4u);
}
