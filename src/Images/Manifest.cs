namespace OciRun.Images;

/// <summary>An image of one platform (image-spec, manifest.md).</summary>
internal sealed record Manifest
{
    public required Descriptor Config { get; init; }

    /// <summary>The lowest first.</summary>
    public required Descriptor[] Layers { get; init; }
}
