using System;
using System.Text;

namespace OciRun.Errors;

/// <summary>
/// What failed, as a value: what the user asked for (config path and value), what the kernel said, what to try.
/// </summary>
internal sealed record Fault
{
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
    /// </summary>
    public string Text()
    {
        StringBuilder text = new();
        if (Field is not null)
        {
            text.Append(Field);
            if (Value is not null)
                text.Append(" \"").Append(Value).Append('"');
            text.Append(": ");
        }

        text.Append(Message);
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
            text.Append("; ").Append(Hint);
        return Escape(text);
    }

    // One line on a terminal, whatever an id, a path or an argument contains.
    private static string Escape(StringBuilder text)
    {
        string plain = text.ToString();
        if (!plain.AsSpan().ContainsAnyInRange('\0', '\u001f') && !plain.AsSpan().ContainsAnyInRange('\u007f', '\u009f'))
            return plain;

        // Into another buffer: values can be megabytes of such characters.
        text.Clear();
        foreach (char c in plain)
        {
            if (c >= ' ' && c is < '\u007f' or > '\u009f')
                text.Append(c);
            else
                text.Append(c switch { '\n' => "\\n", '\t' => "\\t", '\r' => "\\r", _ => $"\\x{(int)c:x2}" });
        }

        return text.ToString();
    }
}
