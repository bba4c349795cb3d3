namespace OciRun.Commands;

/// <summary>What an option's value is: decides its check and how shells complete it.</summary>
internal enum OptionKind
{
    /// <summary>No value, or one of Go's words for true and false after <c>=</c>.</summary>
    Flag,
    Text,
    File,
    Directory,

    /// <summary>A decimal number from 0 on.</summary>
    Number,
}

/// <summary>One option of the table.</summary>
internal sealed class Option(string name, OptionKind kind, string help)
{
    /// <summary>Long name without dashes.</summary>
    public string Name { get; } = name;

    public OptionKind Kind { get; } = kind;

    /// <summary>One line without a full stop.</summary>
    public string Help { get; } = help;

    /// <summary>Short name, or NUL.</summary>
    public char Letter { get; init; }

    /// <summary>How help calls the value.</summary>
    public string Value { get; init; } = "VALUE";

    /// <summary>What holds without the option, for help; null when that is nothing.</summary>
    public string? Default { get; init; }

    /// <summary>The values to choose from, for completion.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>True when every occurrence counts; else the last one does.</summary>
    public bool IsRepeatable { get; init; }

    /// <summary>Accepted for the sake of callers, but shown nowhere.</summary>
    public bool IsHidden { get; init; }

    public bool TakesValue => Kind != OptionKind.Flag;
}
