using System.Text;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary><c>help [COMMAND]</c> and every <c>--help</c> (features.md G10, G14).</summary>
internal static class Help
{
    public static Verb Describe() => new()
    {
        Name = "help",
        Summary = "show the commands, or one command's options",
        Synopsis = "[COMMAND]",
        Words = Table.Names,
        Maximum = 1,
        Execute = static arguments => arguments.Positional.Length == 0
            ? PrintProgram()
            : PrintVerb(Table.Find(arguments.Positional[0]) ?? throw Unknown(arguments.Positional[0])),
    };

    public static FaultException Unknown(string name) => new(new Fault($"No help topic for '{name}'")
    {
        Hint = $"see '{Table.Program} --help'",
        Code = "unknown-command",
    });

    public static int PrintProgram()
    {
        Output.Write(Program());
        return 0;
    }

    public static int PrintVerb(Verb verb)
    {
        Output.Write(Text(verb));
        return 0;
    }

    internal static string Program()
    {
        Verb program = Globals.Describe();
        StringBuilder text = new();
        text.Append($"NAME:\n   {program.Name} - {program.Summary}\n\n");
        text.Append($"USAGE:\n   {program.Name} [global options] {program.Synopsis}\n\n");
        text.Append($"VERSION:\n   {Version.Program}\n\nCOMMANDS:\n");
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is { IsHidden: false } verb)
                text.Append("   ").Append(name.PadRight(12)).Append(verb.Summary).Append('\n');
        }

        text.Append("\nGLOBAL OPTIONS:\n");
        return Options(text, program).ToString();
    }

    internal static string Text(Verb verb)
    {
        StringBuilder text = new();
        text.Append($"NAME:\n   {Table.Program} {verb.Name} - {verb.Summary}\n\n");
        text.Append($"USAGE:\n   {Table.Program} {verb.Name} [command options] {verb.Synopsis}".TrimEnd()).Append("\n\n");
        if (verb.Description.Length > 0)
        {
            text.Append("DESCRIPTION:\n");
            foreach (string paragraph in verb.Description.Split("\n\n"))
                Wrap(text, paragraph);
        }

        if (verb.Examples.Length > 0)
        {
            text.Append("EXAMPLES:\n");
            foreach (Example example in verb.Examples)
                text.Append($"   {Table.Program} {example.Line}\n      {example.Text}\n");
            text.Append('\n');
        }

        text.Append("OPTIONS:\n");
        return Options(text, verb).ToString();
    }

    /// <summary><c>--force, -f</c>, <c>--root DIR, -r DIR</c>.</summary>
    internal static string Spelling(Option option)
    {
        string value = option.TakesValue ? " " + option.Value : "";
        string letter = option.Letter == '\0' ? "" : $", -{option.Letter}{value}";
        return $"--{option.Name}{value}{letter}";
    }

    private static StringBuilder Options(StringBuilder text, Verb verb)
    {
        foreach (Option option in verb.Options)
        {
            if (option.IsHidden)
                continue;
            text.Append("   ").Append(Spelling(option).PadRight(30)).Append(' ').Append(option.Help);
            if (option.Default is not null)
                text.Append($" (default: {option.Default})");
            text.Append('\n');
        }

        return text.Append("   ").Append("--help, -h".PadRight(30)).Append(" show this\n");
    }

    private static void Wrap(StringBuilder text, string paragraph)
    {
        const int width = 90;
        int column = 0;
        foreach (string word in paragraph.Split(' '))
        {
            if (column > 0 && column + 1 + word.Length > width)
            {
                text.Append('\n');
                column = 0;
            }

            text.Append(column == 0 ? "   " : " ").Append(word);
            column += (column == 0 ? 0 : 1) + word.Length;
        }

        text.Append("\n\n");
    }
}
