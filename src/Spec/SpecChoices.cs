namespace OciRun.Spec;

/// <summary>What a config.json from <see cref="SpecTemplate"/> says; the defaults are those of <c>spec</c>.</summary>
internal sealed record SpecChoices
{
    /// <summary>A user namespace that maps only root, and nothing that needs privileges.</summary>
    public bool IsRootless { get; init; }

    /// <summary>User of the machine that becomes root inside; only used when rootless.</summary>
    public uint HostUser { get; init; }

    public uint HostGroup { get; init; }

    public bool Terminal { get; init; } = true;

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Additional groups.</summary>
    public uint[] Groups { get; init; } = [];

    public Utf8[] Args { get; init; } = ["sh"];

    public Utf8[] Env { get; init; } = [DefaultPath, "TERM=xterm"];

    public Utf8 Cwd { get; init; } = "/";

    public bool IsReadonly { get; init; } = true;

    /// <summary>Directories that get a tmpfs of their own.</summary>
    public Utf8[] Volumes { get; init; } = [];

    public string[] VolumeOptions { get; init; } = [];

    public Pair[] Annotations { get; init; } = [];

    /// <summary>The search path of a process that has none.</summary>
    public static Utf8 DefaultPath => "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}
