using System;

namespace OciRun.Filters;

internal sealed partial class SeccompSection
{
    // Loading a filter, the kernel runs it once for each number an architecture has, some 480 of them: a run's share of
    // these is what its depth costs. Half a number more for each run keeps the rest of the tree balanced.
    private const uint Emulated = 480;

    // How many numbers are tested for one by one rather than searched; with more the tests take longer than the search.
    private const int LargestGroup = 3;

    private uint[] _starts = new uint[128];
    private int[] _verdicts = new int[128];
    private int[] _weights = [];
    private int[] _lists = new int[8];
    private int[] _places = new int[8];

    /// <summary>First numbers of the runs; the first is 0.</summary>
    public ReadOnlySpan<uint> Starts => _starts.AsSpan(0, RunCount);

    public ReadOnlySpan<int> Verdicts => _verdicts.AsSpan(0, RunCount);

    /// <summary>First clauses of the lists that verdicts name.</summary>
    public ReadOnlySpan<int> Lists => _lists.AsSpan(0, ListCount);

    public int RunCount { get; private set; }

    public int ListCount { get; private set; }

    /// <summary>Where the lists begin in the program, -1 while not written.</summary>
    public Span<int> Places => _places.AsSpan(0, ListCount);

    /// <summary>
    /// True for a few single numbers amid others that all get the same: testing for these takes one instruction each,
    /// searching two.
    /// </summary>
    public bool IsGroup(int first, int last)
    {
        if (last - first is < 2 or > 2 * LargestGroup || (last - first) % 2 != 0)
            return false;
        for (int i = first + 1; i < last; i += 2)
        {
            if (!IsIsland(i) || _verdicts[i - 1] != _verdicts[first])
                return false;
        }

        return true;
    }

    /// <summary>
    /// The run at which a range of runs is best divided: into halves of about the same weight, but not beside an island
    /// if others will do, so that groups stay together.
    /// </summary>
    public int Middle(int first, int last)
    {
        int sum = _weights[first] + _weights[last + 1];
        int penalty = (_weights[last + 1] - _weights[first]) * 4 / 5;
        int middle = last;
        int least = int.MaxValue;
        for (int i = first + 1; i <= last; i++)
        {
            int cost = Math.Abs((2 * _weights[i]) - sum);
            if ((i < last && IsIsland(i)) || (i - 1 > first && IsIsland(i - 1)))
                cost += penalty;
            if (cost < least)
            {
                least = cost;
                middle = i;
            }
        }

        return middle;
    }

    private bool IsIsland(int run) => run > 0 && run < RunCount - 1
        && _starts[run + 1] - _starts[run] == 1 && _verdicts[run - 1] == _verdicts[run + 1];

    // Lays the rules over what numbers without a rule get.
    private void Merge(ReadOnlySpan<uint> starts, ReadOnlySpan<int> verdicts, uint lower, uint upper)
    {
        int piece = 0;
        int background = 0;
        for (int range = 0; range < 2; range++)
        {
            uint origin = range == 0 ? lower : upper;
            for (int i = 0; i <= _last[range]; i++)
            {
                uint number = origin + (uint)i;
                for (; piece < starts.Length && starts[piece] <= number; piece++)
                {
                    background = verdicts[piece];
                    Run(starts[piece], background);
                }

                int call = _calls[(range * Range) + i];
                Run(number, call == 0 ? background : call < 0 ? call : List(call - 1));
            }

            if (_last[range] >= 0)
                Run(origin + (uint)_last[range] + 1, background);
        }

        for (; piece < starts.Length; piece++)
            Run(starts[piece], verdicts[piece]);
        Weigh();
    }

    private void Run(uint start, int verdict)
    {
        if (RunCount > 0 && _starts[RunCount - 1] == start)
            RunCount--;
        if (RunCount > 0 && _verdicts[RunCount - 1] == verdict)
            return;
        if (RunCount == _starts.Length)
        {
            Array.Resize(ref _starts, RunCount * 2);
            Array.Resize(ref _verdicts, RunCount * 2);
        }

        _starts[RunCount] = start;
        _verdicts[RunCount++] = verdict;
    }

    // Calls decided alike share one list.
    private int List(int head)
    {
        for (int i = 0; i < ListCount; i++)
        {
            if (Clauses.SameList(_lists[i], head))
                return i;
        }

        if (ListCount == _lists.Length)
        {
            Array.Resize(ref _lists, ListCount * 2);
            Array.Resize(ref _places, ListCount * 2);
        }

        _places[ListCount] = -1;
        _lists[ListCount] = head;
        return ListCount++;
    }

    private void Weigh()
    {
        if (_weights.Length <= RunCount)
            _weights = new int[_starts.Length + 1];
        int total = 0;
        for (int i = 0; i < RunCount; i++)
        {
            _weights[i] = total;
            uint end = i + 1 < RunCount ? _starts[i + 1] : uint.MaxValue;
            total += (2 * (int)(Math.Min(end, Emulated) - Math.Min(_starts[i], Emulated))) + 1;
        }

        _weights[RunCount] = total;
    }
}
