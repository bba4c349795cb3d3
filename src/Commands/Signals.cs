using System;
using System.Globalization;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>Signal names as people and callers spell them (features.md K01, signal(7)).</summary>
internal static class Signals
{
    public const int Kill = 9;

    /// <summary>glibc's and musl's choice differ; callers resolve images' STOPSIGNAL with glibc's.</summary>
    private const int RealTimeMinimum = 34;
    private const int Largest = 64;

    // Index 0 is signal 1; the numbers are those of x86 and arm.
    private static ReadOnlySpan<string> Names => (string[])
    [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
        "PWR", "SYS",
    ];

    /// <summary>The names that need no number, for completion.</summary>
    public static string[] Words => Names.ToArray();

    /// <summary>
    /// Number of a signal given as a decimal from 0 to 64, or as a name in any case with or without <c>SIG</c>,
    /// including <c>RTMIN+n</c> and <c>RTMAX-n</c>.
    /// </summary>
    /// <exception cref="FaultException"><c>unknown signal "X"</c>.</exception>
    public static int Parse(string text)
    {
        if (text.Length == 0)
            throw Unknown(text);
        if (char.IsAsciiDigit(text[0]))
            return Number(text, Largest) ?? throw Unknown(text);
        string name = text.ToUpperInvariant();
        if (name.StartsWith("SIG", StringComparison.Ordinal))
            name = name[3..];
        return Named(name) ?? RealTime(name) ?? throw Unknown(text);
    }

    private static int? Named(string name)
    {
        int index = Names.IndexOf(name);
        if (index >= 0)
            return index + 1;
        return name switch { "IOT" => 6, "CLD" => 17, "POLL" => 29, _ => null };
    }

    private static int? RealTime(string name)
    {
        if (name.Length < 5)
            return null;
        string offset = name[5..];
        bool isMinimum = name.StartsWith("RTMIN", StringComparison.Ordinal);
        if (!isMinimum && !name.StartsWith("RTMAX", StringComparison.Ordinal))
            return null;
        if (offset.Length == 0)
            return isMinimum ? RealTimeMinimum : Largest;
        if (offset[0] != (isMinimum ? '+' : '-') || Number(offset[1..], Largest - RealTimeMinimum) is not { } distance)
            return null;
        return isMinimum ? RealTimeMinimum + distance : Largest - distance;
    }

    private static int? Number(string text, int largest) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= largest
            ? number
            : null;

    private static FaultException Unknown(string text) => new(new Fault($"unknown signal \"{text}\"")
    {
        Hint = "use a number or a name such as TERM, SIGKILL or RTMIN+1",
        Code = "unknown-signal",
    });
}
