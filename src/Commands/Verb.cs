using System;

namespace OciRun.Commands;

/// <summary>What a positional argument is: decides how shells complete it.</summary>
internal enum ArgumentKind
{
    Text,

    /// <summary>One of <see cref="Verb.Words"/>.</summary>
    Word,

    /// <summary>The id of an existing container.</summary>
    Container,
    Signal,
    File,
    Directory,
}

/// <summary>A command line and what it does, for help and manual.</summary>
/// <param name="Line">Without the program's name.</param>
/// <param name="Text">One line without a full stop.</param>
internal readonly record struct Example(string Line, string Text);

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

    /// <summary>The words to choose from for an argument, the first one unless <see cref="Takes"/> says otherwise.</summary>
    public string[] Words { get; init; } = [];

    /// <summary>The positional arguments in order; the last kind holds for all that may follow.</summary>
    public ArgumentKind[] Takes
    {
        get => field ?? (TakesContainer ? [ArgumentKind.Container] : Words.Length > 0 ? [ArgumentKind.Word] : []);
        init;
    }

    /// <summary>Whether more arguments than <see cref="Takes"/> has are completed as the last of them.</summary>
    public bool Repeats => Maximum > Takes.Length && Takes.Length > 0 && !StopsAtArgument;

    public Example[] Examples { get; init; } = [];

    /// <summary>Exit statuses beside 0 and 1, as a paragraph.</summary>
    public string ExitStatus { get; init; } = "";

    /// <summary>Other verbs to read about.</summary>
    public string[] SeeAlso { get; init; } = [];

    /// <summary>Text before the message of a failure of <see cref="Execute"/>.</summary>
    public string FailurePrefix { get; init; } = "";

    /// <summary>Exit status of a failure of <see cref="Execute"/>.</summary>
    public int FailureStatus { get; init; } = 1;

    /// <summary>Does it and returns the exit status.</summary>
    public required Func<Arguments, int> Execute { get; init; }
}
