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

    // Single numbers amid others that all get the same.
    private bool[] _islands = [];
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
            if (!_islands[i] || _verdicts[i - 1] != _verdicts[first])
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
        int below = first + 1;
        for (int above = last; below < above;)
        {
            int half = (below + above) / 2;
            if (2 * _weights[half] < sum)
                below = half + 1;
            else
                above = half;
        }

        // Weights rise, so away from the half of the weight costs do, apart from the penalty.
        int middle = last;
        int least = int.MaxValue;
        for (int i = below - 1; i > first && sum - (2 * _weights[i]) <= least; i--)
        {
            int cost = sum - (2 * _weights[i]) + (TouchesIsland(i) ? penalty : 0);
            if (cost <= least)
                (middle, least) = (i, cost);
        }

        for (int i = below; i <= last && (2 * _weights[i]) - sum < least; i++)
        {
            int cost = (2 * _weights[i]) - sum + (TouchesIsland(i) ? penalty : 0);
            if (cost < least)
                (middle, least) = (i, cost);
        }

        return middle;

        bool TouchesIsland(int run) => (run < last && _islands[run]) || (run - 1 > first && _islands[run - 1]);
    }

    // Lays the rules over what numbers without a rule get.
    private void Merge(ReadOnlySpan<uint> starts, ReadOnlySpan<int> verdicts, uint lower, uint upper)
    {
        int piece = 0;
        int background = 0;
        for (int range = 0; range < 2; range++)
        {
            uint origin = range == 0 ? lower : upper;
            ReadOnlySpan<int> calls = _calls.AsSpan(range * Range, _last[range] + 1);
            int? before = null;
            for (int i = 0; i < calls.Length; i++)
            {
                uint number = origin + (uint)i;
                for (; piece < starts.Length && starts[piece] <= number; piece++)
                {
                    background = verdicts[piece];
                    Run(starts[piece], background);
                    before = null;
                }

                int call = calls[i];
                if (call == before)
                    continue;
                Run(number, call == 0 ? background : call < 0 ? call : List(call - 1));
                before = call;
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
        {
            _weights = new int[_starts.Length + 1];
            _islands = new bool[_starts.Length];
        }

        int total = 0;
        for (int i = 0; i < RunCount; i++)
        {
            _weights[i] = total;
            uint end = i + 1 < RunCount ? _starts[i + 1] : uint.MaxValue;
            _islands[i] = i > 0 && i < RunCount - 1 && end - _starts[i] == 1 && _verdicts[i - 1] == _verdicts[i + 1];
            total += (2 * (int)(Math.Min(end, Emulated) - Math.Min(_starts[i], Emulated))) + 1;
        }

        _weights[RunCount] = total;
    }
}
