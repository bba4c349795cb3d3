using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OciRun.Tests.Images;

/// <summary>Writes OCI image layouts, damaged ones too.</summary>
public sealed class Layout
{
    public const string Index = "application/vnd.oci.image.index.v1+json";
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    public const string Gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string Tar = "application/vnd.oci.image.layer.v1.tar";

    private readonly JsonArray manifests = new();

    public Layout(string path)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.Combine(path, "blobs", "sha256"));
        Directory.CreateDirectory(System.IO.Path.Combine(path, "blobs", "sha512"));
        File.WriteAllText(System.IO.Path.Combine(path, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        Save();
    }

    public string Path { get; }

    public static string Sha256(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    public static string Sha512(byte[] content) => "sha512:" + Convert.ToHexStringLower(SHA512.HashData(content));

    public string BlobPath(string digest) => System.IO.Path.Combine(Path, "blobs", digest.Replace(':', '/'));

    public JsonObject Blob(byte[] content, string mediaType, string? digest = null)
    {
        digest ??= Sha256(content);
        File.WriteAllBytes(BlobPath(digest), content);
        return new JsonObject { ["mediaType"] = mediaType, ["digest"] = digest, ["size"] = content.Length };
    }

    public JsonObject Json(JsonNode document, string mediaType) => Blob(Encoding.UTF8.GetBytes(document.ToJsonString()), mediaType);

    /// <summary>Descriptor of an image's manifest.</summary>
    public JsonObject Image(JsonObject? config, IEnumerable<Archive> layers, Action<JsonObject>? editManifest = null,
        Action<JsonObject>? editImage = null, bool gzip = true)
    {
        byte[][] archives = layers.Select(l => l.ToArray()).ToArray();
        JsonObject image = new()
        {
            ["os"] = "linux",
            ["architecture"] = OciRun.Images.Platform.Machine.Architecture,
            ["config"] = config ?? new JsonObject(),
            ["rootfs"] = new JsonObject
            {
                ["type"] = "layers",
                ["diff_ids"] = new JsonArray(archives.Select(a => (JsonNode)Sha256(a)).ToArray()),
            },
        };
        editImage?.Invoke(image);
        JsonObject manifest = new()
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = Manifest,
            ["config"] = Json(image, "application/vnd.oci.image.config.v1+json"),
            ["layers"] = new JsonArray(archives.Select(a => (JsonNode)(gzip ? Blob(Archive.Gzip(a), Gzip) : Blob(a, Tar))).ToArray()),
        };
        editManifest?.Invoke(manifest);
        return Json(manifest, Manifest);
    }

    /// <summary>Puts a descriptor into index.json.</summary>
    public Layout Add(JsonObject descriptor, string? tag = null, string? platform = null)
    {
        if (tag is not null)
            descriptor["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = tag };
        if (platform is not null)
            descriptor["platform"] = Platform(platform);
        manifests.Add((JsonNode)descriptor);
        Save();
        return this;
    }

    public static JsonObject Platform(string text)
    {
        string[] parts = text.Split('/');
        JsonObject platform = new() { ["os"] = parts[0], ["architecture"] = parts[1] };
        if (parts.Length > 2)
            platform["variant"] = parts[2];
        return platform;
    }

    private void Save() => File.WriteAllText(System.IO.Path.Combine(Path, "index.json"),
        new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = Index, ["manifests"] = manifests.DeepClone() }.ToJsonString());
}
