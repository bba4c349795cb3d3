namespace OciRun.Images;

/// <summary>A platform as images name them: Go's words (image-spec, image-index.md, "platform").</summary>
internal readonly record struct Platform(string Os, string Architecture, string Variant)
{
    /// <summary>This machine.</summary>
    public static Platform Machine => new(
        "linux",
        System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
        "");

    /// <summary>Reads <c>OS/ARCHITECTURE[/VARIANT]</c>; null when it is not of this form.</summary>
    public static Platform? Parse(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length is 2 or 3 && !System.Array.Exists(parts, string.IsNullOrEmpty)
            ? new Platform(parts[0], parts[1], parts.Length == 3 ? parts[2] : "")
            : null;
    }

    /// <summary>Whether an image for the other runs here: the least variant of an architecture is the one without a name.</summary>
    public bool Takes(Platform image) =>
        image.Os == Os && image.Architecture == Architecture && Least(image) == Least(this);

    public override string ToString() => Variant.Length == 0 ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";

    private static string Least(Platform platform) => (platform.Architecture, platform.Variant) switch
    {
        ("amd64", "v1") or ("arm64", "v8") => "",
        _ => platform.Variant,
    };
}

/// <summary>Points at a blob (image-spec, descriptor.md).</summary>
internal sealed record Descriptor
{
    public required string MediaType { get; init; }

    public required Digest Digest { get; init; }

    /// <summary>Bytes of the blob.</summary>
    public required long Size { get; init; }

    /// <summary>The tag, from annotation <c>org.opencontainers.image.ref.name</c>; null for none.</summary>
    public string? RefName { get; init; }

    public Platform? Platform { get; init; }
}
