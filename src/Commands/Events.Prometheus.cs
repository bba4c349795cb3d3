using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Cgroups;

namespace OciRun.Commands;

/// <summary>
/// Prometheus' text exposition format 0.0.4: the families of docs/metrics.md, each with its samples together. What the
/// kernel does not count has no sample, and a family without samples is left out.
/// </summary>
internal sealed class Prometheus
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _family = new();
    private readonly List<ContainerSample> _samples;
    private string _name = "";
    private string _id = "";

    private Prometheus(List<ContainerSample> samples) => _samples = samples;

    public static string Write(List<ContainerSample> samples)
    {
        Prometheus writer = new(samples);
        writer.State();
        writer.Cpu();
        writer.Memory();
        writer.Pids();
        writer.Io();
        writer.Others();
        return writer._text.ToString();
    }

    private void State() => Family("state", "gauge", "1 for the state that the container is in.", (sample, _) =>
        Sample("1", ("state", OciRun.State.Status.Name(sample.Status))), always: true);

    private void Cpu()
    {
        Family("cpu_usage_seconds_total", "counter", "CPU time used.", (_, s) => Seconds(s.Cpu?.Total));
        Family("cpu_user_seconds_total", "counter", "CPU time used in user mode.", (_, s) => Seconds(s.Cpu?.User));
        Family("cpu_system_seconds_total", "counter", "CPU time used in the kernel.", (_, s) => Seconds(s.Cpu?.Kernel));
        Family("cpu_periods_total", "counter", "Periods of the CPU quota in which the container had work.", (_, s) => Plain(s.Cpu?.Periods));
        Family("cpu_throttled_periods_total", "counter", "Periods in which the CPU quota was used up.", (_, s) => Plain(s.Cpu?.ThrottledPeriods));
        Family("cpu_throttled_seconds_total", "counter", "Time for which the CPU quota stopped the container.", (_, s) => Seconds(s.Cpu?.ThrottledTime));
    }

    private void Memory()
    {
        Family("memory_usage_bytes", "gauge", "Memory in use, page cache included.", (_, s) => Plain(s.Memory?.Usage));
        Family("memory_limit_bytes", "gauge", "Memory limit; no sample without one.", (_, s) => Limit(s.Memory?.Limit));
        Family("memory_peak_bytes", "gauge", "Highest memory use so far.", (_, s) => Plain(s.Memory?.Peak));
        Family("memory_cache_bytes", "gauge", "Page cache in use.", (_, s) =>
            Plain(s.Memory is null ? null : MemoryStatistics.Find(s.Memory.Raw, "file")));
        Family("memory_anonymous_bytes", "gauge", "Memory in use that no file backs.", (_, s) =>
            Plain(s.Memory is null ? null : MemoryStatistics.Find(s.Memory.Raw, "anon")));
        Family("memory_swap_usage_bytes", "gauge", "Swap in use.", (_, s) => Plain(s.Memory?.SwapUsage));
        Family("memory_swap_limit_bytes", "gauge", "Swap limit; no sample without one.", (_, s) => Limit(s.Memory?.SwapLimit));
        Family("memory_events_total", "counter", "Events of memory.events, such as max, oom and oom_kill.", (_, s) =>
        {
            foreach (Count count in s.Memory?.Events ?? [])
                Sample(Number(count.Value), ("event", count.Name.ToString()));
        });
    }

    private void Pids()
    {
        Family("pids", "gauge", "Tasks in the container.", (_, s) => Plain(s.Pids?.Current));
        Family("pids_limit", "gauge", "Limit of tasks; no sample without one.", (_, s) => Limit(s.Pids?.Limit));
    }

    private void Io()
    {
        Devices("io_read_bytes_total", "Bytes read, by device.", static device => device.ReadBytes);
        Devices("io_written_bytes_total", "Bytes written, by device.", static device => device.WrittenBytes);
        Devices("io_reads_total", "Read operations, by device.", static device => device.Reads);
        Devices("io_writes_total", "Write operations, by device.", static device => device.Writes);
    }

    private void Others()
    {
        Pages("hugetlb_usage_bytes", "gauge", "Huge pages in use, by their size.", static size => Number(size.Usage));
        Pages("hugetlb_limit_bytes", "gauge", "Limit of huge pages, by their size; no sample without one.",
            static size => size.Limit == Statistics.Unlimited ? null : Number(size.Limit));
        Pages("hugetlb_failures_total", "counter", "Huge pages refused by the limit, by their size.", static size => Number(size.Failures));
        Family("rdma_hca_handles", "gauge", "RDMA handles in use, by adapter.", (_, s) =>
        {
            foreach (RdmaStatistics adapter in s.Rdma)
                Sample(Number(adapter.Handles), ("device", adapter.Device.ToString()));
        });
        Family("rdma_hca_objects", "gauge", "RDMA objects in use, by adapter.", (_, s) =>
        {
            foreach (RdmaStatistics adapter in s.Rdma)
                Sample(Number(adapter.Objects), ("device", adapter.Device.ToString()));
        });
        Family("pressure_seconds_total", "counter", "Time for which some or all tasks waited for a resource.", (_, s) =>
        {
            Stalls("cpu", s.CpuPressure);
            Stalls("memory", s.MemoryPressure);
            Stalls("io", s.IoPressure);
        });
    }

    private void Devices(string name, string help, Func<IoStatistics, ulong?> of) => Family(name, "counter", help, (_, s) =>
    {
        foreach (IoStatistics device in s.Io ?? [])
        {
            if (of(device) is { } value)
                Sample(Number(value), ("device", $"{Number(device.Major)}:{Number(device.Minor)}"));
        }
    });

    private void Pages(string name, string type, string help, Func<HugetlbStatistics, string?> of) => Family(name, type, help, (_, s) =>
    {
        foreach (HugetlbStatistics size in s.Hugetlb)
        {
            if (of(size) is { } value)
                Sample(value, ("size", size.Size));
        }
    });

    private void Stalls(string resource, Pressure? pressure)
    {
        if (pressure?.Some is { } some)
            Sample(Decimal(some.Total, 6), ("resource", resource), ("kind", "some"));
        if (pressure?.Full is { } full)
            Sample(Decimal(full.Total, 6), ("resource", resource), ("kind", "full"));
    }

    private void Family(string name, string type, string help, Action<ContainerSample, Statistics> add, bool always = false)
    {
        _name = "ocirun_container_" + name;
        _family.Clear();
        foreach (ContainerSample sample in _samples)
        {
            _id = sample.Id;
            if (sample.Statistics is { } statistics)
                add(sample, statistics);
            else if (always)
                add(sample, new Statistics());
        }

        if (_family.Length > 0)
            _text.Append($"# HELP {_name} {help}\n# TYPE {_name} {type}\n").Append(_family);
    }

    private void Plain(ulong? value)
    {
        if (value is { } number)
            Sample(Number(number));
    }

    private void Limit(ulong? value) => Plain(value == Statistics.Unlimited ? null : value);

    private void Seconds(ulong? nanoseconds)
    {
        if (nanoseconds is { } number)
            Sample(Decimal(number, 9));
    }

    private void Sample(string value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _family.Append(_name).Append("{id=\"").Append(Escape(_id)).Append('"');
        foreach ((string name, string label) in labels)
            _family.Append(',').Append(name).Append("=\"").Append(Escape(label)).Append('"');
        _family.Append("} ").Append(value).Append('\n');
    }

    /// <summary>A number in parts of 10 to some power, exactly.</summary>
    internal static string Decimal(ulong value, int places)
    {
        ulong unit = 1;
        for (int i = 0; i < places; i++)
            unit *= 10;
        string rest = Number(value % unit).PadLeft(places, '0').TrimEnd('0');
        return rest.Length == 0 ? Number(value / unit) : $"{Number(value / unit)}.{rest}";
    }

    /// <summary>The value of a label: backslash, quote and line feed are escaped.</summary>
    internal static string Escape(string label) => label
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);
}
