using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using OciRun.Images;
using OciRun.Spec;

namespace OciRun.Fuzz.Targets;

/// <summary>
/// An image layout. An input is one document of the files: where a descriptor has <c>@config</c> for its digest and
/// <c>@config-size</c> for its size, those of the file are put, so that what is damaged is still found.
/// </summary>
internal sealed class LayoutDoor
{
    private const string Seed =
        """
        {"oci-layout":{"imageLayoutVersion":"1.0.0"},
         "index":{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"@manifest","size":"@manifest-size","annotations":{"org.opencontainers.image.ref.name":"latest"},"platform":{"os":"linux","architecture":"amd64","variant":""}}]},
         "manifest":{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"@config","size":"@config-size"},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":5}]},
         "config":{"created":"2026-01-01T00:00:00Z","author":"a","os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"config":{"User":"app:staff","Env":["PATH=/bin","A=b"],"Entrypoint":["/bin/sh"],"Cmd":["-c","true"],"WorkingDir":"/w","StopSignal":"SIGTERM","Labels":{"a":"b","run.oci.x":"y"},"Volumes":{"/data":{}},"ExposedPorts":{"80/tcp":{}}},"history":[{"created_by":"x"}]}}
        """;

    private static readonly byte[] Passwd = "app:x:1000:1001::/:\n"u8.ToArray();
    private static readonly byte[] Group = "staff:x:50:app\n"u8.ToArray();

    private readonly string _layout;
    private readonly string _blobs;

    public LayoutDoor(Corpus corpus, Scratch scratch)
    {
        _layout = scratch.Make("layout");
        _blobs = Path.Combine(_layout, "blobs", "sha256");
        Directory.CreateDirectory(_blobs);
        Node seed = Node.Parse(Encoding.UTF8.GetBytes(Seed))!;
        Node nested = seed.Copy();
        nested.Set("index", Node.Parse("""{"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"@inner","size":"@inner-size"}]}"""u8));
        nested.Set("inner", seed["index"]!.Copy());
        Target = Doors.Json("layout", corpus, [seed, nested], Run) with { RunsTwice = false };
    }

    public Target Target { get; }

    private string Run(byte[] input)
    {
        foreach (string file in Directory.GetFiles(_blobs))
            File.Delete(file);
        if (Node.Parse(input) is not { IsObject: true } files)
        {
            File.WriteAllBytes(Path.Combine(_layout, "oci-layout"), input);
            File.WriteAllBytes(Path.Combine(_layout, "index.json"), input);
        }
        else
        {
            byte[] index = files["index"]?.Write() ?? [];
            byte[] inner = files["inner"]?.Write() ?? [];
            byte[] manifest = files["manifest"]?.Write() ?? [];
            manifest = Blob(files["config"]?.Write() ?? [], "config", manifest);
            inner = Blob(manifest, "manifest", inner);
            index = Blob(manifest, "manifest", index);
            index = Blob(inner, "inner", index);
            File.WriteAllBytes(Path.Combine(_layout, "oci-layout"), files["oci-layout"]?.Write() ?? []);
            File.WriteAllBytes(Path.Combine(_layout, "index.json"), index);
        }

        using ImageLayout layout = ImageLayout.Open(_layout);
        Manifest found = layout.ReadManifest(layout.Find(Doors.Bit(input, 0) ? "latest" : null, new Platform("linux", "amd64", "")));
        ImageConfig image = layout.ReadConfig(found);
        foreach (Descriptor layer in found.Layers)
            MediaType.IsGzip(layer);
        List<string> leftOut = [];
        SpecChoices choices = BundleConfig.Convert(image, ImageUser.Resolve(image.User, Passwd, Group), leftOut);
        byte[] written = SpecTemplate.Write(choices);
        ConfigReader.Read(written, "the config that unpack writes");
        return Encoding.UTF8.GetString(written);
    }

    private byte[] Blob(byte[] content, string name, byte[] into)
    {
        string hex = Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(Path.Combine(_blobs, hex), content);
        return Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(into)
            .Replace($"\"@{name}-size\"", $"{content.Length}", StringComparison.Ordinal)
            .Replace($"@{name}", $"sha256:{hex}", StringComparison.Ordinal));
    }
}
