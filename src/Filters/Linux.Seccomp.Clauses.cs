using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Filters;

/// <summary>Conditions that must all hold, and what the call then gets.</summary>
internal struct SeccompClause
{
    /// <summary>The clause tested when this one does not hold, or -1 for the default action.</summary>
    public int Next;

    /// <summary>First of its conditions in <see cref="SeccompClauses.Conditions"/>.</summary>
    public int First;

    public int Count;

    /// <summary>Index into <see cref="SeccompRules.Actions"/>.</summary>
    public int Action;

    /// <summary>Index into <see cref="SeccompRules.Rules"/>.</summary>
    public int Rule;
}

/// <summary>
/// For each call with conditional rules the list of them in the order in which they are tested; the first that holds
/// decides. The order is libseccomp's, so that a profile whose rules overlap means the same as under runc.
/// </summary>
internal sealed class SeccompClauses
{
    private SeccompClause[] _clauses = new SeccompClause[16];
    private SeccompCondition[] _conditions = new SeccompCondition[32];
    private int _clauseCount;
    private int _conditionCount;

    public ref readonly SeccompClause this[int index] => ref _clauses[index];

    public ReadOnlySpan<SeccompCondition> Conditions(int clause) =>
        _conditions.AsSpan(_clauses[clause].First, _clauses[clause].Count);

    public void Clear()
    {
        _clauseCount = 0;
        _conditionCount = 0;
    }

    /// <summary>Begins a clause that <see cref="Add"/> finishes.</summary>
    public void Begin(int rule, int action)
    {
        if (_clauseCount == _clauses.Length)
            Array.Resize(ref _clauses, _clauseCount * 2);
        _clauses[_clauseCount] = new SeccompClause { Next = -1, First = _conditionCount, Action = action, Rule = rule };
    }

    /// <summary>Adds a condition to the clause begun; those of lower arguments come first.</summary>
    public void Require(in SeccompCondition condition)
    {
        if (condition.Always)
            return;
        if (_conditionCount == _conditions.Length)
            Array.Resize(ref _conditions, _conditionCount * 2);
        _conditions[_conditionCount++] = condition;
        _clauses[_clauseCount].Count++;
    }

    /// <summary>Puts the clause begun into its place in a list.</summary>
    /// <param name="head">First clause of the list, -1 when empty.</param>
    /// <returns>False when nothing is left to test, so that the action holds for every call.</returns>
    /// <exception cref="FaultException">The same conditions, or fewer, already lead to another action.</exception>
    public bool Add(ref int head)
    {
        ref SeccompClause clause = ref _clauses[_clauseCount];
        if (clause.Count == 0)
            return false;

        // The range [at, end) holds the clauses that agree with this one in all conditions before `depth`.
        int before = -1;
        int at = head;
        int end = -1;
        for (int depth = 0; depth < clause.Count; depth++)
        {
            int steps = 0;
            while (at != end && _clauses[at].Count > depth
                && !Condition(at, depth).Same(Condition(_clauseCount, depth))
                && !Condition(at, depth).YieldsTo(Condition(_clauseCount, depth)))
            {
                if (++steps > Uapi.BPF_MAXINSNS)
                    throw SeccompWriter.TooLarge();
                before = at;
                at = _clauses[at].Next;
            }

            if (at != end && _clauses[at].Count == depth)
            {
                // A clause with fewer conditions is there, so this one would never be reached.
                _conditionCount = clause.First;
                return true;
            }

            int next = at;
            while (next != end && Condition(next, depth).Same(Condition(_clauseCount, depth)))
                next = _clauses[next].Next;
            end = next;
            if (at == end)
                break;
        }

        // What is left of the range are the clauses that this one makes unreachable.
        for (; at != end; at = _clauses[at].Next)
        {
            if (_clauses[at].Action != clause.Action)
                throw Contradiction(_clauses[at].Rule, clause.Rule);
        }

        clause.Next = end;
        if (before < 0)
            head = _clauseCount;
        else
            _clauses[before].Next = _clauseCount;
        _clauseCount++;
        return true;
    }

    /// <summary>True when two lists decide every call alike.</summary>
    public bool SameList(int one, int other)
    {
        while (one >= 0 && other >= 0 && _clauses[one].Action == _clauses[other].Action
            && SameConditions(Conditions(one), Conditions(other)))
        {
            one = _clauses[one].Next;
            other = _clauses[other].Next;
        }

        return one == other;
    }

    private static bool SameConditions(ReadOnlySpan<SeccompCondition> one, ReadOnlySpan<SeccompCondition> other)
    {
        if (one.Length != other.Length)
            return false;
        for (int i = 0; i < one.Length; i++)
        {
            if (!one[i].Same(other[i]))
                return false;
        }

        return true;
    }

    private ref SeccompCondition Condition(int clause, int depth) => ref _conditions[_clauses[clause].First + depth];

    private static FaultException Contradiction(int earlier, int later) => new(new Fault(
        $"linux.seccomp.syscalls[{earlier}] demands another action for the same call and arguments")
    {
        Field = $"linux.seccomp.syscalls[{later}]",
        Hint = "drop one of the two, or tell them apart by an argument",
    });
}
