using System;
using System.Text;

namespace OciRun.Commands;

/// <summary>A completion function for zsh (zshcompsys(1), _arguments).</summary>
internal static class ZshCompletion
{
    // The inner _arguments has options of its own in opt_args, so the state root is remembered before.
    public static string Write()
    {
        StringBuilder names = new();
        StringBuilder verbs = new();
        foreach (Verb verb in CompletionTable.Verbs())
        {
            names.Append($"                '{verb.Name}:{Quote(verb.Summary)}'\n");
            verbs.Append($"            {verb.Name})\n                _arguments \\\n{Options(verb)}{Places(verb)}                ;;\n");
        }

        return $$"""
            #compdef ocirun
            _ocirun_containers() {
                local -a ids
                ids=(${(f)"$(ocirun $root list --quiet 2>/dev/null)"})
                compadd -a ids
            }
            _ocirun() {
                local state line
                typeset -A opt_args
                local -a commands root
                _arguments -C \
            {{Options(Globals.Describe())}}        '1:command:->command' \
                    '*::argument:->argument'
                [[ -n ${opt_args[--root]}${opt_args[-r]} ]] && root=(--root "${opt_args[--root]}${opt_args[-r]}")
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

    private static string Places(Verb verb)
    {
        StringBuilder text = new();
        for (int i = 0; i < verb.Takes.Length; i++)
        {
            string place = verb.Repeats && i == verb.Takes.Length - 1 ? "*" : $"{i + 1}";
            string action = verb.Takes[i] switch
            {
                ArgumentKind.Container => "container:_ocirun_containers",
                ArgumentKind.File => "file:_files",
                ArgumentKind.Directory => "directory:_files -/",
                ArgumentKind.Signal => $"signal:({CompletionTable.Words(verb, ArgumentKind.Signal)})",
                ArgumentKind.Word => $"word:({CompletionTable.Words(verb, ArgumentKind.Word)})",
                _ => "argument: ",
            };
            text.Append(text.Length > 0 ? " \\\n" : "").Append($"                    '{place}:{action}'");
        }

        if (verb.StopsAtArgument && text.Length > 0)
            text.Append(" \\\n                    '*:: :'");
        else if (text.Length == 0)
            text.Append("                    '*: :'");
        return text.Append('\n').ToString();
    }

    private static string Options(Verb verb)
    {
        StringBuilder text = new();
        foreach (Option option in CompletionTable.Options(verb))
        {
            string value = option.Kind switch
            {
                OptionKind.Flag => "",
                OptionKind.File => $":{Quote(option.Value)}:_files",
                OptionKind.Directory => $":{Quote(option.Value)}:_files -/",
                _ => option.Words.Length > 0 ? $":{Quote(option.Value)}:({string.Join(' ', option.Words)})" : $":{Quote(option.Value)}: ",
            };
            string help = Quote(option.Help);
            string again = option.IsRepeatable ? "*" : "";
            text.Append(option.Letter == '\0'
                ? $"                    '{again}--{option.Name}[{help}]{value}' \\\n"
                : option.IsRepeatable
                    ? $"                    '*'{{--{option.Name},-{option.Letter}}}'[{help}]{value}' \\\n"
                    : $"                    '(--{option.Name} -{option.Letter})'{{--{option.Name},-{option.Letter}}}'[{help}]{value}' \\\n");
        }

        return text.Append("                    '--help[show this]' \\\n").ToString();
    }

    private static string Quote(string text) => text
        .Replace("'", "'\\''", StringComparison.Ordinal)
        .Replace(":", "\\:", StringComparison.Ordinal)
        .Replace("[", "\\[", StringComparison.Ordinal)
        .Replace("]", "\\]", StringComparison.Ordinal);
}
