using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Cgroups;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary>The rows of <c>top</c>, from the samples of two moments.</summary>
internal sealed class TopTable
{
    private const int Gap = 2;

    private static readonly string[] Header = ["ID", "STATUS", "CPU%", "MEMORY", "LIMIT", "PIDS", "READ/S", "WRITE/S"];

    private readonly List<Row> _rows = [];
    private Dictionary<string, Statistics> _before = [];
    private long _time;

    /// <summary>Takes the samples of now; rates are those since the call before.</summary>
    public void Take(List<ContainerSample> samples)
    {
        Sys.clock_gettime(Uapi.CLOCK_MONOTONIC, out timespec now);
        Take(samples, (now.tv_sec * 1_000_000_000) + now.tv_nsec);
    }

    internal void Take(List<ContainerSample> samples, long nanoseconds)
    {
        double elapsed = _time == 0 ? 0 : nanoseconds - _time;
        Dictionary<string, Statistics> latest = [];
        _rows.Clear();
        foreach (ContainerSample sample in samples)
        {
            _rows.Add(new Row(sample, _before.GetValueOrDefault(sample.Id), elapsed));
            if (sample.Statistics is { } statistics)
                latest[sample.Id] = statistics;
        }

        _rows.Sort(static (a, b) =>
        {
            int order = b.Cpu.CompareTo(a.Cpu);
            return order != 0 ? order : string.CompareOrdinal(a.Id, b.Id);
        });
        _before = latest;
        _time = nanoseconds;
    }

    /// <summary>Lines for a screen of some size; without a size all of it.</summary>
    public string Text(int rows = int.MaxValue, int columns = int.MaxValue)
    {
        List<string[]> lines = [Header];
        foreach (Row row in _rows)
        {
            if (lines.Count == rows)
                break;
            lines.Add(row.Cells);
        }

        int[] widths = new int[Header.Length];
        foreach (string[] line in lines)
        {
            for (int i = 0; i < line.Length; i++)
                widths[i] = Math.Max(widths[i], line[i].Length);
        }

        StringBuilder text = new();
        foreach (string[] line in lines)
        {
            StringBuilder one = new();
            for (int i = 0; i < line.Length; i++)
            {
                if (i > 0)
                    one.Append(' ', Gap);
                one.Append(i < 2 ? line[i].PadRight(widths[i]) : line[i].PadLeft(widths[i]));
            }

            one.Length = Math.Min(one.Length, columns);
            text.Append(one).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Three digits or so with a binary unit, e.g. <c>1.5M</c>.</summary>
    internal static string Bytes(ulong value)
    {
        const string units = "BKMGTPE";
        int unit = 0;
        double number = value;
        while (number >= 1000 && unit < units.Length - 1)
        {
            number /= 1024;
            unit++;
        }

        return number.ToString(unit == 0 || number >= 99.95 ? "0" : "0.0", CultureInfo.InvariantCulture) + units[unit];
    }

    private sealed class Row
    {
        public Row(ContainerSample sample, Statistics? before, double elapsed)
        {
            Id = sample.Id;
            Statistics? now = sample.Statistics;
            double? cpu = Rate(now?.Cpu?.Total, before?.Cpu?.Total, elapsed);
            Cpu = cpu ?? -1;
            Cells =
            [
                sample.Id,
                OciRun.State.Status.Name(sample.Status),
                cpu is { } share ? (share * 100).ToString("0.0", CultureInfo.InvariantCulture) : "-",
                now?.Memory is { } memory ? Bytes(memory.Usage) : "-",
                now?.Memory is { Limit: not Statistics.Unlimited } limited ? Bytes(limited.Limit) : "-",
                now?.Pids is { } pids ? pids.Current.ToString(CultureInfo.InvariantCulture) : "-",
                PerSecond(Sum(now, static device => device.ReadBytes), Sum(before, static device => device.ReadBytes), elapsed),
                PerSecond(Sum(now, static device => device.WrittenBytes), Sum(before, static device => device.WrittenBytes), elapsed),
            ];
        }

        public string Id { get; }

        public double Cpu { get; }

        public string[] Cells { get; }

        // Per nanosecond. A counter that went back is that of another container of the same name.
        private static double? Rate(ulong? now, ulong? before, double elapsed) =>
            now >= before && elapsed > 0 ? (now - before) / elapsed : null;

        private static string PerSecond(ulong? now, ulong? before, double elapsed) =>
            Rate(now, before, elapsed) is { } rate ? Bytes((ulong)Math.Min(rate * 1_000_000_000, 1e18)) : "-";

        private static ulong? Sum(Statistics? statistics, Func<IoStatistics, ulong?> of)
        {
            if (statistics?.Io is not { } devices)
                return null;
            ulong sum = 0;
            foreach (IoStatistics device in devices)
                sum += of(device) ?? 0;
            return sum;
        }
    }
}
