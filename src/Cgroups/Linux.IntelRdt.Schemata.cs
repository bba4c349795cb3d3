using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>Lines of a resctrl <c>schemata</c> file, such as <c>L3:0=ff;1=f0</c> or <c>MB:0=50</c>.</summary>
internal static class Schemata
{
    /// <summary>
    /// The lines that the config asks for, in the order l3CacheSchema, memBwSchema, schemata. A bandwidth line in
    /// l3CacheSchema gives way to memBwSchema (config-linux.md, "IntelRdt").
    /// </summary>
    public static List<string> Lines(IntelRdt rdt)
    {
        List<string> lines = [];
        bool bandwidth = !rdt.MemBwSchema.IsEmpty;
        if (!rdt.L3CacheSchema.IsEmpty && !(bandwidth && rdt.L3CacheSchema.StartsWith("MB:"u8)))
            lines.Add(rdt.L3CacheSchema.ToString());
        if (bandwidth)
            lines.Add(rdt.MemBwSchema.ToString());
        foreach (Utf8 line in rdt.Schemata ?? [])
            lines.Add(line.ToString());
        return lines;
    }

    /// <summary>All lines as they are written: in one call, each with its newline.</summary>
    public static byte[] Text(List<string> lines)
    {
        StringBuilder text = new();
        foreach (string line in lines)
            text.Append(line).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>
    /// The first of the lines that a group does not have; null when it has all. The kernel shows numbers without their
    /// leading zeros, resources and domains in its own order, and bandwidths rounded up, so the values are compared.
    /// </summary>
    /// <param name="lines">What the config asks for.</param>
    /// <param name="existing">The group's file.</param>
    /// <param name="bandwidthStep">To what bandwidths are rounded up.</param>
    public static string? Missing(List<string> lines, string existing, int bandwidthStep)
    {
        Dictionary<string, string> has = new(StringComparer.Ordinal);
        foreach (string line in existing.Split('\n'))
            Read(line, bandwidthStep, has);
        foreach (string line in lines)
        {
            Dictionary<string, string> asked = new(StringComparer.Ordinal);
            if (!Read(line, bandwidthStep, asked))
                return line;
            foreach ((string key, string value) in asked)
            {
                if (!has.TryGetValue(key, out string? found) || found != value)
                    return line;
            }
        }

        return null;
    }

    // "resource:domain" to value; false for what is no such line.
    private static bool Read(string line, int bandwidthStep, Dictionary<string, string> into)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return false;
        string resource = line[..colon].Trim();
        foreach (string domain in line[(colon + 1)..].Split(';'))
        {
            int equals = domain.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                return false;
            string value = domain[(equals + 1)..].Trim();
            into[$"{resource}:{Number(domain[..equals].Trim())}"] = resource == "MB" ? Bandwidth(value, bandwidthStep) : Number(value);
        }

        return true;
    }

    private static string Number(string text)
    {
        string digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        digits = digits.TrimStart('0').ToLowerInvariant();
        return digits.Length == 0 && text.Length > 0 ? "0" : digits;
    }

    private static string Bandwidth(string text, int step)
    {
        if (!long.TryParse(text, out long value) || value is < 0 or > int.MaxValue)
            return text;
        return ((value + step - 1) / step * step).ToString();
    }
}
