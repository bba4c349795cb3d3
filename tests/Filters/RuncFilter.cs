using System;
using System.Collections.Generic;
using System.Linq;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>What runc makes of a profile: libseccomp's program, and before it the answer of ENOSYS to newer calls.</summary>
internal sealed class RuncFilter
{
    private const uint X32Bit = 0x40000000;
    private const uint Enosys = 0x00050026;
    private readonly sock_filter[] _program;

    // By AUDIT_ARCH_* and x32 or not: the largest number named.
    private readonly Dictionary<(uint Audit, bool X32), uint> _largest = [];
    private readonly HashSet<uint> _multiplexesInZero = [];

    public RuncFilter(Seccomp profile, bool replacesNative)
    {
        _program = Libseccomp.Build(profile, replacesNative, out int error);
        Error = error;
        uint action = Libseccomp.Action(profile.DefaultAction.ToString(), profile.DefaultErrnoRet);
        if ((action & 0xffff0000) is 0x7fff0000 or 0x7ffc0000 or 0x7ff00000)
            return;
        IEnumerable<string> names = (profile.Architectures ?? []).Select(a => a.ToString()["SCMP_ARCH_".Length..]);
        foreach (string name in replacesNative ? names : names.Append("X86_64"))
        {
            SeccompArchitecture facts = SyscallTableTests.Facts(name);
            uint largest = profile.Syscalls!.SelectMany(s => s.Names!).Max(n => Number(name, facts, n));
            if (largest == 0)
                continue;
            _largest[(facts.Audit, name == "X32")] = largest;
            if (name.StartsWith("S390", StringComparison.Ordinal))
                _multiplexesInZero.Add(facts.Audit);
        }
    }

    /// <summary>What libseccomp said to the first rule it refused, as a negative errno.</summary>
    public int Error { get; }

    public int Length => _program.Length;

    public uint Run(BpfInterpreter.Call call)
    {
        bool x86 = call.Architecture == 0xc000003e;
        bool marked = x86 && (call.Number & X32Bit) != 0;
        if (_largest.TryGetValue((call.Architecture, marked), out uint largest) && call.Number > largest)
            return Enosys;
        if (call.Number == 0 && _multiplexesInZero.Contains(call.Architecture))
            return Enosys;
        return BpfInterpreter.Run(_program, call);
    }

    // Deliberately unlike runc: it does not see the numbers that socket(2) and its kin have besides socketcall(2), so it
    // answers ENOSYS to a call that the profile allows when no larger number is named.
    private static uint Number(string architecture, SeccompArchitecture facts, Utf8 name)
    {
        int number = Libseccomp.Resolve(Libseccomp.Token(architecture), name.ToString());
        if (number is > -300 and < -100)
        {
            ushort direct = SyscallTable.Column(facts.Column)[SyscallTable.Find(name.Span)];
            return direct == SyscallTable.None ? 0 : facts.Origin + direct;
        }

        return number < 0 ? 0 : (uint)number;
    }
}
