using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>What <c>create</c> and <c>run</c> were asked to do: their flags, with paths already absolute.</summary>
internal sealed record LaunchOptions
{
    public required string Id { get; init; }

    /// <summary>Absolute path of the bundle directory.</summary>
    public required string Bundle { get; init; }

    /// <summary>State root, absolute; null takes the default (features.md I01, I02).</summary>
    public string? Root { get; init; }

    /// <summary>Name of the configuration file below the bundle.</summary>
    public string ConfigFile { get; init; } = "config.json";

    /// <summary>Layers of the root file system that the flags name; null when they name none.</summary>
    public RootLayers? Layers { get; init; }

    public string? ConsoleSocket { get; init; }

    public string? PidfdSocket { get; init; }

    /// <summary>Absolute path.</summary>
    public string? PidFile { get; init; }

    public bool NoPivot { get; init; }

    public bool NoNewKeyring { get; init; }

    /// <summary>Descriptors 3 to 3+N-1 stay open in the container, after those of LISTEN_FDS.</summary>
    public int PreserveFds { get; init; }

    public bool NoSubreaper { get; init; }

    /// <summary><c>run</c> only: return once the process runs.</summary>
    public bool Detach { get; init; }

    /// <summary><c>run</c> only: do not delete the container after its process ended.</summary>
    public bool Keep { get; init; }

    public bool SystemdCgroup { get; init; }

    /// <summary><c>cgroupfs</c>, <c>systemd</c> or <c>disabled</c>; null when not given.</summary>
    public string? CgroupManager { get; init; }

    /// <summary>True or false as given; null decides by euid and user namespace (features.md RL01).</summary>
    public bool? Rootless { get; init; }

    public bool Debug { get; init; }
}
