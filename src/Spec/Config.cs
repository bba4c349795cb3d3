namespace OciRun.Spec;

/// <summary>config.json of an OCI bundle (runtime-spec 1.3.0, config.md): the parts that concern Linux.</summary>
/// <remarks>
/// Absent or null fields are null (<see cref="Utf8.IsNull"/> for texts). Enumerated texts stay texts here;
/// the room that acts on a field maps them and names the JSON path in its error.
/// </remarks>
internal sealed class Config
{
    /// <summary>config.md, "Specification version".</summary>
    public Utf8 OciVersion { get; set; }

    public Process? Process { get; set; }

    public Root? Root { get; set; }

    public Utf8 Hostname { get; set; }

    public Utf8 Domainname { get; set; }

    public Mount[]? Mounts { get; set; }

    public Hooks? Hooks { get; set; }

    /// <summary>config.md, "Annotations"; in file order, the last of equal keys wins.</summary>
    public Pair[]? Annotations { get; set; }

    public Linux? Linux { get; set; }

    /// <summary>Value of an annotation, or a null text.</summary>
    public Utf8 Annotation(System.ReadOnlySpan<byte> key)
    {
        Utf8 value = default;
        foreach (Pair pair in Annotations ?? [])
        {
            if (pair.Key.Is(key))
                value = pair.Value;
        }

        return value;
    }
}

/// <summary>config.md, "Root".</summary>
internal sealed class Root
{
    /// <summary>Absolute, or relative to the bundle.</summary>
    public Utf8 Path { get; set; }

    public bool Readonly { get; set; }
}

/// <summary>One entry of a JSON object whose keys are free text.</summary>
internal readonly record struct Pair(Utf8 Key, Utf8 Value);
