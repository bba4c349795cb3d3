using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Spec;
using OciRun.Tests.Kernel;

namespace OciRun.Tests.Spec;

/// <summary>Names that config.json has from the kernel's headers, held against them.</summary>
public sealed class AttributeNamesTests
{
    [CompilerFact]
    public void Numbers_are_those_of_the_headers()
    {
        Dictionary<string, long> ours = new(StringComparer.Ordinal);
        Add(ours, SchedulerNames.Flags, i => 1L << i);
        Add(ours, IoPriorityNames.Classes, i => i + IoPriorityNames.FirstClass);
        Add(ours, MemoryPolicyNames.Flags, i => 1L << (MemoryPolicyNames.FirstFlag + i));

        // Neither the reserved policy nor a mode of Linux 6.9 is in the headers of every build machine.
        Add(ours, SchedulerNames.Policies, i => i, "SCHED_ISO");
        Add(ours, MemoryPolicyNames.Modes, i => i, "MPOL_WEIGHTED_INTERLEAVE");
        ours.Add("IOPRIO_CLASS_SHIFT", IoPriorityNames.ClassShift);
        foreach ((string domain, int number) in PersonalityNames.Domains.Zip(PersonalityNames.Numbers))
            ours.Add("PER_" + domain, number);

        const string more = "#include <linux/mempolicy.h>\n#include <linux/personality.h>\n#define SCHED_OTHER SCHED_NORMAL\n";
        CCompiler.Evaluate(CCompiler.Headers + more, ours.Keys.Select(name => (name, name)))
            .ToDictionary(pair => pair.Key, pair => long.Parse(pair.Value), StringComparer.Ordinal).Should().BeEquivalentTo(ours);
    }

    private static void Add(Dictionary<string, long> all, string[] names, Func<int, long> number, string except = "")
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i] != except)
                all.Add(names[i], number(i));
        }
    }
}
