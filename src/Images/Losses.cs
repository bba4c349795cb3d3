using System;
using System.Collections.Generic;
using System.Globalization;

namespace OciRun.Images;

/// <summary>What of an image this user or this file system cannot have.</summary>
internal sealed class Losses
{
    private readonly SortedDictionary<string, long> _attributes = new(StringComparer.Ordinal);

    /// <summary>Entries that belong to others than the caller.</summary>
    public long Owners { get; set; }

    /// <summary>Device nodes that were left out.</summary>
    public long Devices { get; set; }

    public void Attribute(string name) => _attributes[name] = _attributes.GetValueOrDefault(name) + 1;

    /// <summary>One line each.</summary>
    public List<string> Lines()
    {
        List<string> lines = [];
        if (Owners > 0)
            lines.Add(Line(Owners, "owners are the caller instead of those of the image (kept in user.rootlesscontainers)"));
        if (Devices > 0)
            lines.Add(Line(Devices, "device nodes left out"));
        foreach ((string name, long count) in _attributes)
            lines.Add(Line(count, $"extended attributes {name} left out"));
        return lines;
    }

    private static string Line(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}");
}
