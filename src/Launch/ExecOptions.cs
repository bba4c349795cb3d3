namespace OciRun.Launch;

/// <summary>What <c>exec</c> was asked to do: its flags, with paths already absolute. Null is not given.</summary>
internal sealed record ExecOptions
{
    public required string Id { get; init; }

    /// <summary>State root, absolute; null takes the default.</summary>
    public string? Root { get; init; }

    public string? ConsoleSocket { get; init; }

    public string? PidfdSocket { get; init; }

    public string? PidFile { get; init; }

    /// <summary>process.json; with it the flags about the process mean nothing.</summary>
    public string? ProcessFile { get; init; }

    public bool Detach { get; init; }

    public int PreserveFds { get; init; }

    /// <summary>Cgroup below the container's; then there is no fallback to another one.</summary>
    public string? Cgroup { get; init; }

    public bool IgnorePaused { get; init; }

    public string[] Args { get; init; } = [];

    public string? Cwd { get; init; }

    public string[] Env { get; init; } = [];

    public bool Terminal { get; init; }

    public uint? Uid { get; init; }

    public uint? Gid { get; init; }

    /// <summary>In addition to the container's.</summary>
    public uint[] AdditionalGids { get; init; } = [];

    /// <summary>In addition to the container's.</summary>
    public string[] Capabilities { get; init; } = [];

    public string? ApparmorProfile { get; init; }

    public string? SelinuxLabel { get; init; }

    public bool? NoNewPrivileges { get; init; }
}
