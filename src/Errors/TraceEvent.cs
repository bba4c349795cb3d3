namespace OciRun.Errors;

/// <summary>A stretch of time of a trace. Times are in nanoseconds since 1970.</summary>
internal sealed class TraceEvent
{
    /// <summary>What was done, e.g. <c>cgroup</c>, or the name of a step of the plan.</summary>
    public required string Name { get; init; }

    /// <summary><c>phase</c> of the command, <c>step</c> of the plan, <c>hook</c>.</summary>
    public string Category { get; init; } = "phase";

    public required long Start { get; init; }

    /// <summary>0 until it has ended.</summary>
    public long End { get; set; }

    /// <summary>Process that did it, as its parent sees it; 0 is this one.</summary>
    public int Pid { get; init; }

    /// <summary>Number of the step as <c>ocirun plan</c> prints it, 0 when it is none of the process's.</summary>
    public int Step { get; init; }

    /// <summary>Config path that asked for it; null when no field did.</summary>
    public string? Field { get; set; }

    /// <summary>What exactly, as <c>ocirun plan</c> prints it.</summary>
    public string? Arguments { get; init; }

    /// <summary>It was not over when the trace was written.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>When it was is not known: the process may not read the clock.</summary>
    public bool IsUntimed { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Error { get; set; }

    /// <summary>System call that failed.</summary>
    public string? Syscall { get; set; }

    /// <summary>Its positive errno, 0 when none.</summary>
    public int Errno { get; set; }
}
