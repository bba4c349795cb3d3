namespace OciRun.Spec;

/// <summary>config.md, "Process"; also the whole of process.json.</summary>
internal sealed class Process
{
    public bool Terminal { get; set; }

    public ConsoleSize? ConsoleSize { get; set; }

    public User? User { get; set; }

    public Utf8[]? Args { get; set; }

    public Utf8[]? Env { get; set; }

    public Utf8 Cwd { get; set; }

    /// <summary>Null when absent, which differs from an empty object (all sets empty).</summary>
    public Capabilities? Capabilities { get; set; }

    public Rlimit[]? Rlimits { get; set; }

    public bool NoNewPrivileges { get; set; }

    public Utf8 ApparmorProfile { get; set; }

    /// <summary>-1000 to 1000; null leaves the caller's value.</summary>
    public int? OomScoreAdj { get; set; }

    public Scheduler? Scheduler { get; set; }

    public Utf8 SelinuxLabel { get; set; }

    public IoPriority? IoPriority { get; set; }

    public ExecCpuAffinity? ExecCpuAffinity { get; set; }
}

internal sealed class ConsoleSize
{
    public ushort Height { get; set; }

    public ushort Width { get; set; }
}

/// <summary>config.md, "POSIX process user". Ids are those inside the container's user namespace.</summary>
internal sealed class User
{
    public uint Uid { get; set; }

    public uint Gid { get; set; }

    /// <summary>Null means 0022.</summary>
    public uint? Umask { get; set; }

    public uint[]? AdditionalGids { get; set; }
}

/// <summary>The five capability sets; a null set is an empty one.</summary>
internal sealed class Capabilities
{
    public Utf8[]? Bounding { get; set; }

    public Utf8[]? Effective { get; set; }

    public Utf8[]? Inheritable { get; set; }

    public Utf8[]? Permitted { get; set; }

    public Utf8[]? Ambient { get; set; }
}

internal sealed class Rlimit
{
    /// <summary><c>RLIMIT_NOFILE</c> and so on.</summary>
    public Utf8 Type { get; set; }

    /// <summary>2^64-1 is infinity.</summary>
    public ulong Soft { get; set; }

    public ulong Hard { get; set; }
}

/// <summary>config.md, "Scheduler"; see sched_setattr(2).</summary>
internal sealed class Scheduler
{
    public Utf8 Policy { get; set; }

    public int? Nice { get; set; }

    public int? Priority { get; set; }

    public Utf8[]? Flags { get; set; }

    /// <summary>Nanoseconds.</summary>
    public ulong? Runtime { get; set; }

    /// <summary>Nanoseconds.</summary>
    public ulong? Deadline { get; set; }

    /// <summary>Nanoseconds.</summary>
    public ulong? Period { get; set; }
}

internal sealed class IoPriority
{
    public Utf8 Class { get; set; }

    public int Priority { get; set; }
}

/// <summary>CPU lists such as <c>0-3,7</c>.</summary>
internal sealed class ExecCpuAffinity
{
    public Utf8 Initial { get; set; }

    public Utf8 Final { get; set; }
}
