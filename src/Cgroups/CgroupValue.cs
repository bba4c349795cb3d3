using System;
using System.Globalization;

namespace OciRun.Cgroups;

/// <summary>Numbers as cgroup files hold them (cgroup-v2.rst, "Format").</summary>
internal static class CgroupValue
{
    /// <summary>The number; <c>max</c> and what is no number give the largest, a missing file (null) 0.</summary>
    public static long Number(string? text) =>
        text is null ? 0
        : long.TryParse(text.AsSpan().TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : long.MaxValue;

    /// <summary>The number of a key in a flat keyed file ("oom_kill 3"); 0 when there is none.</summary>
    public static long Keyed(ReadOnlySpan<char> text, ReadOnlySpan<char> key)
    {
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            if (line.StartsWith(key) && line.Length > key.Length && line[key.Length] == ' ')
                return Number(line[(key.Length + 1)..].ToString());
        }

        return 0;
    }

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
