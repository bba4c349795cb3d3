using OciRun.Spec;

namespace OciRun.Images;

/// <summary>What an image says about itself and about running it (image-spec, config.md).</summary>
internal sealed record ImageConfig
{
    public Utf8 Created { get; set; }

    public Utf8 Author { get; set; }

    public Utf8 Architecture { get; set; }

    public Utf8 Variant { get; set; }

    public Utf8 Os { get; set; }

    public Utf8 OsVersion { get; set; }

    public Utf8[] OsFeatures { get; set; } = [];

    /// <summary>Digests of the layers' archives before compression, the lowest first.</summary>
    public Digest[] DiffIds { get; set; } = [];

    /// <summary><c>user[:group]</c>, each a name or a number.</summary>
    public Utf8 User { get; set; }

    public Utf8[] Env { get; set; } = [];

    public Utf8[] Entrypoint { get; set; } = [];

    public Utf8[] Cmd { get; set; } = [];

    public Utf8 WorkingDir { get; set; }

    public Utf8 StopSignal { get; set; }

    public Pair[] Labels { get; set; } = [];

    public Utf8[] Volumes { get; set; } = [];

    /// <summary><c>port[/protocol]</c>.</summary>
    public Utf8[] ExposedPorts { get; set; } = [];
}
