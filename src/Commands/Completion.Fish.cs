using System;
using System.Collections.Generic;
using System.Text;

namespace OciRun.Commands;

/// <summary>Completions for fish (complete(1)).</summary>
internal static class FishCompletion
{
    // fish knows no subcommands: a function finds out which verb and which of its arguments is being typed.
    private const string Functions = """
        function __ocirun_root
            set -l words (commandline -opc)
            for i in (seq (count $words))
                switch $words[$i]
                    case --root -r
                        set -q words[(math $i + 1)]; and printf '%s\n' --root $words[(math $i + 1)]
                    case '--root=*'
                        printf '%s\n' $words[$i]
                end
            end
        end
        function __ocirun_containers
            ocirun (__ocirun_root) list --quiet 2>/dev/null
        end
        function __ocirun_at --argument-names verb place --description 'whether that argument of that verb is being typed'
            set -l words (commandline -opc)
            set -l found
            set -l count 0
            set -l skip 0
            for word in $words[2..-1]
                if test $skip = 1
                    set skip 0
                    continue
                end
                if string match -q -- '-*' $word; and not contains -- "$found $count" $__ocirun_stopped
                    contains -- "$found $word" $__ocirun_valued; and set skip 1
                else if test -z "$found"
                    set found $word
                else
                    set count (math $count + 1)
                end
            end
            test "$found" = "$verb"; or return 1
            test "$place" = any; or test "$place" = $count
        end

        """;

    public static string Write()
    {
        StringBuilder text = new();
        StringBuilder valued = new();
        StringBuilder stopped = new();
        StringBuilder lines = new();
        Options(lines, valued, Globals.Describe(), "", "__ocirun_at '' 0");
        foreach (Verb verb in CompletionTable.Verbs())
        {
            lines.Append($"complete -c ocirun -n \"__ocirun_at '' 0\" -a {verb.Name} -d '{Quote(verb.Summary)}'\n");
            Options(lines, valued, verb, verb.Name, $"__ocirun_at {verb.Name} {(verb.StopsAtArgument ? "0" : "any")}");
            for (int i = 0; i < verb.Takes.Length; i++)
                Place(lines, verb, i);
            if (verb.StopsAtArgument)
                stopped.Append($" '{verb.Name} 1' '{verb.Name} 2' '{verb.Name} 3'");
        }

        text.Append("# fish completion for ocirun\n");
        text.Append("set -g __ocirun_valued").Append(valued).Append('\n');
        text.Append("set -g __ocirun_stopped").Append(stopped).Append('\n');
        text.Append(Functions).Append("complete -c ocirun -f\n");
        return text.Append(lines).ToString();
    }

    private static void Place(StringBuilder text, Verb verb, int place)
    {
        string at = verb.Repeats && place == verb.Takes.Length - 1 ? "any" : $"{place}";
        string action = verb.Takes[place] switch
        {
            ArgumentKind.Container => "-a '(__ocirun_containers)'",
            ArgumentKind.File => "-F",
            ArgumentKind.Directory => "-a '(__fish_complete_directories)'",
            _ => $"-a '{CompletionTable.Words(verb, verb.Takes[place])}'",
        };
        text.Append($"complete -c ocirun -n '__ocirun_at {verb.Name} {at}' {action}\n");
    }

    private static void Options(StringBuilder text, StringBuilder valued, Verb verb, string name, string condition)
    {
        List<Option> options = CompletionTable.Options(verb);
        foreach (Option option in options)
        {
            text.Append($"complete -c ocirun -n \"{condition}\" -l {option.Name}");
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
            if (!option.TakesValue)
                continue;
            valued.Append($" '{name} --{option.Name}'");
            if (option.Letter != '\0')
                valued.Append($" '{name} -{option.Letter}'");
        }

        text.Append($"complete -c ocirun -n \"{condition}\" -l help -d 'show this'\n");
    }

    private static string Quote(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("'", "\\'", StringComparison.Ordinal);
}
