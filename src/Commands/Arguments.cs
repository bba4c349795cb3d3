using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>What one command line gave for the options and arguments of a verb.</summary>
internal sealed class Arguments(Verb verb, Globals? globals = null)
{
    private readonly string?[] _values = new string?[verb.Options.Length];
    private List<(string Name, string Value)>? _repeated;

    public Verb Verb { get; } = verb;

    /// <summary>Options before the verb.</summary>
    public Globals Globals { get; } = globals ?? Globals.None;

    /// <summary>The positional arguments.</summary>
    public string[] Positional { get; set; } = [];

    /// <summary>True when <c>--help</c> was met; nothing after it was read.</summary>
    public bool WantsHelp { get; set; }

    /// <summary>The option's last value, null when it was not given or is empty.</summary>
    public string? Text(string name)
    {
        string? value = _values[Index(name)];
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>The last value as given, a flag as <c>true</c> or <c>false</c>; null when the option was not given.</summary>
    internal string? Raw(string name) => _values[Index(name)];

    /// <summary>The option's last value as an absolute path, null as in <see cref="Text"/>.</summary>
    public string? Path(string name) => Text(name) is { } path ? Paths.Absolute(path, $"--{name}") : null;

    public bool Flag(string name) => _values[Index(name)] == "true";

    public int Number(string name) =>
        Text(name) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    /// <summary>Every value of a repeatable option, in order.</summary>
    public string[] All(string name)
    {
        List<string> values = [];
        foreach ((string owner, string value) in _repeated ?? [])
        {
            if (owner == name)
                values.Add(value);
        }

        return [.. values];
    }

    /// <summary>Takes one occurrence of an option, checked by its kind; a flag's value is null without <c>=</c>.</summary>
    /// <exception cref="FaultException">The value does not suit the option.</exception>
    public void Set(int index, string? value)
    {
        Option option = Verb.Options[index];
        string text = option.Kind switch
        {
            OptionKind.Flag => Boolean(value ?? "true", option.Name) ? "true" : "false",
            OptionKind.Number => Count(value ?? "", option.Name),
            _ => value ?? "",
        };
        _values[index] = text;
        if (option.IsRepeatable)
            (_repeated ??= []).Add((option.Name, text));
    }

    /// <summary>Go's strconv.ParseBool, which callers' flags are written for.</summary>
    internal static bool Boolean(string text, string name) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw Usage.Fault(new Fault($"invalid boolean value \"{text}\" for --{name}") { Hint = "use true or false" }),
    };

    private static string Count(string text, string name) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? text
            : throw Usage.Fault(new Fault($"invalid value \"{text}\" for --{name}") { Hint = "use a number from 0 on" });

    private int Index(string name)
    {
        Option[] options = Verb.Options;
        for (int i = 0; i < options.Length; i++)
        {
            if (options[i].Name == name)
                return i;
        }

        throw new ArgumentOutOfRangeException(nameof(name), name, null);
    }
}
