using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>A machine, and the architectures that a profile for it lists, its own first.</summary>
internal sealed record SeccompMachine(Architecture Native, params string[] Covered)
{
    public static readonly SeccompMachine[] All =
    [
        new(Architecture.X64, "X86_64"),
        new(Architecture.X64, "X86_64", "X86"),
        new(Architecture.X64, "X86_64", "X32"),
        new(Architecture.X64, "X86_64", "X86", "X32"),
        new(Architecture.X86, "X86"),
        new(Architecture.Arm64, "AARCH64", "ARM"),
        new(Architecture.Arm64, "AARCH64", "X32", "LOONGARCH64", "SH"),
        new(Architecture.Ppc64le, "PPC64LE", "MIPSEL", "MIPSEL64", "MIPSEL64N32"),
        new(Architecture.RiscV64, "RISCV64"),
        new(Architecture.S390x, "S390X", "S390"),
        new(Architecture.S390x, "S390X", "MIPS", "MIPS64", "MIPS64N32", "M68K"),
        new(Architecture.S390x, "S390X", "PPC", "PPC64", "PARISC", "PARISC64"),
    ];

    /// <summary>
    /// Machines to compare with libseccomp, which gets programs wrong in which several 64-bit architectures have the same
    /// conditions: where the machine's own architecture is not the one of interest, libseccomp is not told of it.
    /// </summary>
    public static readonly SeccompMachine[] Compared =
    [
        .. All[..6],
        new(Architecture.Arm64, "AARCH64", "SH"),
        new(Architecture.Ppc64le, "PPC64LE"),
        new(Architecture.RiscV64, "MIPSEL", "MIPSEL64", "MIPSEL64N32"),
        new(Architecture.RiscV64, "LOONGARCH64"),
        new(Architecture.RiscV64, "RISCV64"),
        new(Architecture.S390x, "S390X", "S390"),
        new(Architecture.S390x, "MIPS64", "MIPS", "MIPS64N32"),
        new(Architecture.S390x, "PPC64", "PPC"),
        new(Architecture.S390x, "PARISC64", "PARISC", "M68K"),
    ];

    /// <summary>True when the machine's own architecture is among those covered.</summary>
    public bool IsWhole => Covered[0] is "X86_64" or "X86" or "AARCH64" or "PPC64LE" or "RISCV64" or "S390X";

    /// <summary>A profile for the message of a failed test.</summary>
    public static string Text(Seccomp profile)
    {
        List<string> lines = [$"default {profile.DefaultAction} {profile.DefaultErrnoRet}"];
        lines.AddRange(profile.Syscalls!.Select(rule =>
        {
            string args = string.Join(", ", (rule.Args ?? []).Select(a => $"{a.Index} {a.Op} {a.Value:x} {a.ValueTwo:x}"));
            return $"  {string.Join(' ', rule.Names!)} {rule.Action} {rule.ErrnoRet} [{args}]";
        }));
        return string.Join('\n', lines);
    }
}
