using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>The config.json of an image (image-spec, conversion.md), on top of the one that <c>spec</c> writes.</summary>
internal static class BundleConfig
{
    // Prefixes of annotations that this or another runtime takes for an order. From an image they would be a stranger's:
    // among them are files to write to and options of the runtime itself.
    private static string[] Orders =>
    [
        "run.oci.", "run.ocirun.", "org.systemd.property.", "org.criu.", "module.wasm.", "io.katacontainers.", "dev.gvisor.",
        "io.kubernetes.", "krun.",
    ];

    /// <summary>What the process and the annotations of an image's container are.</summary>
    /// <param name="image">The image's config.</param>
    /// <param name="user">Its user, resolved.</param>
    /// <param name="leftOut">Receives the keys of labels that were not taken over.</param>
    public static SpecChoices Convert(ImageConfig image, ImageUser user, List<string> leftOut)
    {
        Utf8[] args = [.. image.Entrypoint, .. image.Cmd];
        return new SpecChoices
        {
            Terminal = false,
            Uid = user.Uid,
            Gid = user.Gid,
            Groups = user.Groups,
            Args = args.Length > 0 ? args : ["sh"],
            Env = Array.Exists(image.Env, static entry => entry.StartsWith("PATH="u8)) ? image.Env : [SpecChoices.DefaultPath, .. image.Env],
            Cwd = Absolute(image.WorkingDir),
            IsReadonly = false,
            Volumes = Array.ConvertAll(image.Volumes, Absolute),
            VolumeOptions = ["nosuid", "nodev", "relatime", "tmpcopyup"],
            Annotations = Annotations(image, leftOut),
        };
    }

    /// <summary>
    /// The value of the annotation <c>run.ocirun.rootfs.lower</c>: directories separated by <c>:</c>, with <c>\</c> before
    /// a <c>:</c> or <c>\</c> of a name (docs/layers.md).
    /// </summary>
    public static string Lower(IEnumerable<string> layers)
    {
        StringBuilder value = new();
        foreach (string layer in layers)
        {
            if (value.Length > 0)
                value.Append(':');
            value.Append(layer.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal));
        }

        return value.ToString();
    }

    private static Utf8 Absolute(Utf8 path) => path.StartsWith("/"u8) ? path : new Utf8("/" + path.ToString());

    // conversion.md, "Annotation Fields": of equal keys the label wins.
    private static Pair[] Annotations(ImageConfig image, List<string> leftOut)
    {
        List<Pair> pairs = [];
        Add(pairs, "org.opencontainers.image.os", image.Os);
        Add(pairs, "org.opencontainers.image.architecture", image.Architecture);
        Add(pairs, "org.opencontainers.image.variant", image.Variant);
        Add(pairs, "org.opencontainers.image.os.version", image.OsVersion);
        Add(pairs, "org.opencontainers.image.os.features", Joined(image.OsFeatures));
        Add(pairs, "org.opencontainers.image.author", image.Author);
        Add(pairs, "org.opencontainers.image.created", image.Created);
        Add(pairs, "org.opencontainers.image.stopSignal", image.StopSignal);
        Add(pairs, "org.opencontainers.image.exposedPorts", Joined(image.ExposedPorts));
        foreach (Pair label in image.Labels)
        {
            if (label.Key.IsEmpty || IsOrder(label.Key))
            {
                leftOut.Add(label.Key.ToString());
                continue;
            }

            pairs.RemoveAll(other => other.Key == label.Key);
            pairs.Add(label);
        }

        return [.. pairs];
    }

    private static bool IsOrder(Utf8 key)
    {
        string text = key.ToString();
        foreach (string prefix in Orders)
        {
            if (text.StartsWith(prefix, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static void Add(List<Pair> pairs, string key, Utf8 value)
    {
        if (!value.IsEmpty)
            pairs.Add(new Pair(key, value));
    }

    private static Utf8 Joined(Utf8[] texts) => new(string.Join(',', texts));
}
