using System;
using System.Collections.Generic;
using System.Text;

namespace OciRun.Commands;

/// <summary>A completion function for bash: it needs nothing but bash 4 itself.</summary>
internal static class BashCompletion
{
    // An option that takes a value decides about the word behind it; else the place does. An equals sign is a word of its
    // own to bash.
    public static string Write()
    {
        Verb program = Globals.Describe();
        List<Verb> verbs = CompletionTable.Verbs();
        List<string> names = [];
        StringBuilder valued = new();
        StringBuilder values = new();
        StringBuilder options = new();
        StringBuilder places = new();
        Values(program, "", valued, values);
        options.Append($"        '') words=\"{Words(program)}\" ;;\n");
        foreach (Verb verb in verbs)
        {
            names.Add(verb.Name);
            Values(verb, verb.Name, valued, values);
            options.Append($"        {verb.Name}) words=\"{Words(verb)}\" ;;\n");
            for (int i = 0; i < verb.Takes.Length; i++)
                Place(verb, i, places);
        }

        return $$"""
            # bash completion for ocirun
            _ocirun_files() {
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
            }
            _ocirun() {
                local current=${COMP_WORDS[COMP_CWORD]} previous= verb= place=0 words= stopped= root=() i=0 word
                COMPREPLY=()
                [[ $current == = ]] && current=
                while ((++i < COMP_CWORD)); do
                    word=${COMP_WORDS[i]}
                    previous=
                    [[ $word == = ]] && { ((i++)); continue; }
                    if [[ $word == -?* && -z $stopped ]]; then
                        case "$verb $word" in
            {{Pattern(valued)}})
                            previous=$word
                            [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
                            ((i++))
                            [[ "$verb $word" == " --root" || "$verb $word" == " -r" ]] && root=(--root "${COMP_WORDS[i]}")
                            ((i < COMP_CWORD)) && previous=
                            ;;
                        esac
                    elif [[ -z $verb ]]; then
                        verb=$word
                    else
                        ((place++))
                        case $verb in
                        {{Stopping(verbs)}}) stopped=1 ;;
                        esac
                    fi
                done
                if [[ -n $previous ]]; then
                    case "$verb $previous" in
            {{values}}        esac
                elif [[ $current == -* && -z $stopped ]]; then
                    case $verb in
            {{options}}        esac
                elif [[ -z $verb ]]; then
                    words="{{string.Join(' ', names)}}"
                else
                    case "$verb $place" in
            {{places}}        esac
                fi
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
            }
            complete -F _ocirun ocirun

            """;
    }

    private static string Pattern(StringBuilder valued) => valued.ToString().TrimEnd('\n').Replace("\n", " |\\\n", StringComparison.Ordinal);

    private static string Stopping(List<Verb> verbs)
    {
        List<string> names = [];
        foreach (Verb verb in verbs)
        {
            if (verb.StopsAtArgument)
                names.Add(verb.Name);
        }

        return string.Join(" | ", names);
    }

    private static void Values(Verb verb, string name, StringBuilder valued, StringBuilder values)
    {
        foreach (Option option in CompletionTable.Options(verb))
        {
            if (!option.TakesValue)
                continue;
            string pattern = option.Letter == '\0' ? $"\"{name} --{option.Name}\"" : $"\"{name} --{option.Name}\" | \"{name} -{option.Letter}\"";
            valued.Append($"            {pattern}\n");
            string action = option.Kind switch
            {
                OptionKind.File => "_ocirun_files -f",
                OptionKind.Directory => "_ocirun_files -d",
                _ => $"words=\"{string.Join(' ', option.Words)}\"",
            };
            string end = option.Kind is OptionKind.File or OptionKind.Directory ? " ; return ;;" : " ;;";
            values.Append($"        {pattern}) {action}{end}\n");
        }
    }

    private static void Place(Verb verb, int place, StringBuilder into)
    {
        string pattern = verb.Repeats && place == verb.Takes.Length - 1 ? $"\"{verb.Name} \"*" : $"\"{verb.Name} {place}\"";
        string action = verb.Takes[place] switch
        {
            ArgumentKind.Container => "words=$(ocirun \"${root[@]}\" list --quiet 2>/dev/null)",
            ArgumentKind.File => "_ocirun_files -f ; return",
            ArgumentKind.Directory => "_ocirun_files -d ; return",
            _ => $"words=\"{CompletionTable.Words(verb, verb.Takes[place])}\"",
        };
        into.Append($"        {pattern}) {action} ;;\n");
    }

    private static string Words(Verb verb)
    {
        List<string> words = [];
        foreach (Option option in CompletionTable.Options(verb))
            words.Add($"--{option.Name}");
        words.Add("--help");
        return string.Join(' ', words);
    }
}
