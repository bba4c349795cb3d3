using System;
using System.Text;

namespace OciRun.Errors;

/// <summary>
/// What failed, as a value: what the user asked for (config path and value), what the kernel said, what to try.
/// </summary>
internal sealed record Fault
{
    private const int LongestValue = 4 << 10;
    private const int LongestMessage = 16 << 10;

    public Fault(string message) => Message = message;

    /// <summary>JSON path of the config field, e.g. <c>mounts[3]</c>; null when no field is concerned.</summary>
    public string? Field { get; init; }

    /// <summary>The value the user gave for <see cref="Field"/>, shown in quotes.</summary>
    public string? Value { get; init; }

    /// <summary>What is wrong, without field, errno or advice.</summary>
    public string Message { get; init; }

    /// <summary>Name of the system call that failed, e.g. <c>open_tree</c>.</summary>
    public string? Syscall { get; init; }

    /// <summary>Positive errno of <see cref="Syscall"/>, 0 when none.</summary>
    public int Errno { get; init; }

    /// <summary>What to try.</summary>
    public string? Hint { get; init; }

    /// <summary>Stable machine-readable code of the JSON log line, e.g. <c>container-not-running</c>.</summary>
    public string? Code { get; init; }

    /// <summary>
    /// The one line for people and for callers that match on it:
    /// <c>mounts[3] "/data": source "/srv/x": no such file or directory (open_tree: ENOENT); create it first</c>.
    /// It has no control characters, and at most 28,000 characters of what others have written.
    /// </summary>
    public string Text()
    {
        StringBuilder text = new();
        if (Field is not null)
        {
            text.Append(Short(Field, LongestValue));
            if (Value is not null)
                text.Append(" \"").Append(Short(Value, LongestValue)).Append('"');
            text.Append(": ");
        }

        text.Append(Short(Message, LongestMessage));
        if (Errno != 0)
        {
            string meaning = Kernel.Errno.Text(Errno);
            if (!Message.EndsWith(meaning, StringComparison.Ordinal))
                text.Append(": ").Append(meaning);
        }

        if (Syscall is not null)
        {
            text.Append(" (").Append(Syscall);
            if (Errno != 0)
                text.Append(": ").Append(Kernel.Errno.Name(Errno));
            text.Append(')');
        }

        if (Hint is not null)
            text.Append("; ").Append(Short(Hint, LongestValue));
        return Printable.Of(text.ToString());
    }

    // An argument can have megabytes, and a reader's buffer ends somewhere.
    private static string Short(string text, int longest) =>
        text.Length <= longest ? text : string.Concat(text.AsSpan(0, longest), "…");
}
