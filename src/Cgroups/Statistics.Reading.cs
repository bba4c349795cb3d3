using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial record Statistics
{
    private const int LargestFile = 1 << 20;

    /// <summary>Reads all of a cgroup, beneath its descriptor.</summary>
    /// <returns>Null when the cgroup is gone.</returns>
    public static Statistics? Read(int directory)
    {
        byte[]? cpu = File(directory, "cpu.stat");
        byte[]? tasks = File(directory, "pids.current");
        byte[]? io = File(directory, "io.stat");
        byte[]? adapters = File(directory, "rdma.current");
        if (cpu is null && File(directory, "cgroup.events") is null)
            return null;
        return new Statistics
        {
            Cpu = cpu is null ? null : ParseCpu(cpu),
            CpuPressure = ReadPressure(directory, "cpu.pressure"),
            Memory = ReadMemory(directory),
            MemoryPressure = ReadPressure(directory, "memory.pressure"),
            Pids = Number(tasks) is { } current
                ? new PidsStatistics(current, Number(File(directory, "pids.max")))
                : new PidsStatistics((ulong)CgroupMembers.Pids(directory).Length, null),
            Io = io is null ? null : ParseIo(io),
            IoPressure = ReadPressure(directory, "io.pressure"),
            Hugetlb = ReadHugetlb(directory),
            Rdma = adapters is null ? [] : ParseRdma(adapters, File(directory, "rdma.max")),
        };
    }

    private static MemoryStatistics? ReadMemory(int directory)
    {
        if (Number(File(directory, "memory.current")) is not { } usage)
            return null;
        return new MemoryStatistics
        {
            Usage = usage,
            Limit = Number(File(directory, "memory.max")) ?? Unlimited,
            Peak = Number(File(directory, "memory.peak")),
            SwapUsage = Number(File(directory, "memory.swap.current")),
            SwapLimit = Number(File(directory, "memory.swap.max")),
            SwapFailures = MemoryStatistics.Find(Flat(File(directory, "memory.swap.events")), "max"),
            Raw = Flat(File(directory, "memory.stat")),
            Events = Flat(File(directory, "memory.events")),
        };
    }

    // EOPNOTSUPP when the kernel was started with psi=0, or the file is switched off by cgroup.pressure.
    private static Pressure? ReadPressure(int directory, string name) => ParsePressure(File(directory, name));

    // The kernel counts failed reservations nowhere: hugetlb.SIZE.events is about what is used.
    private static HugetlbStatistics[] ReadHugetlb(int directory)
    {
        List<HugetlbStatistics> sizes = [];
        foreach (string size in HugePageSizes(directory))
        {
            string start = $"hugetlb.{size}";
            string counted = File(directory, start + ".rsvd.current") is null ? start : start + ".rsvd";
            if (Number(File(directory, counted + ".current")) is not { } usage)
                continue;
            sizes.Add(new HugetlbStatistics(size, usage, HugetlbLimit(Number(File(directory, counted + ".max"))),
                MemoryStatistics.Find(Flat(File(directory, start + ".events")), "max")));
        }

        return [.. sizes];
    }

    // The kernel says "max" only of a limit that is a multiple of the page, but starts with the largest count of small
    // pages (PAGE_COUNTER_MAX), less than one huge page above it.
    private static ulong HugetlbLimit(ulong? limit) => limit is null or > long.MaxValue - (1L << 40) ? Unlimited : limit.Value;

    // From the names of the files hugetlb.SIZE.current.
    private static List<string> HugePageSizes(int directory)
    {
        List<string> sizes = [];
        byte[] buffer = new byte[4096];
        using Fd list = new(CgroupDirectory.OpenChild(directory, "."u8));
        int length;
        while (list.Number >= 0 && (length = Sys.getdents64(list.Number, buffer)) > 0)
        {
            for (int at = 0; at < length; at += BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at + 16)))
            {
                // linux_dirent64: d_reclen at 16, d_name at 19.
                ReadOnlySpan<byte> name = buffer.AsSpan(at + 19);
                name = name[..name.IndexOf((byte)0)];
                if (!name.StartsWith("hugetlb."u8) || !name.EndsWith(".current"u8))
                    continue;
                name = name["hugetlb.".Length..^".current".Length];
                if (!name.Contains((byte)'.'))
                    sizes.Add(Encoding.ASCII.GetString(name));
            }
        }

        sizes.Sort(StringComparer.Ordinal);
        return sizes;
    }

    private static byte[]? File(int directory, string name) =>
        Sys.ReadFile(directory, Sys.Bytes(name), LargestFile, out _);
}
