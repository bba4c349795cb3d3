using System;
using OciRun.Errors;

namespace OciRun.Images;

/// <summary>Media types of image-spec 1.1 (media-types.md) and of Docker's registry (manifest-v2-2).</summary>
internal static class MediaType
{
    public static bool IsIndex(string type) => type is
        "application/vnd.oci.image.index.v1+json" or "application/vnd.docker.distribution.manifest.list.v2+json";

    public static bool IsManifest(string type) => type is
        "application/vnd.oci.image.manifest.v1+json" or "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Something other than an image to run can be in a manifest (artifacts, signatures).</summary>
    public static bool IsConfig(string type) => type is
        "application/vnd.oci.image.config.v1+json" or "application/vnd.docker.container.image.v1+json";

    /// <summary>Whether a layer is compressed by gzip; else it is a plain archive.</summary>
    /// <exception cref="FaultException">It is neither, or no layer.</exception>
    public static bool IsGzip(Descriptor layer)
    {
        switch (layer.MediaType)
        {
            case "application/vnd.oci.image.layer.v1.tar":
            case "application/vnd.oci.image.layer.nondistributable.v1.tar":
            case "application/vnd.docker.image.rootfs.diff.tar":
                return false;
            case "application/vnd.oci.image.layer.v1.tar+gzip":
            case "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip":
            case "application/vnd.docker.image.rootfs.diff.tar.gzip":
            case "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
                return true;
        }

        string hint = "only image layers as tar and tar+gzip are supported";
        if (layer.MediaType.EndsWith("zstd", StringComparison.Ordinal))
            hint = "zstd is not supported: write the image again with skopeo copy --dest-compress-format gzip --dest-force-compress-format";
        else if (layer.MediaType.EndsWith("+encrypted", StringComparison.Ordinal))
            hint = "decrypt it: skopeo copy --decryption-key";
        throw new FaultException(new Fault($"unsupported media type {layer.MediaType}") { Field = $"layer {layer.Digest}", Hint = hint });
    }
}
