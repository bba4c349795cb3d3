namespace OciRun.Spec;

/// <summary>config.md, "POSIX-platform Hooks".</summary>
internal sealed class Hooks
{
    public Hook[]? Prestart { get; set; }

    public Hook[]? CreateRuntime { get; set; }

    public Hook[]? CreateContainer { get; set; }

    public Hook[]? StartContainer { get; set; }

    public Hook[]? Poststart { get; set; }

    public Hook[]? Poststop { get; set; }
}

internal sealed class Hook
{
    public Utf8 Path { get; set; }

    public Utf8[]? Args { get; set; }

    public Utf8[]? Env { get; set; }

    /// <summary>Seconds, more than 0; null waits for ever.</summary>
    public long? Timeout { get; set; }
}
