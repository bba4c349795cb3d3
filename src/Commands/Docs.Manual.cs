using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace OciRun.Commands;

/// <summary>The manual as roff (man(7)): ocirun(8) and a page for each command.</summary>
internal static class Manual
{
    /// <summary>When the texts of this version were last looked through; a page without a date is refused by mandoc(1).</summary>
    private const string Date = "2026-11-21";

    private const int Width = 78;

    /// <summary>ocirun(8).</summary>
    public static string Write()
    {
        Verb program = Globals.Describe();
        StringBuilder text = Begin("ocirun", program.Summary);
        text.Append($".SH SYNOPSIS\n.B {Table.Program}\n.RI [ \"global options\" ]\n.I COMMAND\n.RI [ \"command options\" ]\n.RI [ arguments ]\n");
        Section(text, "DESCRIPTION",
            $"{Table.Program} makes and runs containers from bundles as the Open Container Initiative's runtime "
            + "specification describes them. It is mostly started by container engines, and works as well from a shell.\n\n"
            + "Options can be written with one dash or two, and their values after a blank or an equals sign. The last "
            + "of several values counts. Short options without values can share a dash. Two dashes alone end the options. "
            + "What follows the container's id of exec, kill and ps is never an option of theirs.");
        text.Append(".SH COMMANDS\nEach has a manual page of its own.\n");
        foreach (Verb verb in CompletionTable.Verbs())
            text.Append($".TP\n.BR {Page(verb.Name)} (8)\n").Append(Escape(Sentence(verb.Summary))).Append('\n');
        text.Append(".SH OPTIONS\n");
        Options(text, program);
        Section(text, "EXIT STATUS",
            "0 on success, 1 when the command failed. 'run' without --detach ends with the status of the container's "
            + "process, or 128 and the signal's number; so does 'exec', whose own failures have the status 255. A failed command "
            + "writes one line to standard error and, with --log, a record of the level 'error' to the log.");
        Definitions(text, "ENVIRONMENT", Environment);
        Definitions(text, "FILES", Files);
        Examples(text, ProgramExamples);
        text.Append(".SH SEE ALSO\n.BR containerd (8),\n.BR podman (1),\n.BR crictl (1)\n.PP\n");
        text.Append("The runtime specification of the Open Container Initiative: https://github.com/opencontainers/runtime\\-spec\n");
        return text.ToString();
    }

    /// <summary>The page of one command.</summary>
    public static string Write(Verb verb)
    {
        StringBuilder text = Begin($"{Table.Program}-{verb.Name}", verb.Summary);
        text.Append($".SH SYNOPSIS\n.B {Table.Program}\n.RI [ \"global options\" ]\n.B {Escape(verb.Name)}\n.RI [ \"command options\" ]\n");
        if (verb.Synopsis.Length > 0)
            text.Append(".I \"").Append(Escape(verb.Synopsis)).Append("\"\n");
        Section(text, "DESCRIPTION", verb.Description.Length > 0 ? verb.Description : Sentence(verb.Summary));
        text.Append(".SH OPTIONS\n");
        Options(text, verb);
        text.Append(".TP\n.BR \\-\\-help \", \" \\-h\nShow the usage.\n.PP\nThe global options are those of\n.BR ").Append(Table.Program).Append(" (8).\n");
        Section(text, "EXIT STATUS", verb.ExitStatus.Length > 0 ? verb.ExitStatus : "0 on success, 1 on failure.");
        Examples(text, verb.Examples);
        text.Append(".SH SEE ALSO\n.BR ").Append(Table.Program).Append(" (8)");
        foreach (string name in verb.SeeAlso)
            text.Append(",\n.BR ").Append(Page(name)).Append(" (8)");
        return text.Append('\n').ToString();
    }

    private static (string Name, string Text)[] Environment =>
    [
        ("XDG_RUNTIME_DIR", "Others than root keep the state of their containers below it, and find their systemd's bus there; empty is the same as unset."),
        ("USER", "Root in a user namespace counts as another user unless this is 'root'."),
        ("XDG_DATA_HOME, HOME", "Where 'unpack' keeps the layers of an ordinary user."),
        ("LISTEN_FDS, LISTEN_PID", "Sockets that 'create' and 'run' pass on to the container."),
        ("NOTIFY_SOCKET", "The socket that is told when the container is ready."),
        ("DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS", "The bus of systemd for root and for others."),
        ("RUN_OCI_SECCOMP_RECEIVER", "The socket that seccomp listeners are sent to, where config.json names none."),
        ("OCIRUN_TRACE", "The file of --trace, where that is not given."),
        ("PATH", "Where the programs newuidmap, newgidmap, ps and criu are looked up."),
    ];

    private static (string Name, string Text)[] Files =>
    [
        ("/run/ocirun, $XDG_RUNTIME_DIR/ocirun", "One directory for each container of root, and of another user."),
        ("/var/lib/ocirun/layers, $XDG_DATA_HOME/ocirun/layers", "The layers that 'unpack' has extracted as root, and as another user."),
        ("config.json", "In the bundle: what the container shall be."),
    ];

    private static Example[] ProgramExamples =>
    [
        new("spec --bundle /srv/box", "write a config.json for the root file system /srv/box/rootfs"),
        new("run --bundle /srv/box box1", "run it and wait for its end"),
        new("exec -t box1 sh", "a shell beside it"),
        new("kill box1 KILL", "end it"),
        new("delete --force box1", "remove it, whatever it does"),
    ];

    private static string Page(string name) => Escape($"{Table.Program}-{name}");

    private static StringBuilder Begin(string name, string summary) => new StringBuilder()
        .Append($".\\\" Made from the table of commands; see 'make docs'.\n")
        .Append($".TH {Escape(name.ToUpperInvariant())} 8 {Date} \"{Table.Program} {Version.Program}\" \"System administration\"\n")
        .Append($".SH NAME\n{Escape(name)} \\- {Escape(summary)}\n");

    private static void Options(StringBuilder text, Verb verb)
    {
        foreach (Option option in CompletionTable.Options(verb))
        {
            string name = Escape($"--{option.Name}");
            string value = Escape(option.Value);
            text.Append(option.TakesValue ? $".TP\n.BI \"{name} \" \"{value}\"" : $".TP\n.B {name}");
            if (option.Letter != '\0')
                text.Append(option.TakesValue ? $" \"\\fR, \\fB\\-{option.Letter} \" \"{value}\"" : $"\\fR, \\fB\\-{option.Letter}");
            string help = Sentence(option.Help);
            if (option.Default is not null)
                help += $" Default: {option.Default}.";
            text.Append('\n').Append(Fill(help)).Append('\n');
        }
    }

    private static void Examples(StringBuilder text, Example[] examples)
    {
        if (examples.Length == 0)
            return;
        text.Append(".SH EXAMPLES\n");
        foreach (Example example in examples)
            text.Append(".TP\n.B ").Append(Escape($"{Table.Program} {example.Line}")).Append('\n').Append(Fill(Sentence(example.Text))).Append('\n');
    }

    private static void Definitions(StringBuilder text, string title, (string Name, string Text)[] entries)
    {
        text.Append($".SH {title}\n");
        foreach ((string name, string meaning) in entries)
            text.Append(".TP\n.B ").Append(Escape(name)).Append('\n').Append(Fill(meaning)).Append('\n');
    }

    private static void Section(StringBuilder text, string title, string paragraphs)
    {
        text.Append($".SH {title}\n");
        string separator = "";
        foreach (string paragraph in paragraphs.Split("\n\n"))
        {
            text.Append(separator).Append(Fill(paragraph)).Append('\n');
            separator = ".PP\n";
        }
    }

    private static string Sentence(string summary) => char.ToUpperInvariant(summary[0]) + summary[1..] + ".";

    // A sentence begins a line, as roff wants it to set the space after one, and no line is long.
    private static string Fill(string paragraph)
    {
        List<string> lines = [];
        StringBuilder line = new();
        foreach (string word in paragraph.Split(' '))
        {
            if (line.Length > 0 && (line.Length + 1 + word.Length > Width || EndsSentence(line)))
            {
                lines.Add(Escape(line.ToString()));
                line.Clear();
            }

            line.Append(line.Length > 0 ? " " : "").Append(word);
        }

        lines.Add(Escape(line.ToString()));
        return string.Join('\n', lines);
    }

    private static bool EndsSentence(StringBuilder line) => line[^1] is '.' or '?' or '!' && !(line.Length > 2 && line[^2] == '.');

    // A plain "-" may be set as a hyphen, which cannot be pasted as an option; "'" or "." first in a line is a request.
    private static string Escape(string text)
    {
        StringBuilder escaped = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (escaped.Length == 0 && rune.Value == '.')
                escaped.Append("\\&");
            escaped.Append(rune.Value switch
            {
                '\\' => "\\e",
                '-' => "\\-",
                '\'' => "\\(aq",
                '"' => "\\(dq",
                '`' => "\\(ga",
                '~' => "\\(ti",
                '^' => "\\(ha",
                > 126 => $"\\[u{rune.Value.ToString("X4", CultureInfo.InvariantCulture)}]",
                _ => rune.ToString(),
            });
        }

        return escaped.ToString();
    }
}
