using System;
using System.Numerics;

namespace OciRun.Spec;

/// <summary>Lists of CPUs and of memory nodes such as <c>0-3,7</c> (cpuset(7), "List format").</summary>
internal static class NumberList
{
    /// <summary>Above what any kernel can be built for: 8192 CPUs and 1024 nodes; it bounds what a hostile list allocates.</summary>
    public const int Highest = 65535;

    /// <summary>The members as a bit mask, 64 in a word, just as long as the highest needs.</summary>
    /// <param name="text">Numbers and ranges between commas; blanks around them and empty parts mean nothing.</param>
    /// <param name="problem">What is wrong with the text, empty when nothing is.</param>
    /// <returns>Null when the list is not one. Never empty.</returns>
    public static ulong[]? Parse(ReadOnlySpan<byte> text, out string problem)
    {
        problem = "";
        ulong[]? mask = null;
        foreach (Range part in text.Split((byte)','))
        {
            ReadOnlySpan<byte> range = text[part].Trim(" \t\r\n"u8);
            if (range.IsEmpty)
                continue;
            int dash = range.IndexOf((byte)'-');
            int first = Number(dash < 0 ? range : range[..dash]);
            int last = dash < 0 ? first : Number(range[(dash + 1)..]);
            if (first < 0 || last < 0)
                problem = "not a list of numbers and ranges";
            else if (first > Highest || last > Highest)
                problem = $"a number above {Highest}";
            else if (first > last)
                problem = "a range that ends before it starts";
            if (problem.Length > 0)
                return null;
            if (mask is null || mask.Length <= last / 64)
                Array.Resize(ref mask, (last / 64) + 1);
            for (int i = first; i <= last; i++)
                mask[i / 64] |= 1UL << (i % 64);
        }

        if (mask is null)
            problem = "a list without a number";
        return mask;
    }

    /// <summary>The highest member of a list that was parsed.</summary>
    public static int Last(ulong[] mask) => (mask.Length * 64) - 1 - BitOperations.LeadingZeroCount(mask[^1]);

    // Beyond Highest any number is as good as any other.
    private static int Number(ReadOnlySpan<byte> digits)
    {
        digits = digits.Trim(" \t"u8);
        int number = 0;
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
                return -1;
            number = Math.Min((number * 10) + (digit - '0'), Highest + 1);
        }

        return digits.IsEmpty ? -1 : number;
    }
}
