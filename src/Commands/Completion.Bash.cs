using System.Collections.Generic;
using System.Text;

namespace OciRun.Commands;

/// <summary>A completion function for bash.</summary>
internal static class BashCompletion
{
    public static string Write()
    {
        Verb program = Globals.Describe();
        List<string> names = [];
        StringBuilder verbs = new();
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is not { IsHidden: false } verb)
                continue;
            names.Add(name);
            verbs.Append($"    {name})\n{Values(verb, "        ")}        words=\"{Words(verb)}\"\n        ;;\n");
        }

        return $$"""
            # bash completion for ocirun
            _ocirun() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= root=() words i
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case ${COMP_WORDS[i]} in
                    --root | -r) root=(--root "${COMP_WORDS[i+1]}") ; ((i++)) ;;
                    {{Valued(program)}}) ((i++)) ;;
                    -*) ;;
                    *) verb=${COMP_WORDS[i]} ; break ;;
                    esac
                done
                case $verb in
                '')
            {{Values(program, "        ")}}        words="{{Words(program)}} {{string.Join(' ', names)}}"
                    ;;
            {{verbs}}    *) return ;;
                esac
                if [[ $current != -* && " {{string.Join(' ', Containers())}} " == *" $verb "* && -n $verb ]]; then
                    words=$(ocirun "${root[@]}" list --quiet 2>/dev/null)
                fi
                COMPREPLY=($(compgen -W "$words" -- "$current"))
            }
            complete -F _ocirun ocirun

            """;
    }

    /// <summary>Verbs whose first argument is an existing container.</summary>
    internal static List<string> Containers()
    {
        List<string> names = [];
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is { TakesContainer: true })
                names.Add(name);
        }

        return names;
    }

    // The options whose next word is not the verb.
    private static string Valued(Verb program)
    {
        List<string> spellings = [];
        foreach (Option option in program.Options)
        {
            if (option is { TakesValue: true, IsHidden: false } && option.Name != "root")
                spellings.Add(Spellings(option));
        }

        return string.Join(" | ", spellings);
    }

    private static string Values(Verb verb, string indent)
    {
        StringBuilder text = new();
        foreach (Option option in verb.Options)
        {
            if (!option.TakesValue || option.IsHidden)
                continue;
            string action = option.Kind switch
            {
                OptionKind.File => "COMPREPLY=($(compgen -f -- \"$current\"))",
                OptionKind.Directory => "COMPREPLY=($(compgen -d -- \"$current\"))",
                _ => $"COMPREPLY=($(compgen -W \"{string.Join(' ', option.Words)}\" -- \"$current\"))",
            };
            text.Append($"{indent}    {Spellings(option)}) {action} ; return ;;\n");
        }

        return text.Length == 0 ? "" : $"{indent}case $previous in\n{text}{indent}esac\n";
    }

    private static string Spellings(Option option) =>
        option.Letter == '\0' ? $"--{option.Name}" : $"--{option.Name} | -{option.Letter}";

    private static string Words(Verb verb)
    {
        List<string> words = [];
        foreach (Option option in verb.Options)
        {
            if (!option.IsHidden)
                words.Add($"--{option.Name}");
        }

        words.Add("--help");
        foreach (string word in verb.Words)
        {
            if (Table.Find(word) is not { IsHidden: true })
                words.Add(word);
        }

        return string.Join(' ', words);
    }
}
