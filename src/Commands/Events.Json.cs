using System;
using OciRun.Cgroups;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary>The records of <c>events</c> (features.md 4.3), one a line, with the keys and the omissions of runc's.</summary>
internal static class EventsJson
{
    /// <summary>An event without data.</summary>
    public static byte[] Oom(string id) =>
        new JsonText().Object().Member("type"u8, (Utf8)"oom").Member("id"u8, (Utf8)id).EndObject().Newline().ToArray();

    public static byte[] Stats(string id, Statistics statistics, ResctrlStatistics? resctrl)
    {
        JsonText json = new();
        json.Object().Member("type"u8, (Utf8)"stats").Member("id"u8, (Utf8)id).Key("data"u8).Object();
        Cpu(json, statistics);
        Cpuset(json);
        Memory(json, statistics);
        json.Key("pids"u8).Object();
        if (statistics.Pids is { } pids)
        {
            Positive(json, "current"u8, pids.Current);
            Positive(json, "limit"u8, pids.Limit is Statistics.Unlimited ? 0 : pids.Limit ?? 0);
        }

        json.EndObject();
        Io(json, statistics);
        Hugetlb(json, statistics);
        Rdma(json, statistics);
        json.Key("intel_rdt"u8).Object();
        if (resctrl is not null)
            EventsResctrl.Write(json, resctrl);
        json.EndObject();

        // Counters of interfaces that the runtime has made, of which there are none.
        json.Key("network_interfaces"u8).Null();
        return json.EndObject().EndObject().Newline().ToArray();
    }

    /// <summary>A member that is left out when it is zero.</summary>
    internal static void Positive(JsonText json, ReadOnlySpan<byte> name, ulong value)
    {
        if (value != 0)
            json.Member(name, value);
    }

    private static void Cpu(JsonText json, Statistics statistics)
    {
        CpuStatistics cpu = statistics.Cpu ?? new CpuStatistics();
        json.Key("cpu"u8).Object().Key("usage"u8).Object();
        Positive(json, "total"u8, cpu.Total);
        json.Member("kernel"u8, cpu.Kernel).Member("user"u8, cpu.User).EndObject();
        if ((cpu.Periods ?? 0) != 0 || (cpu.ThrottledPeriods ?? 0) != 0 || (cpu.ThrottledTime ?? 0) != 0)
        {
            json.Key("throttling"u8).Object();
            Positive(json, "periods"u8, cpu.Periods ?? 0);
            Positive(json, "throttledPeriods"u8, cpu.ThrottledPeriods ?? 0);
            Positive(json, "throttledTime"u8, cpu.ThrottledTime ?? 0);
            json.EndObject();
        }

        Psi(json, statistics.CpuPressure);
        json.EndObject();
    }

    // What cgroup v1 counts; readers expect the numbers all the same.
    private static void Cpuset(JsonText json) => json.Key("cpuset"u8).Object()
        .Member("cpu_exclusive"u8, 0)
        .Member("mem_hardwall"u8, 0)
        .Member("mem_exclusive"u8, 0)
        .Member("memory_migrate"u8, 0)
        .Member("memory_spread_page"u8, 0)
        .Member("memory_spread_slab"u8, 0)
        .Member("memory_pressure"u8, 0)
        .Member("sched_load_balance"u8, 0)
        .Member("sched_relax_domain_level"u8, 0)
        .EndObject();

    private static void Memory(JsonText json, Statistics statistics)
    {
        json.Key("memory"u8).Object();
        if (statistics.Memory is { } memory)
        {
            Positive(json, "cache"u8, MemoryStatistics.Find(memory.Raw, "file"));
            Entry(json, "usage"u8, memory.Usage, memory.Limit, memory.Peak ?? 0, MemoryStatistics.Find(memory.Events, "max"));
            Entry(json, "swap"u8, Sum(memory.Usage, memory.SwapUsage ?? 0), Sum(memory.Limit, memory.SwapLimit ?? 0), 0, memory.SwapFailures);
            json.Key("raw"u8).Object();
            foreach (Count count in memory.Raw)
                json.Member(count.Name.Span, count.Value);
            json.EndObject();
        }

        Psi(json, statistics.MemoryPressure);
        if (Array.Exists(statistics.Memory?.Events ?? [], static count => count.Value != 0))
        {
            json.Key("event_count"u8).Object();
            foreach (Count count in statistics.Memory!.Events)
                Positive(json, count.Name.Span, count.Value);
            json.EndObject();
        }

        json.EndObject();
    }

    // Memory with swap, as cgroup v1 counted it; no limit of one of them is no limit of both.
    private static ulong Sum(ulong memory, ulong swap) =>
        swap > Statistics.Unlimited - memory ? Statistics.Unlimited : memory + swap;

    private static void Entry(JsonText json, ReadOnlySpan<byte> name, ulong usage, ulong limit, ulong peak, ulong failures)
    {
        if (usage == 0 && limit == 0 && peak == 0 && failures == 0)
            return;
        json.Key(name).Object().Member("limit"u8, limit);
        Positive(json, "usage"u8, usage);
        Positive(json, "max"u8, peak);
        json.Member("failcnt"u8, failures).EndObject();
    }

    private static void Io(JsonText json, Statistics statistics)
    {
        json.Key("blkio"u8).Object();
        IoStatistics[] devices = statistics.Io ?? [];
        Operations(json, "ioServiceBytesRecursive"u8, devices, static device => (device.ReadBytes, device.WrittenBytes));
        Operations(json, "ioServicedRecursive"u8, devices, static device => (device.Reads, device.Writes));
        Psi(json, statistics.IoPressure);
        json.EndObject();
    }

    private static void Operations(JsonText json, ReadOnlySpan<byte> name, IoStatistics[] devices,
        Func<IoStatistics, (ulong? Read, ulong? Write)> of)
    {
        bool any = false;
        foreach (IoStatistics device in devices)
        {
            (ulong? read, ulong? write) = of(device);
            if (!any && (read ?? write) is not null)
                json.Key(name).Array();
            any |= (read ?? write) is not null;
            Operation(json, device, "Read", read);
            Operation(json, device, "Write", write);
        }

        if (any)
            json.EndArray();
    }

    private static void Operation(JsonText json, IoStatistics device, string name, ulong? value)
    {
        if (value is not { } number)
            return;
        json.Object();
        Positive(json, "major"u8, device.Major);
        Positive(json, "minor"u8, device.Minor);
        json.Member("op"u8, (Utf8)name);
        Positive(json, "value"u8, number);
        json.EndObject();
    }

    private static void Hugetlb(JsonText json, Statistics statistics)
    {
        json.Key("hugetlb"u8).Object();
        foreach (HugetlbStatistics size in statistics.Hugetlb)
        {
            json.Key(((Utf8)size.Size).Span).Object();
            Positive(json, "usage"u8, size.Usage);
            json.Member("failcnt"u8, size.Failures).EndObject();
        }

        json.EndObject();
    }

    // Not in runc's records; the names are those of its library.
    private static void Rdma(JsonText json, Statistics statistics)
    {
        if (statistics.Rdma.Length == 0)
            return;
        json.Key("rdma"u8).Object().Key("rdma_limit"u8).Array();
        foreach (RdmaStatistics adapter in statistics.Rdma)
            Adapter(json, adapter.Device, adapter.HandleLimit, adapter.ObjectLimit);
        json.EndArray().Key("rdma_current"u8).Array();
        foreach (RdmaStatistics adapter in statistics.Rdma)
            Adapter(json, adapter.Device, adapter.Handles, adapter.Objects);
        json.EndArray().EndObject();
    }

    // 32 bits there: the largest number stands for max.
    private static void Adapter(JsonText json, Utf8 device, ulong handles, ulong objects)
    {
        json.Object().Member("device"u8, device);
        Positive(json, "hca_handles"u8, Math.Min(handles, uint.MaxValue));
        Positive(json, "hca_objects"u8, Math.Min(objects, uint.MaxValue));
        json.EndObject();
    }

    private static void Psi(JsonText json, Pressure? pressure)
    {
        if (pressure is null)
            return;
        json.Key("psi"u8).Object();
        Line(json, "some"u8, pressure.Some);
        Line(json, "full"u8, pressure.Full);
        json.EndObject();
    }

    private static void Line(JsonText json, ReadOnlySpan<byte> name, PressureLine? line)
    {
        if (line is null)
            return;
        json.Key(name).Object();
        json.Key("avg10"u8).Hundredths(line.Average10);
        json.Key("avg60"u8).Hundredths(line.Average60);
        json.Key("avg300"u8).Hundredths(line.Average300);
        json.Member("total"u8, line.Total).EndObject();
    }
}
