using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using OciRun.Commands;

namespace OciRun.Tests.Errors;

/// <summary>docs/errors.md.</summary>
internal static class FaultList
{
    /// <summary>Names that begin with a capital.</summary>
    public static readonly string[] Names = ["No help topic for", "File ", "Use --page-server", "Invalid port number", "Container cannot be checkpointed", "Requested <", "Cwd ", "Intel RDT", "JSON", "Linux", "D-Bus", "SELinux", "AppArmor"];

    /// <summary>Faults that need nothing more, by what <see cref="FaultEntry.ToString"/> gives.</summary>
    public static readonly string[] Plain =
    [
        // What validate says of a warning is the warning.
        "Launch/Creation.Examine: <warning>",
    ];

    private const int MostRows = 12;

    private static readonly (string Room, string Title, string About)[] s_rooms =
    [
        ("Commands", "Command line", "Options and arguments, before anything is looked at."),
        ("Spec", "Reading config.json", "Also process.json and the documents of `update`: syntax, types and unknown values."),
        ("Validate", "Rules", "What the specification or the kernel's documentation forbids, and what this host lacks. `ocirun validate` lists all at once."),
        ("Filters", "Seccomp and device rules", "While the filters are compiled."),
        ("Plan", "Planning", "While the steps of a container are made; nothing has changed on the system."),
        ("State", "State", "The state root and the containers' directories in it."),
        ("Cgroups", "Cgroups and systemd", "While limits are translated and applied, and while systemd is spoken to."),
        ("Launch", "Containers and processes", "While a container or a process is made, changed or ended."),
        ("Images", "Images", "`ocirun unpack`."),
        ("Errors", "Log", "The destinations of `--log`."),
        ("Host", "Host", "What is asked of this machine."),
    ];

    private static readonly string[] s_rules =
    [
        "must", "needs", "need ", "expected", "only ", "not allowed", "cannot", "is not", "are not", "does not", "do not", "no ", "not ", "already", "twice", "unknown", "invalid",
        "missing", "more than", "longer than", "less than", "empty", "without", "contains", "outside", "beyond", "requires", "neither", "same", "overlap", "duplicate", "needed", "too ", " to ", "stopped", "exists", " for <", " than ", "another",
    ];

    /// <summary>Whether a message tells which rule a value breaks, rather than just that it fails.</summary>
    public static bool SaysTheRule(string message) => Array.Exists(s_rules, word => message.Contains(word, StringComparison.Ordinal));

    public static string Write(IReadOnlyList<FaultEntry> entries)
    {
        StringBuilder text = new();
        text.Append(
            """
            # Errors

            Every message that ocirun can end with, read from its sources (`make docs`; a test holds this list to them). What is
            filled in stands in angle brackets. An error is one line, the same on stderr and as the last record of `--log`:

            ```
            FIELD "VALUE": MESSAGE: what the kernel said (SYSCALL: ERRNO); what to try
            ```

            The field is the path in config.json, an option or a file; parts that an error does not have are left out. The record
            of a JSON log has the code, where there is one, as `code`. Nothing of a container is left behind by a command that
            failed, unless the message says so. See [diagnostics](diagnostics.md) for finding out more.

            """);
        Statuses(text);
        foreach ((string room, string title, string about) in s_rooms)
        {
            string[] rows = [.. entries.Where(entry => entry.Room == room).SelectMany(Rows).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            if (rows.Length == 0)
                continue;
            text.Append($"\n## {title}\n\n{about}\n\n| message | field | system call | what to try | code | from |\n|---|---|---|---|---|---|\n");
            foreach (string row in rows)
                text.Append(row).Append('\n');
            foreach (FaultEntry many in entries.Where(entry => entry.Room == room && HasOwnHints(entry)))
                text.Append($"\nWhat the messages from {many.Room}/{many.File} advise, by what the kernel said:\n\n- ").AppendJoin("\n- ", many.Hints.OfType<string>()).Append('\n');
        }

        return text.ToString();
    }

    private static void Statuses(StringBuilder text)
    {
        text.Append("\n## Exit status of a failure\n\n| command | status | the message begins with |\n|---|---|---|\n");
        foreach (string name in Table.Names.Order(StringComparer.Ordinal))
        {
            Verb verb = Table.Find(name)!;
            if (!verb.IsHidden && (verb.FailureStatus != 1 || verb.FailurePrefix.Length > 0))
                text.Append($"| {name} | {verb.FailureStatus} | {Code(verb.FailurePrefix.Trim())} |\n");
        }

        text.Append("| all others | 1 | |\n");
    }

    private const string Any = "as it happens";

    private static IEnumerable<string> Rows(FaultEntry entry)
    {
        bool apart = HasOwnHints(entry);
        string calls = apart ? "" : entry.Syscalls.Any(name => name is not null && IsUnknown(name)) ? Any : Join(entry.Syscalls);
        string hints = apart ? "see below" : Join(entry.Hints);
        string rest = $"{Join(entry.Fields)} | {calls} | {hints} | {Join(entry.Codes)} | {entry.Room}/{entry.File} |";
        return entry.Messages.Where(message => !IsUnknown(message)).Select(message => $"| {Code(message)} | {rest}");
    }

    /// <summary>Whether all of a text comes from elsewhere.</summary>
    public static bool IsUnknown(string text) => text.StartsWith('<') && text.EndsWith('>') && text.IndexOf('<', 1) < 0;

    // A step of many kinds, with a table of advice of its own.
    private static bool HasOwnHints(FaultEntry entry) => entry.Messages.Count > MostRows && entry.Hints.Count > MostRows;

    private static string Join(IReadOnlyList<string?> texts)
    {
        string[] given = [.. texts.OfType<string>()];
        return given.Length > MostRows ? Any : string.Join("<br>", given.Select(Code));
    }

    private static string Code(string text)
    {
        if (text.Length == 0)
            return "";
        string fence = text.Contains('`') ? "``" : "`";
        string space = text.Contains('`') ? " " : "";
        return fence + space + text.Replace("|", "\\|", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + space + fence;
    }
}
