using OciRun.Spec;

namespace OciRun.State;

/// <summary>
/// What <c>create</c> decided and every later command must read back: callers run those from other directories,
/// with other options and nearly empty environments (callers.md §2.10).
/// </summary>
internal sealed record ContainerRecord
{
    /// <summary>The only layout this program reads and writes.</summary>
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;

    public required string Id { get; init; }

    /// <summary>Pid of init in the runtime's pid namespace; 0 before it exists.</summary>
    public int Pid { get; init; }

    /// <summary>Field 22 of /proc/PID/stat: clock ticks after boot. Tells init from a later owner of its pid.</summary>
    public ulong StartTime { get; init; }

    /// <summary><c>ociVersion</c> of config.json.</summary>
    public string OciVersion { get; init; } = "";

    /// <summary>Absolute path.</summary>
    public required string Bundle { get; init; }

    /// <summary>Absolute path.</summary>
    public required string Rootfs { get; init; }

    /// <summary>RFC 3339 with nanoseconds, UTC: <see cref="Errors.Log.Timestamp()"/>.</summary>
    public required string Created { get; init; }

    /// <summary>Annotations of config.json; null when it has none.</summary>
    public Pair[]? Annotations { get; init; }

    /// <summary>Effective uid of the creator.</summary>
    public uint Owner { get; init; }

    /// <summary>Absolute directory of the container's own cgroup, below a cgroup2 mount; null when it has none.</summary>
    public string? CgroupPath { get; init; }

    /// <summary>True when the pid namespace was made for the container, so that it dies with init.</summary>
    public bool OwnPidNamespace { get; init; }

    /// <summary>True when systemd made the cgroup.</summary>
    public bool SystemdCgroup { get; init; }

    /// <summary>Name of the container's own unit; null when it has none.</summary>
    public string? SystemdUnit { get; init; }

    /// <summary>True when that is a unit of a user's service manager.</summary>
    public bool SystemdUser { get; init; }

    /// <summary>Address of the bus by which systemd was reached; null for the usual one of the system.</summary>
    public string? SystemdBus { get; init; }

    /// <summary>
    /// Path of the cgroup in which init runs, below <see cref="CgroupPath"/>; null when it runs in that itself.
    /// </summary>
    public string? SubCgroup { get; init; }

    /// <summary>resctrl group that the container is in, <c>/</c> for the root's; null without linux.intelRdt.</summary>
    public string? ResctrlGroup { get; init; }

    /// <summary>True when that group ends with the container.</summary>
    public bool ResctrlOwned { get; init; }

    /// <summary>True when the container has a monitoring group of its own in it.</summary>
    public bool ResctrlMonitored { get; init; }

    /// <summary>
    /// Identity of the mount of the rootfs onto itself, in the creator's mount namespace, that holds all mounts of a
    /// container without a mount namespace; 0 for none.
    /// </summary>
    public ulong RootfsMount { get; init; }

    /// <summary>True when the runtime made the root file system of layers, so that <see cref="Rootfs"/> does not lead to it.</summary>
    public bool Layers { get; init; }

    /// <summary>True when the process says in a file of the container's directory why it failed.</summary>
    public bool LastWords { get; init; }

    /// <summary>True when the processes keep their callers' session keyrings.</summary>
    public bool NoNewKeyring { get; init; }

    /// <summary>True when missing cgroup permissions were to be tolerated.</summary>
    public bool Rootless { get; init; }
}
