using System;
using System.Text;

namespace OciRun.Commands;

/// <summary>ocirun(8) as roff (man(7)).</summary>
internal static class Manual
{
    public static string Write()
    {
        Verb program = Globals.Describe();
        StringBuilder text = new();
        text.Append($".TH OCIRUN 8 \"\" \"{Table.Program} {Version.Program}\" \"System administration\"\n");
        text.Append($".SH NAME\n{Table.Program} \\- {Escape(program.Summary)}\n");
        text.Append($".SH SYNOPSIS\n.B {Table.Program}\n[global options]\n.I COMMAND\n[command options] [arguments...]\n");
        Section(text, "DESCRIPTION",
            $"{Table.Program} makes and runs containers from bundles as the Open Container Initiative's runtime "
            + "specification describes them. It is mostly started by container engines, and works as well from a shell.\n\n"
            + "Options can be written with one dash or two, and their values after a blank or an equals sign. The last "
            + "of several values counts. Two dashes alone end the options.");
        text.Append(".SH GLOBAL OPTIONS\n");
        Options(text, program);
        text.Append(".SH COMMANDS\n");
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is { IsHidden: false } verb)
                Command(text, verb);
        }

        Section(text, "EXIT STATUS",
            "0 on success, 1 when the command failed; 'run' without --detach ends with the status of the container's "
            + "process, or 128 and the signal's number. A failed command writes one line to standard error and, with "
            + "--log, a record of the level 'error' to the log.");
        Section(text, "ENVIRONMENT",
            "XDG_RUNTIME_DIR holds the state of containers of others than root. LISTEN_FDS and LISTEN_PID pass "
            + "sockets on to the container. NOTIFY_SOCKET is told when the container is ready.");
        Section(text, "FILES", "/run/ocirun holds one directory for each container of root, /var/lib/ocirun/layers the layers that 'unpack' extracts as root.");
        text.Append(".SH SEE ALSO\n.BR containerd (8),\n.BR podman (1),\n.BR crictl (1)\n");
        return text.ToString();
    }

    private static void Command(StringBuilder text, Verb verb)
    {
        text.Append($".SS {verb.Name}\n.B {Table.Program} {verb.Name}\n[command options]");
        if (verb.Synopsis.Length > 0)
            text.Append("\n.I ").Append(Escape(verb.Synopsis));
        text.Append("\n.PP\n").Append(Escape(Sentence(verb.Summary))).Append('\n');
        if (verb.Description.Length > 0)
            Paragraphs(text.Append(".PP\n"), verb.Description);
        Options(text, verb);
    }

    private static void Options(StringBuilder text, Verb verb)
    {
        foreach (Option option in verb.Options)
        {
            if (option.IsHidden)
                continue;
            text.Append(".TP\n.B ").Append(Escape(Help.Spelling(option))).Append('\n').Append(Escape(Sentence(option.Help)));
            if (option.Default is not null)
                text.Append(" Default: ").Append(Escape(option.Default)).Append('.');
            text.Append('\n');
        }
    }

    private static void Section(StringBuilder text, string title, string paragraphs) =>
        Paragraphs(text.Append($".SH {title}\n"), paragraphs);

    private static void Paragraphs(StringBuilder text, string paragraphs) =>
        text.Append(Escape(paragraphs).Replace("\n\n", "\n.PP\n", StringComparison.Ordinal)).Append('\n');

    private static string Sentence(string summary) => char.ToUpperInvariant(summary[0]) + summary[1..] + ".";

    // A plain "-" may be set as a hyphen, which cannot be pasted as an option; "'" first in a line is a request.
    private static string Escape(string text) => text
        .Replace("\\", "\\e", StringComparison.Ordinal)
        .Replace("-", "\\-", StringComparison.Ordinal)
        .Replace("'", "\\(aq", StringComparison.Ordinal);
}
