using System;
using OciRun.Cgroups;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary>The member <c>intel_rdt</c> of the statistics (features.md JE11).</summary>
internal static class EventsResctrl
{
    /// <summary>Writes the members of the open object.</summary>
    public static void Write(JsonText json, ResctrlStatistics statistics)
    {
        if (statistics.Cache is { } cache)
        {
            json.Key("l3_cache_info"u8).Object();
            if (cache.Mask.Length > 0)
                json.Member("cbm_mask"u8, (Utf8)cache.Mask);
            EventsJson.Positive(json, "min_cbm_bits"u8, cache.MinimumBits);
            EventsJson.Positive(json, "num_closids"u8, cache.Groups);
            json.EndObject();
            Text(json, "l3_cache_schema_root"u8, statistics.RootCacheSchema);
            Text(json, "l3_cache_schema"u8, statistics.CacheSchema);
        }

        if (statistics.Bandwidth is { } bandwidth)
        {
            json.Key("mem_bw_info"u8).Object();
            EventsJson.Positive(json, "bandwidth_gran"u8, bandwidth.Step);
            EventsJson.Positive(json, "delay_linear"u8, bandwidth.Linear);
            EventsJson.Positive(json, "min_bandwidth"u8, bandwidth.Minimum);
            EventsJson.Positive(json, "num_closids"u8, bandwidth.Groups);
            json.EndObject();
            Text(json, "mem_bw_schema_root"u8, statistics.RootBandwidthSchema);
            Text(json, "mem_bw_schema"u8, statistics.BandwidthSchema);
        }

        if (statistics.Schemata.Length > 0)
            json.Member("schemata"u8, (ReadOnlySpan<string>)statistics.Schemata);
        Nodes(json, "mbm_stats"u8, statistics.Nodes, static node => node.TotalBytes is not null || node.LocalBytes is not null, static (json, node) =>
        {
            EventsJson.Positive(json, "mbm_total_bytes"u8, node.TotalBytes ?? 0);
            EventsJson.Positive(json, "mbm_local_bytes"u8, node.LocalBytes ?? 0);
        });
        Nodes(json, "cmt_stats"u8, statistics.Nodes, static node => node.Occupancy is not null,
            static (json, node) => EventsJson.Positive(json, "llc_occupancy"u8, node.Occupancy ?? 0));
    }

    private static void Text(JsonText json, ReadOnlySpan<byte> name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
            json.Member(name, (Utf8)text);
    }

    private static void Nodes(JsonText json, ReadOnlySpan<byte> name, ResctrlNode[] nodes, Predicate<ResctrlNode> has,
        Action<JsonText, ResctrlNode> write)
    {
        if (!Array.Exists(nodes, has))
            return;
        json.Key(name).Array();
        foreach (ResctrlNode node in nodes)
        {
            if (!has(node))
                continue;
            json.Object();
            write(json, node);
            json.EndObject();
        }

        json.EndArray();
    }
}
