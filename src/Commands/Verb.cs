using System;

namespace OciRun.Commands;

/// <summary>One verb of the table, from which come its parser, help, manual section and completion.</summary>
internal sealed class Verb
{
    public required string Name { get; init; }

    /// <summary>One line without a full stop.</summary>
    public required string Summary { get; init; }

    /// <summary>Paragraphs for help and manual, separated by empty lines.</summary>
    public string Description { get; init; } = "";

    /// <summary>Positional arguments as help shows them, e.g. <c>ID [SIGNAL]</c>.</summary>
    public string Synopsis { get; init; } = "";

    public Option[] Options { get; init; } = [];

    /// <summary>Fewest positional arguments.</summary>
    public int Minimum { get; init; }

    /// <summary>Most positional arguments.</summary>
    public int Maximum { get; init; } = int.MaxValue;

    /// <summary>What follows the first positional argument is never an option.</summary>
    public bool StopsAtArgument { get; init; }

    /// <summary>Left out of help, manual and completion.</summary>
    public bool IsHidden { get; init; }

    /// <summary>The first argument is the id of an existing container.</summary>
    public bool TakesContainer { get; init; }

    /// <summary>The first argument is one of these words.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>Text before the message of a failure of <see cref="Execute"/>.</summary>
    public string FailurePrefix { get; init; } = "";

    /// <summary>Exit status of a failure of <see cref="Execute"/>.</summary>
    public int FailureStatus { get; init; } = 1;

    /// <summary>Does it and returns the exit status.</summary>
    public required Func<Arguments, int> Execute { get; init; }
}
