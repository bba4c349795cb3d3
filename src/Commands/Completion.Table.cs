using System.Collections.Generic;

namespace OciRun.Commands;

/// <summary>What the completion scripts of all shells are made of.</summary>
internal static class CompletionTable
{
    /// <summary>The verbs that people use.</summary>
    public static List<Verb> Verbs()
    {
        List<Verb> verbs = [];
        foreach (string name in Table.Names)
        {
            if (Table.Find(name) is { IsHidden: false } verb)
                verbs.Add(verb);
        }

        return verbs;
    }

    /// <summary>The options that help shows.</summary>
    public static List<Option> Options(Verb verb)
    {
        List<Option> options = [];
        foreach (Option option in verb.Options)
        {
            if (!option.IsHidden)
                options.Add(option);
        }

        return options;
    }

    /// <summary>What there is to choose from for an argument of this kind, in one line; empty for what only the machine knows.</summary>
    public static string Words(Verb verb, ArgumentKind kind)
    {
        if (kind == ArgumentKind.Signal)
            return string.Join(' ', Signals.Words);
        if (kind != ArgumentKind.Word)
            return "";
        List<string> words = [];
        foreach (string word in verb.Words)
        {
            if (Table.Find(word) is not { IsHidden: true })
                words.Add(word);
        }

        return string.Join(' ', words);
    }
}
