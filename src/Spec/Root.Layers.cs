using System;
using System.Collections.Generic;
using System.Text.Json;
using OciRun.Errors;

namespace OciRun.Spec;

/// <summary>A directory of a root file system that is made of layers.</summary>
/// <param name="Path">Absolute, or relative to the bundle.</param>
/// <param name="Field">Flag or annotation, position and value, for errors: <c>--layer[3] "/x"</c>.</param>
internal readonly record struct LayerDirectory(Utf8 Path, string Field);

/// <summary>
/// A root file system as an overlay of directories (docs/layers.md), from the annotations <c>run.ocirun.rootfs.*</c> of
/// config.json or the flags of the command line.
/// </summary>
internal sealed record RootLayers
{
    /// <summary>OVL_MAX_STACK of the kernel: most lower directories of one overlay.</summary>
    public const int Maximum = 500;

    private const string LowerKey = "annotations[\"run.ocirun.rootfs.lower\"]";
    private const string VolatileKey = "annotations[\"run.ocirun.rootfs.volatile\"]";

    /// <summary>Top-most first; nothing is ever written to them.</summary>
    public LayerDirectory[] Lower { get; init; } = [];

    /// <summary>Where <see cref="Lower"/> comes from, for errors.</summary>
    public string LowerField { get; init; } = LowerKey;

    /// <summary>Takes what the container writes; null for none.</summary>
    public LayerDirectory? Upper { get; init; }

    /// <summary>The kernel's scratch directory beside <see cref="Upper"/>, on the same mount.</summary>
    public LayerDirectory? Work { get; init; }

    /// <summary>What is written is dropped with the container.</summary>
    public bool IsEphemeral { get; init; }

    /// <summary>Who asks for <see cref="IsEphemeral"/>.</summary>
    public string EphemeralField { get; init; } = VolatileKey;

    public bool IsWritable => IsEphemeral || Upper is not null || Work is not null;

    /// <summary>One directory that is only read needs no overlay, and the kernel makes none of it.</summary>
    public bool IsPlain => Lower.Length == 1 && !IsWritable;

    /// <summary>The layers of a command line; null when it names none.</summary>
    public static RootLayers? FromFlags(string[] layers, string? upper, string? work, bool ephemeral)
    {
        if (layers.Length == 0 && upper is null && work is null && !ephemeral)
            return null;
        LayerDirectory[] lower = new LayerDirectory[layers.Length];
        for (int i = 0; i < layers.Length; i++)
            lower[i] = new LayerDirectory(layers[i], $"--layer[{i}] \"{layers[i]}\"");
        return new RootLayers
        {
            Lower = lower,
            LowerField = "--layer",
            Upper = upper is null ? null : new LayerDirectory(upper, $"--upper \"{upper}\""),
            Work = work is null ? null : new LayerDirectory(work, $"--work \"{work}\""),
            IsEphemeral = ephemeral,
            EphemeralField = "--ephemeral",
        };
    }

    /// <summary>Whether a config has annotations of this kind, well-formed or not.</summary>
    public static bool AreAnnotated(Config config)
    {
        foreach (Pair pair in config.Annotations ?? [])
        {
            if (pair.Key.StartsWith("run.ocirun.rootfs."u8))
                return true;
        }

        return false;
    }

    /// <summary>
    /// What holds for a container, null for a root file system without layers. Flags for the layers replace the
    /// annotation for them, and flags for what is written replace those for that.
    /// </summary>
    /// <param name="config">May have annotations.</param>
    /// <param name="flags">From <see cref="FromFlags"/>.</param>
    /// <param name="faults">Receives what is wrong with the annotations.</param>
    public static RootLayers? Read(Config config, RootLayers? flags, List<Fault> faults)
    {
        if (!AreAnnotated(config))
            return flags;
        RootLayers annotated = new();
        foreach (Pair pair in config.Annotations ?? [])
        {
            if (pair.Key.StartsWith("run.ocirun.rootfs."u8))
                annotated = annotated.With(pair, faults);
        }

        if (flags is not null)
        {
            RootLayers written = flags.IsWritable ? flags : annotated;
            annotated = written with
            {
                Lower = flags.Lower.Length > 0 ? flags.Lower : annotated.Lower,
                LowerField = flags.Lower.Length > 0 ? flags.LowerField : LowerKey,
            };
        }

        return annotated.Lower.Length == 0 && !annotated.IsWritable ? null : annotated;
    }

    private RootLayers With(Pair pair, List<Fault> faults)
    {
        ReadOnlySpan<byte> name = pair.Key.Span["run.ocirun.rootfs.".Length..];
        string field = $"annotations[\"{pair.Key}\"]";
        string value = pair.Value.ToString();
        if (name.SequenceEqual("lower"u8))
            return this with { Lower = List(pair.Value, faults) };
        if (name.SequenceEqual("volatile"u8))
        {
            if (pair.Value.Is("tmpfs"u8))
                return this with { IsEphemeral = true };
            faults.Add(new Fault("unknown kind of throw-away directory") { Field = field, Value = value, Hint = "the value is tmpfs" });
            return this;
        }

        bool upper = name.SequenceEqual("upper"u8);
        if (!upper && !name.SequenceEqual("work"u8))
            return this;
        if (pair.Value.IsEmpty)
        {
            faults.Add(new Fault("must not be empty") { Field = field, Hint = "name a directory, absolute or relative to the bundle" });
            return this;
        }

        LayerDirectory directory = new(pair.Value, $"{field} \"{value}\"");
        return upper ? this with { Upper = directory } : this with { Work = directory };
    }

    private static LayerDirectory[] List(Utf8 value, List<Fault> faults)
    {
        List<Utf8> paths = [];
        if (!(value.StartsWith("["u8) ? Json(value, paths) : Split(value, paths)))
        {
            faults.Add(new Fault("not a list of directories")
            {
                Field = LowerKey,
                Value = value.ToString(),
                Hint = "separate directories by ':', the top-most first, with '\\' before a ':' or '\\' of a name; or give a JSON array of texts",
            });
            return [];
        }

        LayerDirectory[] lower = new LayerDirectory[paths.Count];
        for (int i = 0; i < lower.Length; i++)
            lower[i] = new LayerDirectory(paths[i], $"{LowerKey}[{i}] \"{paths[i]}\"");
        return lower;
    }

    // The form of overlay's own lowerdir option.
    private static bool Split(Utf8 value, List<Utf8> paths)
    {
        byte[] path = new byte[value.Length];
        int length = 0;
        for (int i = 0; i <= value.Length; i++)
        {
            if (i < value.Length && value[i] != (byte)':')
            {
                if (value[i] == (byte)'\\' && ++i == value.Length)
                    return false;
                path[length++] = value[i];
                continue;
            }

            if (length == 0)
                return false;
            paths.Add(new Utf8(path.AsSpan(0, length).ToArray()));
            length = 0;
        }

        return true;
    }

    private static bool Json(Utf8 value, List<Utf8> paths)
    {
        try
        {
            Utf8JsonReader json = new(value.Span);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.String)
            {
                string path = json.GetString() ?? "";
                if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
                    return false;
                paths.Add(path);
            }

            return json.TokenType == JsonTokenType.EndArray && !json.Read() && paths.Count > 0;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
