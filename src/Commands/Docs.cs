using System.Text;

namespace OciRun.Commands;

/// <summary><c>docs</c>: what the packages' manual is made from.</summary>
internal static class Docs
{
    public static Verb Describe() => new()
    {
        Name = "docs",
        Summary = "print the manual's source",
        Synopsis = "man [COMMAND] | commands",
        Words = ["man", "commands"],
        IsHidden = true,
        Minimum = 1,
        Maximum = 2,
        Execute = static arguments =>
        {
            string what = arguments.Positional[0];
            Output.Write(what switch
            {
                "commands" => Commands(),
                "man" when arguments.Positional.Length == 1 => Manual.Write(),
                "man" => Manual.Write(Table.Find(arguments.Positional[1]) ?? throw Help.Unknown(arguments.Positional[1])),
                _ => throw Help.Unknown(what),
            });
            return 0;
        },
    };

    private static string Commands()
    {
        StringBuilder names = new();
        foreach (Verb verb in CompletionTable.Verbs())
            names.Append(verb.Name).Append('\n');
        return names.ToString();
    }
}
