namespace OciRun.Filters;

/// <summary>The comparisons of <c>linux.seccomp.syscalls[].args[].op</c>, under libseccomp's names.</summary>
internal enum SeccompOperator : byte
{
    EQ,
    GE,
    GT,
    LE,
    LT,
    MASKED_EQ,
    NE,
}

/// <summary>One condition on one argument, as one architecture compares it.</summary>
internal struct SeccompCondition
{
    /// <summary>0 to 5.</summary>
    public byte Index;

    public SeccompOperator Op;

    /// <summary>Compare 64 bits; else only the lower 32 of argument, value and mask count.</summary>
    public bool Wide;

    /// <summary>The value compared with, already masked.</summary>
    public ulong Value;

    /// <summary>All ones except for <see cref="SeccompOperator.MASKED_EQ"/>.</summary>
    public ulong Mask;

    /// <summary>True when the condition holds for every argument, so that libseccomp leaves it out.</summary>
    public readonly bool Always => Op == SeccompOperator.MASKED_EQ && Mask == 0;

    /// <summary>The condition that a 64-bit argument has one value.</summary>
    public static SeccompCondition Equal(byte index, ulong value) =>
        new() { Index = index, Op = SeccompOperator.EQ, Wide = true, Value = value, Mask = ulong.MaxValue };

    /// <summary>The condition as an architecture with 32-bit arguments sees it.</summary>
    public readonly SeccompCondition Narrow()
    {
        SeccompCondition narrow = this;
        narrow.Wide = false;
        narrow.Value = Value & uint.MaxValue;
        narrow.Mask = Mask & uint.MaxValue;
        return narrow;
    }

    public readonly bool Same(in SeccompCondition other) =>
        Index == other.Index && Op == other.Op && Wide == other.Wide && Value == other.Value && Mask == other.Mask;

    /// <summary>
    /// Which of two conditions a filter tests first when their rules demand different actions: libseccomp puts the higher
    /// argument first, then (in)equality, then less-than from the smallest value up, then greater-than from the
    /// largest down, halves of 64 bits compared one after the other; what is still equal stays in the order of the profile.
    /// </summary>
    /// <param name="later">A condition of a later rule.</param>
    /// <returns>True when <paramref name="later"/> goes first.</returns>
    public readonly bool YieldsTo(in SeccompCondition later)
    {
        if (Index != later.Index)
            return Index < later.Index;
        int rank = Rank(Op);
        if (rank != Rank(later.Op))
            return rank < Rank(later.Op);
        bool ascending = rank == 2;
        if (Value >> 32 != later.Value >> 32)
            return ascending == Value >> 32 > later.Value >> 32;
        bool sameHigh = (Op == SeccompOperator.MASKED_EQ) == (later.Op == SeccompOperator.MASKED_EQ)
            && Mask >> 32 == later.Mask >> 32;
        if (Value == later.Value || (Wide && !sameHigh))
            return false;
        return ascending == Value > later.Value;
    }

    private static int Rank(SeccompOperator op) => op switch
    {
        SeccompOperator.GE or SeccompOperator.GT => 1,
        SeccompOperator.LE or SeccompOperator.LT => 2,
        _ => 3,
    };
}
