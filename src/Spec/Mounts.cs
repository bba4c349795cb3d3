namespace OciRun.Spec;

/// <summary>config.md, "Mounts".</summary>
internal sealed class Mount
{
    public Utf8 Destination { get; set; }

    public Utf8 Type { get; set; }

    public Utf8 Source { get; set; }

    public Utf8[]? Options { get; set; }

    public IdMapping[]? UidMappings { get; set; }

    public IdMapping[]? GidMappings { get; set; }
}

/// <summary>One line of an id map (user_namespaces(7)).</summary>
internal readonly record struct IdMapping(uint ContainerId, uint HostId, uint Size);
