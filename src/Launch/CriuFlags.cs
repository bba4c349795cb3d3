namespace OciRun.Launch;

/// <summary>What <c>checkpoint</c> and <c>restore</c> were asked to do: their flags, with paths already absolute.</summary>
internal sealed record CriuFlags
{
    /// <summary>Directory of the images, absolute.</summary>
    public required string ImagePath { get; init; }

    /// <summary>Directory of logs, absolute; null for that of the images.</summary>
    public string? WorkPath { get; init; }

    /// <summary>Directory of older images, relative to <see cref="ImagePath"/>.</summary>
    public string? ParentPath { get; init; }

    public bool LeaveRunning { get; init; }

    public bool TcpEstablished { get; init; }

    public bool TcpSkipInFlight { get; init; }

    public bool TcpClose { get; init; }

    public bool LinkRemap { get; init; }

    public bool ExtUnixSk { get; init; }

    public bool ShellJob { get; init; }

    public bool LazyPages { get; init; }

    /// <summary>Descriptor that gets a NUL when the server of lazy pages is ready; -1 for none.</summary>
    public int StatusFd { get; init; } = -1;

    public (string Address, int Port)? PageServer { get; init; }

    public bool FileLocks { get; init; }

    public bool PreDump { get; init; }

    public CriuCgroupMode CgroupMode { get; init; } = CriuCgroupMode.Default;

    public bool AutoDedup { get; init; }

    public CriuNetworkLock? NetworkLock { get; init; }

    /// <summary>TYPE:NAME.</summary>
    public string? LsmProfile { get; init; }

    public string? LsmMountContext { get; init; }
}
