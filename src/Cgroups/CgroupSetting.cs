using System;

namespace OciRun.Cgroups;

/// <summary>A value for one interface file of a cgroup (cgroup-v2.rst, "Controllers").</summary>
/// <param name="Field">Path of the value in config.json.</param>
/// <param name="Value">The value there; null when the path says it all.</param>
/// <param name="File">Name of the file, which starts with its controller's: <c>memory.max</c>.</param>
/// <param name="Text">What is written in one write(2).</param>
internal sealed record CgroupSetting(string Field, string? Value, string File, string Text)
{
    /// <summary>Where the file is missing, the cgroup is already as asked for.</summary>
    public bool IsOptional { get; init; }

    /// <summary>EINVAL may be due to a value that the next setting replaces, so it is written once more after that.</summary>
    public bool DependsOnNext { get; init; }

    /// <summary>Written instead where the file is missing.</summary>
    public CgroupSetting? Otherwise { get; init; }

    /// <summary>What the file belongs to: <c>memory</c>, <c>io</c>, or <c>cgroup</c> for the core's own files.</summary>
    public string Controller => File[..Math.Max(File.IndexOf('.', StringComparison.Ordinal), 0)];
}
