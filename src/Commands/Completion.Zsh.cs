using System;
using System.Collections.Generic;
using System.Text;

namespace OciRun.Commands;

/// <summary>A completion function for zsh (zshcompsys(1), _arguments).</summary>
internal static class ZshCompletion
{
    public static string Write()
    {
        StringBuilder names = new();
        StringBuilder verbs = new();
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is not { IsHidden: false } verb)
                continue;
            names.Append($"                '{name}:{Quote(verb.Summary)}'\n");
            string argument = verb.TakesContainer ? "'1:container:_ocirun_containers'"
                : verb.Words.Length > 0 ? $"'1:word:({Words(verb)})'" : "'*: :'";
            verbs.Append($"            {name})\n                _arguments \\\n{Options(verb)}                    {argument}\n"
                + "                ;;\n");
        }

        return $$"""
            #compdef ocirun
            _ocirun_containers() {
                local -a root ids
                [[ -n ${opt_args[--root]} ]] && root=(--root ${opt_args[--root]})
                ids=(${(f)"$(ocirun $root list --quiet 2>/dev/null)"})
                compadd -a ids
            }
            _ocirun() {
                local state line
                typeset -A opt_args
                local -a commands
                _arguments -C \
            {{Options(Globals.Describe())}}        '1:command:->command' \
                    '*::argument:->argument'
                case $state in
                command)
                    commands=(
            {{names}}        )
                    _describe command commands
                    ;;
                argument)
                    case $line[1] in
            {{verbs}}        esac
                    ;;
                esac
            }
            _ocirun "$@"

            """;
    }

    private static string Words(Verb verb)
    {
        List<string> words = [];
        foreach (string word in verb.Words)
        {
            if (Table.Find(word) is not { IsHidden: true })
                words.Add(word);
        }

        return string.Join(' ', words);
    }

    private static string Options(Verb verb)
    {
        StringBuilder text = new();
        foreach (Option option in verb.Options)
        {
            if (option.IsHidden)
                continue;
            string value = option.Kind switch
            {
                OptionKind.Flag => "",
                OptionKind.File => $":{option.Value}:_files",
                OptionKind.Directory => $":{option.Value}:_files -/",
                _ => option.Words.Length > 0 ? $":{option.Value}:({string.Join(' ', option.Words)})" : $":{option.Value}: ",
            };
            string help = Quote(option.Help);
            text.Append(option.Letter == '\0'
                ? $"                    '--{option.Name}[{help}]{value}' \\\n"
                : $"                    '(--{option.Name} -{option.Letter})'{{--{option.Name},-{option.Letter}}}'[{help}]{value}' \\\n");
        }

        return text.ToString();
    }

    private static string Quote(string text) => text
        .Replace("'", "'\\''", StringComparison.Ordinal)
        .Replace(":", "\\:", StringComparison.Ordinal)
        .Replace("[", "\\[", StringComparison.Ordinal)
        .Replace("]", "\\]", StringComparison.Ordinal);
}
