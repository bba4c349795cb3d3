using System.Collections.Generic;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>What CRIU does with cgroups (criu_cg_mode).</summary>
internal enum CriuCgroupMode
{
    Ignore = 0,
    Soft = 3,
    Full = 4,
    Strict = 5,
    Default = 6,
}

/// <summary>How connections are held while they are dumped (criu_network_lock_method).</summary>
internal enum CriuNetworkLock
{
    Iptables = 1,
    Nftables = 2,
    Skip = 3,
}

/// <summary>A pair of texts; what they mean depends on the list they are in.</summary>
internal readonly record struct CriuPair(Utf8 Key, Utf8 Value);

/// <summary>Options of a request, by their names in CRIU's RPC (criu_opts). Null is CRIU's default.</summary>
internal sealed record CriuOptions
{
    /// <summary>Descriptor in this process, through whose /proc CRIU opens it.</summary>
    public required int ImagesDirectory { get; init; }

    /// <summary>The same for logs; null for the images' directory.</summary>
    public int? WorkDirectory { get; init; }

    /// <summary>A file name.</summary>
    public required string LogFile { get; init; }

    /// <summary>File with options that win over these; null for none.</summary>
    public string? ConfigFile { get; init; }

    public string? Root { get; init; }

    /// <summary>Root of the processes to dump.</summary>
    public int? Pid { get; init; }

    public bool? LeaveRunning { get; init; }

    public bool? ExternalUnixSockets { get; init; }

    public bool? TcpEstablished { get; init; }

    public bool? TcpSkipInFlight { get; init; }

    public bool? TcpClose { get; init; }

    /// <summary>Use any path to a device that leads to it.</summary>
    public bool? EvasiveDevices { get; init; }

    public bool? ShellJob { get; init; }

    public bool? FileLocks { get; init; }

    public bool? LinkRemap { get; init; }

    /// <summary>Address and port of the server that takes the pages.</summary>
    public (string Address, int Port)? PageServer { get; init; }

    /// <summary>Older images, relative to the images' directory.</summary>
    public string? ParentImages { get; init; }

    public bool? TrackMemory { get; init; }

    public bool? AutoDedup { get; init; }

    public bool? LazyPages { get; init; }

    /// <summary>Descriptor in this process.</summary>
    public int? StatusFd { get; init; }

    /// <summary>Restored processes become children of who started CRIU.</summary>
    public bool? RestoreSibling { get; init; }

    /// <summary>Hand over the master of a terminal whose slave alone is in the images.</summary>
    public bool? OrphanPtsMaster { get; init; }

    public CriuCgroupMode CgroupMode { get; init; } = CriuCgroupMode.Default;

    /// <summary>Absolute path of the cgroup to freeze.</summary>
    public string? FreezeCgroup { get; init; }

    /// <summary>CLONE_NEW* flags of namespaces that are made but not filled.</summary>
    public uint EmptyNamespaces { get; init; }

    public string? LsmProfile { get; init; }

    public string? LsmMountContext { get; init; }

    public CriuNetworkLock? NetworkLock { get; init; }

    /// <summary>Mounts whose content is the host's. Dump: mount point and name. Restore: name and source.</summary>
    public List<CriuPair> ExternalMounts { get; } = [];

    /// <summary>Other resources that are not dumped.</summary>
    public List<Utf8> Externals { get; } = [];

    /// <summary>Descriptors of CRIU itself that take the place of resources, by the resource's name.</summary>
    public List<(Utf8 Key, int Descriptor)> InheritedFds { get; } = [];

    /// <summary>Namespaces to restore into: type and file.</summary>
    public List<CriuPair> JoinedNamespaces { get; } = [];

    /// <summary>Where the cgroups go: controllers and path.</summary>
    public List<CriuPair> CgroupRoots { get; } = [];

    /// <summary>The message (field numbers of criu_opts).</summary>
    public CriuFields Fields()
    {
        CriuFields fields = new CriuFields()
            .Number(1, ImagesDirectory)
            .Number(2, Pid)
            .Flag(3, LeaveRunning)
            .Flag(4, ExternalUnixSockets)
            .Flag(5, TcpEstablished)
            .Flag(6, EvasiveDevices)
            .Flag(7, ShellJob)
            .Flag(8, FileLocks)
            .Number(9, 4) // log level: all but debug's second half
            .Text(10, LogFile)
            .Message(11, PageServer is { } server ? new CriuFields().Text(1, server.Address).Number(2, server.Port) : null)
            .Flag(12, true) // notifications
            .Text(13, Optional(Root))
            .Text(14, Optional(ParentImages))
            .Flag(15, TrackMemory)
            .Flag(16, AutoDedup)
            .Number(17, WorkDirectory)
            .Flag(18, LinkRemap);
        foreach (CriuPair mount in ExternalMounts)
            fields.Message(23, new CriuFields().Text(1, mount.Key).Text(2, mount.Value));
        fields.Flag(24, true); // what the mode was before it had one
        foreach (CriuPair root in CgroupRoots)
            fields.Message(25, new CriuFields().Text(1, root.Key).Text(2, root.Value));
        fields.Flag(26, RestoreSibling);
        foreach ((Utf8 key, int descriptor) in InheritedFds)
            fields.Message(27, new CriuFields().Text(1, key).Number(2, descriptor));
        fields.Number(34, (int)CgroupMode);
        foreach (Utf8 external in Externals)
            fields.Text(37, external);
        fields.Number(38, unchecked((int)EmptyNamespaces));
        foreach (CriuPair joined in JoinedNamespaces)
            fields.Message(39, new CriuFields().Text(1, joined.Key).Text(2, joined.Value));
        return fields
            .Text(44, Optional(FreezeCgroup))
            .Flag(46, TcpSkipInFlight)
            .Flag(48, LazyPages)
            .Number(49, StatusFd)
            .Flag(50, OrphanPtsMaster)
            .Text(51, Optional(ConfigFile))
            .Flag(52, TcpClose)
            .Text(53, Optional(LsmProfile))
            .Text(63, Optional(LsmMountContext))
            .Number(64, (int?)NetworkLock);
    }

    private static Utf8 Optional(string? text) => text is null ? default : new Utf8(text);
}
