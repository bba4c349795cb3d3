using System;
using System.Text;

namespace OciRun.Errors;

/// <summary>
/// Texts of others on a terminal: ids, paths, annotations and what programs have said. Control characters would move
/// the cursor, forge lines or answer for the user, those of the eight-bit range (ECMA-48 §5.3) as well as those of ASCII;
/// the separators and direction marks of Unicode show a line in another order than it has (security.md R-135).
/// </summary>
internal static class Printable
{
    /// <summary>The text with <c>\n</c>, <c>\t</c>, <c>\r</c>, <c>\xXX</c> or <c>\uXXXX</c> for each such character.</summary>
    public static string Of(string text)
    {
        int first = 0;
        while (first < text.Length && !IsEscaped(text[first]))
            first++;
        if (first == text.Length)
            return text;
        StringBuilder printable = new(text, 0, first, text.Length + 32);
        foreach (char c in text.AsSpan(first))
        {
            if (!IsEscaped(c))
                printable.Append(c);
            else
                Escape(printable, c);
        }

        return printable.ToString();
    }

    /// <summary>True for C0, DEL and C1.</summary>
    public static bool IsControl(char c) => c < ' ' || (c >= '\u007f' && c <= '\u009f');

    private static bool IsEscaped(char c) =>
        IsControl(c) || c is (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' or '\u061c';

    private static void Escape(StringBuilder text, char c)
    {
        switch (c)
        {
            case '\n':
                text.Append("\\n");
                break;
            case '\t':
                text.Append("\\t");
                break;
            case '\r':
                text.Append("\\r");
                break;
            default:
                text.Append(c <= '\u009f' ? "\\x" : "\\u");
                for (int shift = c <= '\u009f' ? 4 : 12; shift >= 0; shift -= 4)
                    text.Append("0123456789abcdef"[(c >> shift) & 15]);
                break;
        }
    }
}
