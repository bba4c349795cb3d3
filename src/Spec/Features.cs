namespace OciRun.Spec;

/// <summary>What ocirun implements, as told by the <c>features</c> command (runtime-spec 1.3.0, features.md).</summary>
internal sealed record FeaturesDocument
{
    /// <summary>Oldest runtime-spec version whose bundles are accepted.</summary>
    public required string OciVersionMin { get; init; }

    /// <summary>Newest runtime-spec version whose fields are known.</summary>
    public required string OciVersionMax { get; init; }

    /// <summary>Hook points.</summary>
    public required string[] Hooks { get; init; }

    /// <summary>Mount option words that are understood, sorted; file system data is not listed.</summary>
    public required string[] MountOptions { get; init; }

    /// <summary>Namespace types as in <c>linux.namespaces[].type</c>.</summary>
    public required string[] Namespaces { get; init; }

    /// <summary>Capability names with <c>CAP_</c>.</summary>
    public required string[] Capabilities { get; init; }

    public required CgroupFeatures Cgroup { get; init; }

    public required SeccompFeatures Seccomp { get; init; }

    /// <summary>Implemented, whether or not this host has it; the same holds for the other flags.</summary>
    public required bool Apparmor { get; init; }

    public required bool Selinux { get; init; }

    public required IntelRdtFeatures IntelRdt { get; init; }

    public required MemoryPolicyFeatures MemoryPolicy { get; init; }

    /// <summary><c>mountExtensions.idmap.enabled</c>.</summary>
    public required bool IdmappedMounts { get; init; }

    public required bool NetDevices { get; init; }

    /// <summary>Facts about this build, such as its version and commit.</summary>
    public required Pair[] Annotations { get; init; }

    /// <summary>Annotations of config.json that change what is done; one ending in a dot is a prefix.</summary>
    public required string[] PotentiallyUnsafeConfigAnnotations { get; init; }
}

internal sealed record CgroupFeatures(bool V1, bool V2, bool Systemd, bool SystemdUser, bool Rdma);

/// <param name="KnownFlags">Flags that are understood.</param>
/// <param name="SupportedFlags">Those that the running kernel takes too.</param>
internal sealed record SeccompFeatures(
    bool Enabled,
    string[] Actions,
    string[] Operators,
    string[] Archs,
    string[] KnownFlags,
    string[] SupportedFlags);

internal sealed record IntelRdtFeatures(bool Enabled, bool Schemata, bool Monitoring);

internal sealed record MemoryPolicyFeatures(string[] Modes, string[] Flags);
