using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using FluentAssertions;
using OciRun.Kernel;

namespace OciRun.Tests.Kernel;

public sealed class UapiTests
{
    // Numbers by which this project joins what the headers keep apart.
    private static readonly Dictionary<string, string> Joined = new(StringComparer.Ordinal)
    {
        ["BPF_ALU32_MOV_K"] = "BPF_ALU | BPF_MOV | BPF_K",
        ["BPF_ALU32_RSH_K"] = "BPF_ALU | BPF_RSH | BPF_K",
        ["BPF_LDX_MEM_H"] = "BPF_LDX | BPF_MEM | BPF_H",
        ["BPF_LDX_MEM_W"] = "BPF_LDX | BPF_MEM | BPF_W",
        ["BPF_JA"] = "BPF_JMP | BPF_JA",
        ["BPF_EXIT"] = "BPF_JMP | BPF_EXIT",
        ["BPF_JMP32_JEQ_K"] = "BPF_JMP32 | BPF_JEQ | BPF_K",
        ["BPF_JMP32_JNE_K"] = "BPF_JMP32 | BPF_JNE | BPF_K",
        ["BPF_JMP32_JSET_K"] = "BPF_JMP32 | BPF_JSET | BPF_K",
        ["BPF_LD_W_ABS"] = "BPF_LD | BPF_W | BPF_ABS",
        ["BPF_ALU_AND_K"] = "BPF_ALU | BPF_AND | BPF_K",
        ["BPF_JMP_JA"] = "BPF_JMP | BPF_JA",
        ["BPF_JMP_JEQ_K"] = "BPF_JMP | BPF_JEQ | BPF_K",
        ["BPF_JMP_JGT_K"] = "BPF_JMP | BPF_JGT | BPF_K",
        ["BPF_JMP_JGE_K"] = "BPF_JMP | BPF_JGE | BPF_K",
        ["BPF_RET_K"] = "BPF_RET | BPF_K",

        // Linux 6.8.
        ["STATX_MNT_ID_UNIQUE"] = "0x4000",

        // In no header of user space before Linux 6.17.
        ["PROC_ROOT_INO"] = "({ struct stat root; stat(\"/proc\", &root); root.st_ino; })",
    };

    // Only in sys/mount.h, which cannot be included beside linux/mount.h.
    private static readonly string[] OfSysMount = ["MNT_DETACH", "UMOUNT_NOFOLLOW"];

    /// <summary>
    /// No name is guarded by #ifdef, so a misspelt one does not compile. A constant that is newer than the headers of
    /// the oldest supported build machine (Linux 6.1) gets its number in <see cref="Joined"/>, with its version.
    /// </summary>
    [CompilerFact]
    public void Every_constant_is_that_of_the_headers()
    {
        Dictionary<string, string> ours = Constants(typeof(Uapi));
        Dictionary<string, string> theirs = CCompiler.Evaluate(
            CCompiler.Headers, Expressions(ours.Keys.Where(name => !OfSysMount.Contains(name))));
        foreach ((string name, string value) in CCompiler.Evaluate("#include <sys/mount.h>", Expressions(OfSysMount)))
            theirs.Add(name, value);
        theirs.Should().BeEquivalentTo(ours);
    }

    [CompilerFact]
    public void Every_errno_is_that_of_the_headers()
    {
        Dictionary<string, string> ours = Constants(typeof(Errno));
        CCompiler.Evaluate(CCompiler.Headers, Expressions(ours.Keys)).Should().BeEquivalentTo(ours);
    }

    internal static Dictionary<string, string> Constants(Type type) =>
        type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral)
            .ToDictionary(field => field.Name, field => Text(field.GetRawConstantValue()!), StringComparer.Ordinal);

    private static string Text(object value) => value is ulong number ? unchecked((long)number).ToString() : value.ToString()!;

    private static IEnumerable<(string Name, string Expression)> Expressions(IEnumerable<string> names) =>
        names.Select(name => (name, Joined.GetValueOrDefault(name, name)));
}
