using System;

namespace OciRun.Cgroups;

/// <summary>Type signatures (D-Bus Specification, "Valid Signatures").</summary>
internal static class DBusSignature
{
    /// <summary>The specification allows 32 arrays within 32 structures; both ends limit the sum to 64.</summary>
    public const int Deepest = 64;

    /// <summary>The length of a signature is one byte.</summary>
    public const int Longest = 255;

    /// <summary>Boundary that a value of this type starts at, in bytes from the start of the message.</summary>
    public static int Alignment(char type) => type switch
    {
        'y' or 'g' or 'v' => 1,
        'n' or 'q' => 2,
        'x' or 't' or 'd' or '(' or '{' => 8,
        _ => 4,
    };

    /// <summary>Length of the complete type that a signature starts with; 0 when it starts with none.</summary>
    public static int LengthOfFirst(ReadOnlySpan<char> signature) => Measure(signature, 0, entry: false);

    /// <summary>Whether it is one complete type and nothing else.</summary>
    public static bool IsOne(ReadOnlySpan<char> signature) =>
        signature.Length is > 0 and <= Longest && LengthOfFirst(signature) == signature.Length;

    private static int Measure(ReadOnlySpan<char> signature, int depth, bool entry)
    {
        if (signature.IsEmpty || depth > Deepest)
            return 0;
        switch (signature[0])
        {
            case 'y' or 'b' or 'n' or 'q' or 'i' or 'u' or 'x' or 't' or 'd' or 'h' or 's' or 'o' or 'g' or 'v':
                return 1;
            case 'a':
                int element = Measure(signature[1..], depth + 1, entry: true);
                return element == 0 ? 0 : element + 1;
            case '(':
                return Members(signature, depth, ')', int.MaxValue);
            case '{' when entry && signature.Length > 1 && "ybnqiuxtdhsog".Contains(signature[1], StringComparison.Ordinal):
                return Members(signature, depth, '}', 2);
            default:
                return 0;
        }
    }

    private static int Members(ReadOnlySpan<char> signature, int depth, char close, int most)
    {
        int at = 1;
        int count = 0;
        while (at < signature.Length && signature[at] != close)
        {
            int member = Measure(signature[at..], depth + 1, entry: false);
            if (member == 0)
                return 0;
            at += member;
            count++;
        }

        bool complete = most == int.MaxValue ? count > 0 : count == most;
        return at < signature.Length && complete ? at + 1 : 0;
    }
}
