using System;
using System.Text;

namespace OciRun.Commands;

/// <summary>Completions for fish (complete(1)).</summary>
internal static class FishCompletion
{
    public static string Write()
    {
        StringBuilder text = new();
        text.Append("# fish completion for ocirun\n");
        text.Append("function __ocirun_containers\n    ocirun list --quiet 2>/dev/null\nend\n");
        text.Append("complete -c ocirun -f\n");
        Options(text, Globals.Describe(), "__fish_use_subcommand");
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is not { IsHidden: false } verb)
                continue;
            text.Append($"complete -c ocirun -n __fish_use_subcommand -a {name} -d '{Quote(verb.Summary)}'\n");
            string condition = $"'__fish_seen_subcommand_from {name}'";
            Options(text, verb, condition);
            if (verb.TakesContainer)
                text.Append($"complete -c ocirun -n {condition} -a '(__ocirun_containers)'\n");
            foreach (string word in verb.Words)
            {
                if (Table.Find(word) is not { IsHidden: true })
                    text.Append($"complete -c ocirun -n {condition} -a {word}\n");
            }
        }

        return text.ToString();
    }

    private static void Options(StringBuilder text, Verb verb, string condition)
    {
        foreach (Option option in verb.Options)
        {
            if (option.IsHidden)
                continue;
            text.Append($"complete -c ocirun -n {condition} -l {option.Name}");
            if (option.Letter != '\0')
                text.Append($" -s {option.Letter}");
            text.Append(option.Kind switch
            {
                OptionKind.Flag => "",
                OptionKind.File => " -r -F",
                OptionKind.Directory => " -x -a '(__fish_complete_directories)'",
                _ => option.Words.Length > 0 ? $" -x -a '{string.Join(' ', option.Words)}'" : " -x",
            });
            text.Append($" -d '{Quote(option.Help)}'\n");
        }
    }

    private static string Quote(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("'", "\\'", StringComparison.Ordinal);
}
