using System;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>Times as Go's time.ParseDuration takes them, which callers' flags are written for.</summary>
internal static class Duration
{
    /// <summary>Nanoseconds of e.g. <c>5s</c>, <c>500ms</c>, <c>1h2m3.5s</c>, <c>-1s</c> or <c>0</c>.</summary>
    /// <exception cref="FaultException">It is no such time, or longer than 292 years.</exception>
    public static long Parse(string text, string option)
    {
        ReadOnlySpan<char> rest = text;
        bool negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+"))
            rest = rest[1..];
        if (rest is "0")
            return 0;
        decimal total = 0;
        if (rest.IsEmpty)
            throw Invalid(text, option);
        while (!rest.IsEmpty)
        {
            int digits = Length(rest, ofNumber: true);
            if (digits is 0 or > 20 || digits == rest.Length)
                throw Invalid(text, option);
            ReadOnlySpan<char> number = rest[..digits];
            rest = rest[digits..];
            ReadOnlySpan<char> unit = rest[..Length(rest, ofNumber: false)];
            rest = rest[unit.Length..];
            if (Value(number) is not { } value || Unit(unit) is not (> 0 and { } factor) || value > (decimal)long.MaxValue / factor)
                throw Invalid(text, option);
            total += value * factor;
        }

        if (total > long.MaxValue)
            throw Invalid(text, option);
        return (long)(negative ? -total : total);
    }

    // Of the number, or of what is none, at the beginning.
    private static int Length(ReadOnlySpan<char> text, bool ofNumber)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiDigit(text[length]) || text[length] == '.') == ofNumber)
            length++;
        return length;
    }

    private static decimal? Value(ReadOnlySpan<char> number)
    {
        decimal value = 0;
        decimal place = 0;
        bool any = false;
        foreach (char c in number)
        {
            if (c == '.')
            {
                if (place != 0)
                    return null;
                place = 1;
                continue;
            }

            any = true;
            value = (value * 10) + (c - '0');
            place *= 10;
        }

        return !any ? null : place == 0 ? value : value / place;
    }

    // U+00B5 and U+03BC look alike.
    private static long Unit(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1,
        "us" or "\u00b5s" or "\u03bcs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => 0,
    };

    private static FaultException Invalid(string text, string option) =>
        Usage.Fault(new Fault($"invalid value \"{text}\" for flag -{option}: parse error") { Hint = "use a time such as 500ms, 5s or 1m30s" });
}
