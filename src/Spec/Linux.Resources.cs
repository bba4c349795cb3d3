namespace OciRun.Spec;

/// <summary>config-linux.md, "Control groups"; also the document that <c>update --resources</c> reads.</summary>
internal sealed class LinuxResources
{
    public DeviceRule[]? Devices { get; set; }

    public LinuxMemory? Memory { get; set; }

    public LinuxCpu? Cpu { get; set; }

    public LinuxPids? Pids { get; set; }

    public LinuxBlockIo? BlockIo { get; set; }

    public HugepageLimit[]? HugepageLimits { get; set; }

    public LinuxNetwork? Network { get; set; }

    public RdmaLimit[]? Rdma { get; set; }

    /// <summary>cgroup v2 file name to value.</summary>
    public Pair[]? Unified { get; set; }
}

/// <summary>config-linux.md, "Allowed Device list".</summary>
internal sealed class DeviceRule
{
    public bool Allow { get; set; }

    /// <summary><c>a</c>, <c>b</c>, <c>c</c>; null means all.</summary>
    public Utf8 Type { get; set; }

    /// <summary>Null or -1 matches every number.</summary>
    public long? Major { get; set; }

    public long? Minor { get; set; }

    /// <summary>Letters of <c>rwm</c>.</summary>
    public Utf8 Access { get; set; }
}

/// <summary>Bytes, except where noted.</summary>
internal sealed class LinuxMemory
{
    public long? Limit { get; set; }

    public long? Reservation { get; set; }

    /// <summary>Memory plus swap.</summary>
    public long? Swap { get; set; }

    public long? Kernel { get; set; }

    public long? KernelTcp { get; set; }

    /// <summary>0 to 100.</summary>
    public ulong? Swappiness { get; set; }

    public bool? DisableOomKiller { get; set; }

    public bool? UseHierarchy { get; set; }

    public bool? CheckBeforeUpdate { get; set; }
}

internal sealed class LinuxCpu
{
    public ulong? Shares { get; set; }

    /// <summary>Microseconds; negative is unlimited.</summary>
    public long? Quota { get; set; }

    /// <summary>Microseconds.</summary>
    public ulong? Burst { get; set; }

    /// <summary>Microseconds.</summary>
    public ulong? Period { get; set; }

    public long? RealtimeRuntime { get; set; }

    public ulong? RealtimePeriod { get; set; }

    public Utf8 Cpus { get; set; }

    public Utf8 Mems { get; set; }

    public long? Idle { get; set; }
}

internal sealed class LinuxPids
{
    public long? Limit { get; set; }
}

internal sealed class LinuxBlockIo
{
    public ushort? Weight { get; set; }

    public ushort? LeafWeight { get; set; }

    public WeightDevice[]? WeightDevice { get; set; }

    public ThrottleDevice[]? ThrottleReadBpsDevice { get; set; }

    public ThrottleDevice[]? ThrottleWriteBpsDevice { get; set; }

    public ThrottleDevice[]? ThrottleReadIopsDevice { get; set; }

    public ThrottleDevice[]? ThrottleWriteIopsDevice { get; set; }
}

internal sealed class WeightDevice
{
    public long Major { get; set; }

    public long Minor { get; set; }

    public ushort? Weight { get; set; }

    public ushort? LeafWeight { get; set; }
}

internal sealed class ThrottleDevice
{
    public long Major { get; set; }

    public long Minor { get; set; }

    public ulong Rate { get; set; }
}

internal sealed class HugepageLimit
{
    /// <summary><c>64KB</c>, <c>2MB</c>, <c>1GB</c>.</summary>
    public Utf8 PageSize { get; set; }

    public ulong Limit { get; set; }
}

internal sealed class LinuxNetwork
{
    public uint? ClassId { get; set; }

    public InterfacePriority[]? Priorities { get; set; }
}

internal readonly record struct InterfacePriority(Utf8 Name, uint Priority);

internal sealed class RdmaLimit
{
    /// <summary>Name of the RDMA device: the key of the JSON object.</summary>
    public Utf8 Device { get; set; }

    public uint? HcaHandles { get; set; }

    public uint? HcaObjects { get; set; }
}
