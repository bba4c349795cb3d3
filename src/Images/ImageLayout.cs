using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Images;

/// <summary>
/// A directory with images: <c>oci-layout</c>, <c>index.json</c> and <c>blobs/</c> (image-spec, image-layout.md). What is in it
/// is not trusted: every file is bounded, and every blob is compared with the digest that names it.
/// </summary>
internal sealed partial class ImageLayout : IDisposable
{
    private const int DeepestIndex = 8;

    private readonly Fd _directory;

    private ImageLayout(Fd directory, string path)
    {
        _directory = directory;
        Path = path;
    }

    public string Path { get; }

    /// <exception cref="FaultException">The directory is not an image layout of version 1.</exception>
    public static ImageLayout Open(string path)
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_PATH | Uapi.O_DIRECTORY);
        if (fd < 0)
            throw new FaultException(new Fault("cannot open the image layout") { Field = "image", Value = path, Syscall = "openat", Errno = -fd });
        ImageLayout layout = new(new Fd(fd), path);
        try
        {
            string version = Documents.ReadLayoutVersion(layout.ReadFile("oci-layout"), "oci-layout");
            if (!version.StartsWith("1.", StringComparison.Ordinal))
                throw new FaultException(new Fault($"image layout version {version} is not supported") { Field = "image", Value = path, Hint = "version 1.0.0 is" });
            return layout;
        }
        catch
        {
            layout.Dispose();
            throw;
        }
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>The descriptor of the one image manifest that a tag and a platform lead to.</summary>
    /// <param name="tag">Null when the layout has only one image.</param>
    /// <param name="platform">Decides between the manifests of an index.</param>
    public Descriptor Find(string? tag, Platform platform)
    {
        Descriptor[] all = Documents.ReadIndex(ReadFile("index.json"), "index.json");
        List<Descriptor> named = [];
        foreach (Descriptor descriptor in all)
        {
            if (tag is null || descriptor.RefName == tag)
                named.Add(descriptor);
        }

        if (named.Count == 0 || (tag is null && !IsOneImage(named)))
            throw NotFound(tag, all);
        List<Descriptor> manifests = [];
        foreach (Descriptor descriptor in named)
            Collect(descriptor, manifests, 0);
        return Choose(manifests, platform);
    }

    private static bool IsOneImage(List<Descriptor> descriptors) =>
        descriptors.TrueForAll(other => other.RefName == descriptors[0].RefName);

    private FaultException NotFound(string? tag, Descriptor[] all)
    {
        SortedSet<string> tags = new(StringComparer.Ordinal);
        foreach (Descriptor descriptor in all)
        {
            if (descriptor.RefName is not null)
                tags.Add(descriptor.RefName);
        }

        string message = all.Length == 0 ? "no image in this layout"
            : tag is null ? "more than one image in this layout"
            : $"no image with the tag \"{tag}\" in this layout";
        return new FaultException(new Fault(message)
        {
            Field = "image",
            Value = Path,
            Hint = tags.Count == 0 ? (all.Length == 0 ? null : "its images have no tags") : $"its tags are: {string.Join(", ", tags)}",
        });
    }

    private void Collect(Descriptor descriptor, List<Descriptor> manifests, int depth)
    {
        if (!MediaType.IsIndex(descriptor.MediaType))
        {
            manifests.Add(descriptor);
            return;
        }

        if (depth == DeepestIndex)
            throw new FaultException(new Fault("image indexes are nested too deeply") { Field = $"index {descriptor.Digest}" });
        foreach (Descriptor inner in Documents.ReadIndex(ReadBlob(descriptor), $"index {descriptor.Digest}"))
            Collect(inner, manifests, depth + 1);
    }

    // "If multiple manifests match a client or runtime's requirements, the first matching entry SHOULD be used"
    // (image-index.md). One without a platform is for any.
    private Descriptor Choose(List<Descriptor> manifests, Platform platform)
    {
        Descriptor? chosen = manifests.Find(other => other.Platform is { } of && platform.Takes(of))
            ?? manifests.Find(static other => other.Platform is null);
        if (chosen is null)
        {
            List<string> platforms = [];
            foreach (Descriptor descriptor in manifests)
                platforms.Add(descriptor.Platform.ToString()!);
            throw new FaultException(new Fault($"no image for {platform}")
            {
                Field = "image",
                Value = Path,
                Hint = platforms.Count == 0 ? "the index is empty" : $"choose one by --platform: {string.Join(", ", platforms)}",
            });
        }

        if (!MediaType.IsManifest(chosen.MediaType))
        {
            throw new FaultException(new Fault($"unsupported media type {chosen.MediaType}")
            {
                Field = $"manifest {chosen.Digest}",
                Hint = "OCI images and Docker's schema 2 are supported",
            });
        }

        return chosen;
    }
}
