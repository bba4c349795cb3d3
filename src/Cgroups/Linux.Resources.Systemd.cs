using System;
using System.Collections.Generic;
using System.Globalization;

namespace OciRun.Cgroups;

internal sealed partial class SystemdProperties
{
    /// <summary>systemd's infinity for limits.</summary>
    private const ulong Infinity = ulong.MaxValue;

    private const int CpusetVersion = 244;
    private const int PeriodVersion = 242;
    private const int IdleVersion = 252;

    /// <summary>
    /// The properties that stand for values of cgroup files (features.md 2.12), so that systemd writes the same when it
    /// writes the files again (systemctl daemon-reload, set-property). Files without a property are left to the kernel.
    /// </summary>
    /// <param name="settings">Name of a cgroup file and its text. A later one of the same file wins.</param>
    /// <param name="version">Asked for systemd's version, only when a property depends on it.</param>
    public void AddLimits(IEnumerable<(string File, string Text)> settings, Func<int> version)
    {
        foreach ((string file, string text) in settings)
            AddLimit(file, text, version);
    }

    private void AddLimit(string file, string text, Func<int> version)
    {
        switch (file)
        {
            case "memory.max":
                AddNumber("MemoryMax", text);
                break;
            case "memory.high":
                AddNumber("MemoryHigh", text);
                break;
            case "memory.low":
                AddNumber("MemoryLow", text);
                break;
            case "memory.min":
                AddNumber("MemoryMin", text);
                break;
            case "memory.swap.max":
                AddNumber("MemorySwapMax", text);
                break;
            case "pids.max":
                AddNumber("TasksMax", text);
                break;
            case "cpu.weight":
                AddNumber("CPUWeight", text);
                break;
            case "cpu.idle" when text == "1" && version() >= IdleVersion:
                Add("CPUWeight", Number(0));
                break;
            case "cpu.max":
                AddBandwidth(text, version);
                break;
            case "cpuset.cpus" when version() >= CpusetVersion:
                AddSet("AllowedCPUs", text);
                break;
            case "cpuset.mems" when version() >= CpusetVersion:
                AddSet("AllowedMemoryNodes", text);
                break;
            case "io.weight":
                AddNumber("IOWeight", text.StartsWith("default ", StringComparison.Ordinal) ? text[8..] : text);
                break;
            case "io.bfq.weight":
                AddBfqWeight(text);
                break;
        }
    }

    private void AddNumber(string name, string text)
    {
        if (Limit(text) is { } number)
            Add(name, Number(number));
    }

    // systemd has one scale, that of io.weight, and derives BFQ's from it: the inverse of its conversion.
    private void AddBfqWeight(string text)
    {
        if (Limit(text.StartsWith("default ", StringComparison.Ordinal) ? text[8..] : text) is { } weight and >= 1 and <= 1000)
            Add("IOWeight", Number(weight <= 100 ? weight : 100 + (((weight - 100) * 9900) / 900)));
    }

    // "quota period" in microseconds. systemd keeps the quota for each second, in steps of 10 ms, so that is rounded up.
    private void AddBandwidth(string text, Func<int> version)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2 || Limit(words[0]) is not { } quota)
            return;
        ulong period = 100_000;
        if (words.Length == 2 && (Limit(words[1]) is not { } given || (period = given) is 0 or > 1_000_000))
            return;
        Add("CPUQuotaPerSecUSec", Number(quota > Infinity / 2_000_000 ? Infinity : PerSecond(quota, period)));
        if (words.Length == 2 && version() >= PeriodVersion)
            Add("CPUQuotaPeriodUSec", Number(period));
    }

    private static ulong PerSecond(ulong quota, ulong period)
    {
        const ulong step = 10_000;
        ulong each = (quota * 1_000_000) / period;
        return (each + step - 1) / step * step;
    }

    private void AddSet(string name, string list)
    {
        if (Mask(list) is { } mask)
            Add(name, DBusValue.Bytes(mask));
    }

    /// <summary>A list of CPUs or nodes, <c>0-3,8</c>, as bits of bytes, the least number first; null for another form.</summary>
    internal static byte[]? Mask(string list)
    {
        const int most = 8192;
        List<byte> mask = [];
        foreach (string word in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int dash = word.IndexOf('-', StringComparison.Ordinal);
            string last = dash < 0 ? word : word[(dash + 1)..];
            if (!int.TryParse(dash < 0 ? word : word[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out int from)
                || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int to) || to < from || to >= most)
                return null;
            while (mask.Count <= to / 8)
                mask.Add(0);
            for (int bit = from; bit <= to; bit++)
                mask[bit / 8] |= (byte)(1 << (bit % 8));
        }

        return [.. mask];
    }
}
