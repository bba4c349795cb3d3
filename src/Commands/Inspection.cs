using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>What the verbs that only look at a bundle have in common: which one, and how to print what they see.</summary>
internal static class Inspection
{
    public static Option Format() => new("format", OptionKind.Text, "'text' or 'json'")
    {
        Letter = 'f',
        Value = "FORMAT",
        Default = "text",
        Words = ["text", "json"],
    };

    /// <summary>Whether JSON was asked for.</summary>
    public static bool IsJson(Arguments arguments)
    {
        string format = arguments.Text("format") ?? "text";
        return format switch
        {
            "text" => false,
            "json" => true,
            _ => throw new FaultException(new Fault("invalid format option") { Field = "--format", Value = format, Hint = "use text or json" }),
        };
    }

    /// <summary>Absolute path of the bundle: the argument, the option or the working directory.</summary>
    public static string Bundle(Arguments arguments) => arguments.Positional.Length > 0
        ? Paths.Absolute(arguments.Positional[0], "BUNDLE")
        : arguments.Path("bundle") ?? Paths.WorkingDirectory("--bundle");
}
