using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>What the resctrl file system tells of a container's group (Documentation/filesystems/resctrl.rst).</summary>
internal sealed record ResctrlStatistics
{
    /// <summary>info/L3; null without cache allocation.</summary>
    public ResctrlCache? Cache { get; init; }

    /// <summary>info/MB; null without bandwidth allocation.</summary>
    public ResctrlBandwidth? Bandwidth { get; init; }

    /// <summary>L3 lines of the root group, joined by blanks; null when there is none. The others likewise.</summary>
    public string? RootCacheSchema { get; init; }

    public string? CacheSchema { get; init; }

    public string? RootBandwidthSchema { get; init; }

    public string? BandwidthSchema { get; init; }

    /// <summary>All lines of the group.</summary>
    public string[] Schemata { get; init; } = [];

    /// <summary>The L3 monitoring domains, in the order of their names.</summary>
    public ResctrlNode[] Nodes { get; init; } = [];

    /// <summary>Reads what there is.</summary>
    /// <param name="tree">The file system.</param>
    /// <param name="group">The container's group, <c>/</c> for the root's.</param>
    /// <param name="monitor">Name of its monitoring group in there; null for the group's own counters.</param>
    public static ResctrlStatistics Read(ResctrlTree tree, string group, string? monitor)
    {
        string[] root = Lines(tree, "/");
        string[] own = Lines(tree, group);
        string counters = monitor is null ? group : $"{(group == "/" ? "" : group + "/")}mon_groups/{monitor}";
        return new ResctrlStatistics
        {
            Cache = tree.HasCacheAllocation
                ? new ResctrlCache(Text(tree.Info("L3/cbm_mask")), Number(tree.Info("L3/min_cbm_bits")), Number(tree.Info("L3/num_closids")))
                : null,
            Bandwidth = tree.HasBandwidthAllocation
                ? new ResctrlBandwidth(Number(tree.Info("MB/bandwidth_gran")), Number(tree.Info("MB/delay_linear")),
                    Number(tree.Info("MB/min_bandwidth")), Number(tree.Info("MB/num_closids")))
                : null,
            RootCacheSchema = Select(root, "L3"),
            CacheSchema = Select(own, "L3"),
            RootBandwidthSchema = Select(root, "MB"),
            BandwidthSchema = Select(own, "MB"),
            Schemata = own,
            Nodes = ReadNodes(tree, counters),
        };
    }

    private static string[] Lines(ResctrlTree tree, string group)
    {
        using Fd directory = tree.Open(group);
        List<string> lines = [];
        foreach (string line in Text(Sys.ReadFile(directory.Number, "schemata"u8, 1 << 20, out _)).Split('\n'))
        {
            if (line.Trim().Length > 0)
                lines.Add(line.Trim());
        }

        return [.. lines];
    }

    private static string? Select(string[] lines, string resource)
    {
        List<string> selected = [];
        foreach (string line in lines)
        {
            if (line.StartsWith(resource, StringComparison.Ordinal))
                selected.Add(line);
        }

        return selected.Count == 0 ? null : string.Join(' ', selected);
    }

    private static ResctrlNode[] ReadNodes(ResctrlTree tree, string group)
    {
        using Fd directory = tree.Open(group);
        using Fd data = new(directory.Number < 0 ? -1 : Sys.openat(directory.Number, "mon_data"u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        List<string> names = [];
        byte[] buffer = new byte[4096];
        int length;
        while (data.Number >= 0 && (length = Sys.getdents64(data.Number, buffer)) > 0)
        {
            CgroupDirectory.DirectoryNames entries = new(buffer.AsSpan(0, length));
            while (entries.MoveNext())
            {
                if (entries.Current.StartsWith("mon_L3_"u8))
                    names.Add(Encoding.ASCII.GetString(entries.Current));
            }
        }

        names.Sort(StringComparer.Ordinal);
        List<ResctrlNode> nodes = [];
        foreach (string name in names)
        {
            nodes.Add(new ResctrlNode(
                Statistics.Number(Counter(data.Number, name, "mbm_total_bytes")),
                Statistics.Number(Counter(data.Number, name, "mbm_local_bytes")),
                Statistics.Number(Counter(data.Number, name, "llc_occupancy"))));
        }

        return [.. nodes];
    }

    private static byte[]? Counter(int data, string node, string file) =>
        Sys.ReadFile(data, Sys.Bytes($"{node}/{file}"), 64, out _);

    private static string Text(byte[]? text) => Encoding.UTF8.GetString(text ?? []).TrimEnd('\n');

    private static ulong Number(byte[]? text) =>
        ulong.TryParse(Text(text), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : 0;
}

/// <summary>info/L3: the mask of all ways in hexadecimal, the fewest bits of a mask, the number of groups.</summary>
internal sealed record ResctrlCache(string Mask, ulong MinimumBits, ulong Groups);

/// <summary>info/MB, in per cent.</summary>
internal sealed record ResctrlBandwidth(ulong Step, ulong Linear, ulong Minimum, ulong Groups);

/// <summary>One L3 monitoring domain, in bytes; null for what the machine does not count.</summary>
internal sealed record ResctrlNode(ulong? TotalBytes, ulong? LocalBytes, ulong? Occupancy);
