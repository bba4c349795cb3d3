using System;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>
/// The grammar that callers were written for, that of Go's flag package (features.md G13, callers.md §1): one dash or
/// two, <c>--flag value</c> and <c>--flag=value</c> alike, the last value counts, <c>--</c> ends the options. Flags
/// take a value only after <c>=</c>. A word that is no long name may be short ones together, as argp has them, all but
/// the last of which are flags.
/// </summary>
internal static class Parser
{
    /// <summary>Reads options and arguments of <c>into.Verb</c>. Their number is checked unless help was asked for.</summary>
    /// <exception cref="FaultException">Unknown option, missing or unsuitable value, wrong number of arguments.</exception>
    public static void Parse(ReadOnlySpan<string> words, Arguments into)
    {
        Verb verb = into.Verb;
        string[] positional = new string[words.Length];
        int count = 0;
        int i = 0;
        while (i < words.Length)
        {
            string word = words[i];
            if (word.Length < 2 || word[0] != '-')
            {
                if (verb.StopsAtArgument)
                    break;
                positional[count++] = word;
                i++;
            }
            else if (word == "--")
            {
                i++;
                break;
            }
            else
            {
                i += TakeOption(words[i..], into);
                if (into.WantsHelp)
                    return;
            }
        }

        for (; i < words.Length; i++)
            positional[count++] = words[i];
        into.Positional = positional[..count];
        CheckCount(verb, count);
    }

    // Returns the number of words used.
    private static int TakeOption(ReadOnlySpan<string> words, Arguments into)
    {
        ReadOnlySpan<char> name = words[0].AsSpan(words[0][1] == '-' ? 2 : 1);
        string? value = null;
        int equals = name.IndexOf('=');
        if (equals >= 0)
        {
            value = name[(equals + 1)..].ToString();
            name = name[..equals];
        }

        int index = Find(into.Verb.Options, name);
        if (index < 0)
        {
            if (IsHelp(name))
            {
                into.WantsHelp = true;
                return 1;
            }

            if (IsBundle(words[0], into.Verb.Options))
                return TakeBundle(words, into);
            throw Usage.Fault(new Fault($"flag provided but not defined: -{name}") { Hint = Usage.Advice(into.Verb) });
        }

        if (value is not null || !into.Verb.Options[index].TakesValue)
        {
            into.Set(index, value);
            return 1;
        }

        into.Set(index, ValueOf(words[0], words, into.Verb));
        return 2;
    }

    // Both the words of urfave/cli and those of argp (features.md G10).
    private static bool IsHelp(ReadOnlySpan<char> name) => name is "help" or "h" or "?" or "usage";

    private static bool IsBundle(string word, Option[] options)
    {
        if (word.Length < 3 || word[1] == '-')
            return false;
        for (int i = 1; i < word.Length; i++)
        {
            int index = Find(options, word.AsSpan(i, 1));
            if (index < 0 || (i < word.Length - 1 && options[index].TakesValue))
                return false;
        }

        return true;
    }

    private static int TakeBundle(ReadOnlySpan<string> words, Arguments into)
    {
        string word = words[0];
        for (int i = 1; i < word.Length; i++)
        {
            int index = Find(into.Verb.Options, word.AsSpan(i, 1));
            if (into.Verb.Options[index].TakesValue)
            {
                into.Set(index, ValueOf($"-{word[i]}", words, into.Verb));
                return 2;
            }

            into.Set(index, null);
        }

        return 1;
    }

    private static string ValueOf(string spelling, ReadOnlySpan<string> words, Verb verb) => words.Length > 1
        ? words[1]
        : throw Usage.Fault(new Fault($"flag needs an argument: {spelling}") { Hint = Usage.Advice(verb) });

    private static int Find(Option[] options, ReadOnlySpan<char> name)
    {
        for (int i = 0; i < options.Length; i++)
        {
            if (name.SequenceEqual(options[i].Name) || (name.Length == 1 && name[0] == options[i].Letter))
                return i;
        }

        return -1;
    }

    private static void CheckCount(Verb verb, int count)
    {
        if (count >= verb.Minimum && count <= verb.Maximum)
            return;
        string rule = verb.Minimum == verb.Maximum ? $"exactly {verb.Minimum}"
            : count < verb.Minimum ? $"a minimum of {verb.Minimum}" : $"a maximum of {verb.Maximum}";
        throw Usage.Fault(new Fault($"\"{verb.Name}\" requires {rule} argument(s)") { Hint = Usage.Advice(verb) });
    }
}
