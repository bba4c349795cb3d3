using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using OciRun.Fuzz.Differential;
using OciRun.Fuzz.Targets;

namespace OciRun.Fuzz;

/// <summary>Command line of the fuzzer; README.md tells how to use it.</summary>
internal static class Program
{
    private const string Usage =
        "usage: ocirun-fuzz [--target NAME[,NAME...]|all] [--seed N] [--from N] [--count N | --endless] [--out DIR] [--repository DIR]\n"
        + "       ocirun-fuzz --target NAME --replay FILE\n"
        + "       ocirun-fuzz --differential [--seed N] [--from N] [--count N]\n"
        + "       ocirun-fuzz --list";

    private static int Main(string[] arguments)
    {
        string targets = "all";
        string? replay = null;
        string output = Path.Combine(Environment.CurrentDirectory, "out", "fuzz");
        string repository = Environment.CurrentDirectory;
        ulong seed = 1;
        long from = 0;
        long count = 1000;
        bool endless = false;
        bool lists = false;
        bool differential = false;
        for (int i = 0; i < arguments.Length; i++)
        {
            string option = arguments[i];
            if (option is "--endless" or "--list" or "--differential")
            {
                endless |= option == "--endless";
                lists |= option == "--list";
                differential |= option == "--differential";
                continue;
            }

            if (i + 1 == arguments.Length)
                return Fail(Usage);
            string value = arguments[++i];
            switch (option)
            {
                case "--target":
                    targets = value;
                    break;
                case "--seed":
                    seed = ulong.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--from":
                    from = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--count":
                    count = long.Parse(value, CultureInfo.InvariantCulture);
                    break;
                case "--out":
                    output = Path.GetFullPath(value);
                    break;
                case "--repository":
                    repository = Path.GetFullPath(value);
                    break;
                case "--replay":
                    replay = value;
                    break;
                default:
                    return Fail(Usage);
            }
        }

        if (differential)
        {
            using Contest contest = new(repository, Console.WriteLine);
            return contest.Run(seed, from, count) == 0 ? 0 : 1;
        }

        using Scratch scratch = new();
        List<Target> chosen = [];
        string[] names = targets.Split(',');
        foreach (Target target in Doors.All(Corpus.Load(repository), scratch))
        {
            if (targets == "all" || Array.IndexOf(names, target.Name) >= 0)
                chosen.Add(target);
        }

        if (lists)
        {
            foreach (Target target in chosen)
                Console.WriteLine(target.Name);
            return 0;
        }

        if (chosen.Count == 0 || (targets != "all" && chosen.Count != names.Length))
            return Fail("no such target; --list names them");
        if (replay is not null)
            return new Hunt(chosen[0], seed, output, Console.WriteLine).Replay(File.ReadAllBytes(replay)) ? 0 : 1;
        long failures = 0;
        do
        {
            foreach (Target target in chosen)
                failures += new Hunt(target, seed, output, Console.WriteLine).Run(from, count);
            from += count;
        }
        while (endless && failures == 0);
        return failures == 0 ? 0 : 1;
    }

    private static int Fail(string text)
    {
        Console.Error.WriteLine(text);
        return 2;
    }
}
