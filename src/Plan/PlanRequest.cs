using System.Collections.Generic;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>What a plan depends on besides config.json: the command's flags and a few facts about this machine.</summary>
internal sealed record PlanRequest
{
    public required Config Config { get; init; }

    /// <summary>Absolute path of the bundle.</summary>
    public required Utf8 Bundle { get; init; }

    /// <summary>
    /// Absolute path of the root file system, without links; with <see cref="Layers"/> the directory that they are
    /// mounted on, or empty for none.
    /// </summary>
    public required Utf8 Rootfs { get; init; }

    /// <summary>Directories that make the root file system; null when it is <see cref="Rootfs"/>.</summary>
    public RootLayers? Layers { get; init; }

    public required string Id { get; init; }

    /// <summary>The runtime's own environment, for hooks that give none.</summary>
    public IReadOnlyList<Utf8> Environment { get; init; } = [];

    public bool NoPivot { get; init; }

    public bool NoNewKeyring { get; init; }

    /// <summary>Number of the descriptors from 3 on that LISTEN_FDS passes; they come before preserved ones.</summary>
    public int ListenFds { get; init; }

    /// <summary>Effective uid 0, with rights over the host's namespaces.</summary>
    public bool Privileged { get; init; }

    /// <summary>Effective gid of the runtime: an unprivileged user maps this one without help.</summary>
    public uint Egid { get; init; }

    /// <summary>The runtime itself is inside a user namespace: no device nodes, locked mounts.</summary>
    public bool InUserNamespace { get; init; }

    /// <summary>Last capability that the kernel knows (/proc/sys/kernel/cap_last_cap).</summary>
    public int LastCapability { get; init; } = 40;

    /// <summary>The kernel has <c>/proc/kcore</c> (CONFIG_PROC_KCORE).</summary>
    public bool HasKcore { get; init; } = true;

    /// <summary>The runtime itself runs under a profile of AppArmor.</summary>
    public bool ConfinedByAppArmor { get; init; }

    /// <summary>Directory of the container's cgroup, or null when it has none.</summary>
    public string? CgroupPath { get; init; }

    /// <summary>
    /// Another process puts the container into its cgroup, and need not have done so before the other namespaces are made.
    /// </summary>
    public bool CgroupComesLate { get; init; }

    /// <summary>Mount point of the cgroup2 hierarchy, or null without one.</summary>
    public string? CgroupMount { get; init; }

    /// <summary>The runtime need not reach its cgroup.</summary>
    public bool Rootless { get; init; }

    /// <summary><c>exec</c>: the namespaces of the container's first process that are not the runtime's own.</summary>
    public ulong Join { get; init; }

    /// <summary><c>exec</c>: pid of the container's first process.</summary>
    public int InitPid { get; init; }

    /// <summary><c>exec</c>: the parent opens the container's root, which joining does not lead to.</summary>
    public bool ChangesRoot { get; init; }

    /// <summary>Whether a process enters a new time namespace when it calls execve (Linux 6.1).</summary>
    public bool TimeNamespaceOnExec { get; init; } = true;
}
