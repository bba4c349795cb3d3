using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>Judges a config.json that was read without error. Pure: looks at nothing on the system.</summary>
internal static class Validator
{
    /// <summary>Most findings that are returned; a hostile file could otherwise fill the heap with them.</summary>
    public const int MaximumFindings = 1000;

    /// <summary>The first parameter that belongs to namespaces of a type of linux.namespaces; null without one.</summary>
    public static Pair? FirstSysctl(Pair[] sysctl, string type)
    {
        foreach (Pair pair in sysctl)
        {
            if (Rules.IsSysctlOf(pair.Key, new Utf8(type)))
                return pair;
        }

        return null;
    }

    /// <summary>
    /// All findings, in the order process, root, hostname, domainname, mounts, hooks, annotations, linux.
    /// </summary>
    /// <remarks>
    /// Without a finding nothing is allocated but the empty list. Left to other rooms: what needs a look at the system
    /// (files, namespaces, kernel features), mount options and paths (Plan), seccomp (Filters), resources (Cgroups).
    /// </remarks>
    public static List<Fault> Check(Config config, ValidationFacts facts)
    {
        Rules rules = new(config, facts);
        return rules.Run();
    }

    /// <summary>The findings on the process alone, as <see cref="Check"/> has them first.</summary>
    public static List<Fault> CheckProcess(Config config, ValidationFacts facts)
    {
        Rules rules = new(config, facts);
        return rules.RunProcess();
    }
}
