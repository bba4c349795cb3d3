using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>
/// What a cgroup has used, at one moment. A part is null when the kernel does not count it there: the controller is not
/// enabled or not built.
/// </summary>
internal sealed partial record Statistics
{
    /// <summary>Stands for "max": no limit.</summary>
    public const ulong Unlimited = ulong.MaxValue;

    public CpuStatistics? Cpu { get; init; }

    public MemoryStatistics? Memory { get; init; }

    public PidsStatistics? Pids { get; init; }

    /// <summary>One entry for each device.</summary>
    public IoStatistics[]? Io { get; init; }

    /// <summary>One entry for each size of huge pages, in ordinal order of the sizes' names.</summary>
    public HugetlbStatistics[] Hugetlb { get; init; } = [];

    /// <summary>One entry for each adapter.</summary>
    public RdmaStatistics[] Rdma { get; init; } = [];

    /// <summary>cpu.pressure; null without CONFIG_PSI.</summary>
    public Pressure? CpuPressure { get; init; }

    /// <summary>memory.pressure.</summary>
    public Pressure? MemoryPressure { get; init; }

    /// <summary>io.pressure.</summary>
    public Pressure? IoPressure { get; init; }
}

/// <summary>cpu.stat, in nanoseconds. The times are there without the cpu controller, the rest is not.</summary>
internal sealed record CpuStatistics
{
    public ulong Total { get; init; }

    public ulong User { get; init; }

    public ulong Kernel { get; init; }

    /// <summary>Periods of cpu.max in which the cgroup had work; null without the controller.</summary>
    public ulong? Periods { get; init; }

    public ulong? ThrottledPeriods { get; init; }

    public ulong? ThrottledTime { get; init; }
}

/// <summary>memory.*, in bytes.</summary>
internal sealed record MemoryStatistics
{
    public ulong Usage { get; init; }

    public ulong Limit { get; init; }

    /// <summary>Highest usage so far (Linux 5.19).</summary>
    public ulong? Peak { get; init; }

    /// <summary>Null when the kernel does not account swap.</summary>
    public ulong? SwapUsage { get; init; }

    public ulong? SwapLimit { get; init; }

    /// <summary>How often a page was not swapped out because of the limit.</summary>
    public ulong SwapFailures { get; init; }

    /// <summary>All of memory.stat.</summary>
    public Count[] Raw { get; init; } = [];

    /// <summary>memory.events: low, high, max, oom, oom_kill and what later kernels add.</summary>
    public Count[] Events { get; init; } = [];

    /// <summary>Value of a name in a list, 0 when it is not in there.</summary>
    public static ulong Find(Count[] counts, string name)
    {
        Utf8 wanted = name;
        foreach (Count count in counts)
        {
            if (count.Name.Is(wanted.Span))
                return count.Value;
        }

        return 0;
    }
}

/// <summary>One line of a flat keyed file (cgroup-v2.rst, "Interface Files").</summary>
internal readonly record struct Count(Utf8 Name, ulong Value);

/// <summary>Tasks, counted by the pids controller or, without it, the processes.</summary>
internal sealed record PidsStatistics(ulong Current, ulong? Limit);

/// <summary>A line of io.stat.</summary>
internal sealed record IoStatistics
{
    public ulong Major { get; init; }

    public ulong Minor { get; init; }

    /// <summary>Bytes.</summary>
    public ulong? ReadBytes { get; init; }

    /// <summary>Bytes.</summary>
    public ulong? WrittenBytes { get; init; }

    public ulong? Reads { get; init; }

    public ulong? Writes { get; init; }
}

/// <summary>Huge pages of one size, in bytes; what is reserved where the kernel counts that, else what is used.</summary>
/// <param name="Size">As in the file names, e.g. 2MB.</param>
/// <param name="Usage">Bytes.</param>
/// <param name="Limit">Bytes.</param>
/// <param name="Failures">How often the limit was hit.</param>
internal sealed record HugetlbStatistics(string Size, ulong Usage, ulong Limit, ulong Failures);

/// <summary>rdma.current and rdma.max of one adapter.</summary>
internal sealed record RdmaStatistics(Utf8 Device, ulong Handles, ulong Objects, ulong HandleLimit, ulong ObjectLimit);

/// <summary>Pressure stall information (Documentation/accounting/psi.rst). A line that the kernel does not have is null.</summary>
internal sealed record Pressure(PressureLine? Some, PressureLine? Full);

/// <summary>Averages in hundredths of a per cent, the total in microseconds.</summary>
internal sealed record PressureLine(ulong Average10, ulong Average60, ulong Average300, ulong Total);
