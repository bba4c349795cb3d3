using OciRun.Kernel;

namespace OciRun.Filters;

internal ref partial struct SeccompWriter
{
    private const uint NumberOffset = 0;

    /// <summary>Writes what one AUDIT_ARCH_* value's calls get: a search tree over the runs of numbers.</summary>
    /// <returns>The section's first instruction.</returns>
    public int Section(SeccompSection section)
    {
        Continue(Search(section, 0, section.RunCount - 1));
        return Load(NumberOffset);
    }

    // Decides between the runs from the first to the last.
    private int Search(SeccompSection section, int first, int last)
    {
        if (first == last)
            return Verdict(section, first);
        if (section.IsGroup(first, last))
        {
            int rest = Verdict(section, first);
            for (int i = last - 1; i > first; i -= 2)
                rest = Jump(Uapi.BPF_JMP_JEQ_K, section.Starts[i], Verdict(section, i), rest);
            return rest;
        }

        int middle = section.Middle(first, last);
        int upper = Search(section, middle, last);
        int lower = Search(section, first, middle - 1);
        return Jump(Uapi.BPF_JMP_JGE_K, section.Starts[middle], upper, lower);
    }

    private int Verdict(SeccompSection section, int run)
    {
        int verdict = section.Verdicts[run];
        if (verdict < 0)
            return verdict;
        ref int place = ref section.Places[verdict];
        if (place < 0)
            place = Clauses(section, section.Lists[verdict]);
        return place;
    }
}
