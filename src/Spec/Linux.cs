namespace OciRun.Spec;

/// <summary>config-linux.md.</summary>
internal sealed class Linux
{
    public IdMapping[]? UidMappings { get; set; }

    public IdMapping[]? GidMappings { get; set; }

    public TimeOffsets? TimeOffsets { get; set; }

    /// <summary>Key/value pairs as written; <c>a.b.c</c> or <c>a/b/c</c>.</summary>
    public Pair[]? Sysctl { get; set; }

    public LinuxResources? Resources { get; set; }

    public Utf8 CgroupsPath { get; set; }

    public Namespace[]? Namespaces { get; set; }

    public LinuxDevice[]? Devices { get; set; }

    public NetDevice[]? NetDevices { get; set; }

    public Seccomp? Seccomp { get; set; }

    public Utf8 RootfsPropagation { get; set; }

    public Utf8[]? MaskedPaths { get; set; }

    public Utf8[]? ReadonlyPaths { get; set; }

    public Utf8 MountLabel { get; set; }

    public IntelRdt? IntelRdt { get; set; }

    public MemoryPolicy? MemoryPolicy { get; set; }

    public Personality? Personality { get; set; }
}

internal sealed class Namespace
{
    /// <summary><c>pid</c>, <c>network</c>, <c>mount</c>, <c>ipc</c>, <c>uts</c>, <c>user</c>, <c>cgroup</c>, <c>time</c>.</summary>
    public Utf8 Type { get; set; }

    /// <summary>Namespace file to join; null or empty makes a new one.</summary>
    public Utf8 Path { get; set; }
}

/// <summary>config-linux.md, "Offset for Time Namespace".</summary>
internal sealed class TimeOffsets
{
    public TimeOffset? Monotonic { get; set; }

    public TimeOffset? Boottime { get; set; }
}

internal sealed class TimeOffset
{
    public long Secs { get; set; }

    public uint Nanosecs { get; set; }
}

/// <summary>config-linux.md, "Devices": a node to make.</summary>
internal sealed class LinuxDevice
{
    /// <summary><c>c</c>, <c>u</c>, <c>b</c> or <c>p</c>.</summary>
    public Utf8 Type { get; set; }

    public Utf8 Path { get; set; }

    public long? Major { get; set; }

    public long? Minor { get; set; }

    /// <summary>Permission bits; null means 0666.</summary>
    public uint? FileMode { get; set; }

    public uint? Uid { get; set; }

    public uint? Gid { get; set; }
}

/// <summary>config-linux.md, "Network Devices": host interface name and its name in the container.</summary>
internal readonly record struct NetDevice(Utf8 HostName, Utf8 Name);

internal sealed class IntelRdt
{
    public Utf8 ClosId { get; set; }

    public Utf8[]? Schemata { get; set; }

    public Utf8 L3CacheSchema { get; set; }

    public Utf8 MemBwSchema { get; set; }

    public bool EnableMonitoring { get; set; }
}

internal sealed class MemoryPolicy
{
    public Utf8 Mode { get; set; }

    public Utf8 Nodes { get; set; }

    public Utf8[]? Flags { get; set; }
}

internal sealed class Personality
{
    public Utf8 Domain { get; set; }

    public Utf8[]? Flags { get; set; }
}
