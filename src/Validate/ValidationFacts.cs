using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>What the rules depend on besides config.json: who runs the runtime, and what this machine offers.</summary>
internal sealed record ValidationFacts
{
    /// <summary>Effective uid 0, and not inside a user namespace.</summary>
    public bool Privileged { get; init; }

    public uint Euid { get; init; }

    /// <summary>The runtime itself is inside a user namespace.</summary>
    public bool InUserNamespace { get; init; }

    /// <summary>Effective uid other than 0: the container can only get rights from a user namespace.</summary>
    public bool RootlessEuid { get; init; }

    /// <summary>Last capability that the kernel knows (/proc/sys/kernel/cap_last_cap).</summary>
    public int LastCapability { get; init; } = 40;

    /// <summary>Layers of the root file system that the command line names; null when it names none.</summary>
    public RootLayers? Layers { get; init; }

    public bool AppArmor { get; init; }

    public bool SELinux { get; init; }
}
