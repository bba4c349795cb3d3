using System;
using System.Collections.Generic;
using System.Text.Json;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>The JSON documents of an image: image-spec 1.1 and their older Docker forms.</summary>
/// <remarks>
/// A field that is not used here is passed over. All errors are <see cref="FaultException"/> that name document and path.
/// </remarks>
internal static unsafe class Documents
{
    /// <summary>Most bytes of one document; registries take manifests of 4 MiB.</summary>
    public const int MaximumSize = 8 << 20;

    /// <summary>The version of an <c>oci-layout</c> file.</summary>
    public static string ReadLayoutVersion(byte[] json, string name)
    {
        Utf8 version = Read(json, name, &LayoutVersion);
        return version.IsNull ? throw Missing(name, "imageLayoutVersion") : version.ToString();
    }

    /// <summary>The manifests of an index.</summary>
    public static Descriptor[] ReadIndex(byte[] json, string name) =>
        Read(json, name, &Index) ?? throw Missing(name, "manifests");

    public static Manifest ReadManifest(byte[] json, string name)
    {
        Manifest manifest = Read(json, name, &ManifestOf);
        return manifest.Config is null ? throw Missing(name, "config") : manifest;
    }

    public static ImageConfig ReadConfig(byte[] json, string name) => Read(json, name, &ConfigOf);

    private static T Read<T>(byte[] json, string name, delegate*<ref JsonCursor, T> read)
    {
        JsonSyntax.CheckBytes(json, name, MaximumSize);
        try
        {
            JsonCursor cursor = new(json, name);
            cursor.Begin();
            T document = read(ref cursor);
            cursor.End();
            return document;
        }
        catch (JsonException)
        {
            throw JsonSyntax.Explain(json, name);
        }
        catch (FaultException e) when (e.Fault.Field is not null)
        {
            throw new FaultException(e.Fault with { Field = $"{name}: {e.Fault.Field}" });
        }
    }

    private static FaultException Missing(string name, string field) =>
        new(new Fault("missing") { Field = $"{name}: {field}" });

    private static Utf8 LayoutVersion(ref JsonCursor json)
    {
        Utf8 version = default;
        while (json.Property())
        {
            if (json.Is("imageLayoutVersion"u8))
                version = json.Text();
            else
                json.Skip();
        }

        return version;
    }

    private static Descriptor[]? Index(ref JsonCursor json)
    {
        Descriptor[]? manifests = null;
        while (json.Property())
        {
            if (json.Is("manifests"u8))
                manifests = json.Objects(&DescriptorOf);
            else if (json.Is("schemaVersion"u8))
                CheckVersion(ref json);
            else
                json.Skip();
        }

        return manifests;
    }

    private static Manifest ManifestOf(ref JsonCursor json)
    {
        Descriptor? config = null;
        Descriptor[] layers = [];
        while (json.Property())
        {
            if (json.Is("config"u8))
                config = json.Object() ? DescriptorOf(ref json) : null;
            else if (json.Is("layers"u8))
                layers = json.Objects(&DescriptorOf) ?? [];
            else if (json.Is("schemaVersion"u8))
                CheckVersion(ref json);
            else
                json.Skip();
        }

        return new Manifest { Config = config!, Layers = layers };
    }

    private static void CheckVersion(ref JsonCursor json)
    {
        if (json.Int64() is { } version && version != 2)
            throw json.Refused($"only version 2 is supported, not {version}", "write the image again with a current tool");
    }

    private static Descriptor DescriptorOf(ref JsonCursor json)
    {
        Utf8 mediaType = default;
        Digest? digest = null;
        long? size = null;
        Utf8 refName = default;
        Platform? platform = null;
        while (json.Property())
        {
            if (json.Is("mediaType"u8))
                mediaType = json.Text();
            else if (json.Is("digest"u8))
                digest = DigestOf(ref json);
            else if (json.Is("size"u8))
                size = json.Int64();
            else if (json.Is("annotations"u8))
                refName = Find(json.Pairs(), "org.opencontainers.image.ref.name"u8);
            else if (json.Is("platform"u8))
                platform = json.Object() ? PlatformOf(ref json) : null;
            else
                json.Skip();
        }

        return new Descriptor
        {
            MediaType = mediaType.ToString(),
            Digest = digest ?? throw json.Refused("a descriptor without digest"),
            Size = size is >= 0 ? size.Value : throw json.Refused("a descriptor without size, or with a negative one"),
            RefName = refName.IsNull ? null : refName.ToString(),
            Platform = platform,
        };
    }

    private static Digest DigestOf(ref JsonCursor json)
    {
        Utf8 text = json.Text();
        return Digest.TryParse(text, out Digest digest)
            ? digest
            : throw json.Refused($"\"{text}\" is not a digest", "sha256 and sha512 are supported, in lower-case hex");
    }

    private static Utf8 Find(Pair[]? pairs, ReadOnlySpan<byte> key)
    {
        foreach (Pair pair in pairs ?? [])
        {
            if (pair.Key.Is(key))
                return pair.Value;
        }

        return default;
    }

    private static Platform PlatformOf(ref JsonCursor json)
    {
        Utf8 os = default;
        Utf8 architecture = default;
        Utf8 variant = default;
        while (json.Property())
        {
            if (json.Is("os"u8))
                os = json.Text();
            else if (json.Is("architecture"u8))
                architecture = json.Text();
            else if (json.Is("variant"u8))
                variant = json.Text();
            else
                json.Skip();
        }

        return new Platform(os.ToString(), architecture.ToString(), variant.ToString());
    }

    private static ImageConfig ConfigOf(ref JsonCursor json)
    {
        ImageConfig config = new();
        while (json.Property())
        {
            if (json.Is("created"u8))
                config.Created = json.Text();
            else if (json.Is("author"u8))
                config.Author = json.Text();
            else if (json.Is("architecture"u8))
                config.Architecture = json.Text();
            else if (json.Is("variant"u8))
                config.Variant = json.Text();
            else if (json.Is("os"u8))
                config.Os = json.Text();
            else if (json.Is("os.version"u8))
                config.OsVersion = json.Text();
            else if (json.Is("os.features"u8))
                config.OsFeatures = json.Texts() ?? [];
            else if (json.Is("rootfs"u8))
                config.DiffIds = json.Object() ? DiffIds(ref json) : [];
            else if (json.Is("config"u8) && json.Object())
                Execution(ref json, config);
            else
                json.Skip();
        }

        return config;
    }

    private static Digest[] DiffIds(ref JsonCursor json)
    {
        List<Digest> digests = [];
        while (json.Property())
        {
            if (!json.Is("diff_ids"u8))
            {
                json.Skip();
                continue;
            }

            foreach (Utf8 text in json.Texts() ?? [])
            {
                digests.Add(Digest.TryParse(text, out Digest digest)
                    ? digest
                    : throw json.Refused($"\"{text}\" is not a digest", "sha256 and sha512 are supported, in lower-case hex"));
            }
        }

        return [.. digests];
    }

    private static void Execution(ref JsonCursor json, ImageConfig config)
    {
        while (json.Property())
        {
            if (json.Is("User"u8))
                config.User = json.Text();
            else if (json.Is("Env"u8))
                config.Env = json.Texts() ?? [];
            else if (json.Is("Entrypoint"u8))
                config.Entrypoint = json.Texts() ?? [];
            else if (json.Is("Cmd"u8))
                config.Cmd = json.Texts() ?? [];
            else if (json.Is("WorkingDir"u8))
                config.WorkingDir = json.Text();
            else if (json.Is("StopSignal"u8))
                config.StopSignal = json.Text();
            else if (json.Is("Labels"u8))
                config.Labels = json.Pairs() ?? [];
            else if (json.Is("Volumes"u8))
                config.Volumes = json.Map(&Key) ?? [];
            else if (json.Is("ExposedPorts"u8))
                config.ExposedPorts = json.Map(&Key) ?? [];
            else
                json.Skip();
        }
    }

    // A set is an object of empty objects.
    private static Utf8 Key(Utf8 key, ref JsonCursor json)
    {
        json.Skip();
        return key;
    }
}
