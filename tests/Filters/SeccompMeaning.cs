using System;
using System.Collections.Generic;
using System.Linq;
using OciRun.Filters;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>What calls of one architecture may get under a profile, read rule by rule.</summary>
internal sealed class SeccompMeaning
{
    private const uint X32Bit = 0x40000000;
    private readonly SeccompArchitecture _facts;
    private readonly bool _coversX32;
    private readonly uint _default;
    private readonly uint _largest;
    private readonly Dictionary<uint, List<(uint Action, bool AnyOf, List<SeccompArg> Args)>> _rules = [];

    public SeccompMeaning(Seccomp profile, string architecture, bool coversX32)
    {
        _facts = SyscallTableTests.Facts(architecture);
        _coversX32 = coversX32;
        _default = Libseccomp.Action(profile.DefaultAction.ToString(), profile.DefaultErrnoRet);
        ReadOnlySpan<ushort> column = SyscallTable.Column(_facts.Column);
        foreach (SeccompSyscall rule in profile.Syscalls!)
        {
            uint action = Libseccomp.Action(rule.Action.ToString(), rule.ErrnoRet);
            List<SeccompArg> args = [.. rule.Args ?? []];
            bool anyOf = args.Select(a => a.Index).Distinct().Count() != args.Count;
            foreach (Utf8 text in rule.Names!)
            {
                int name = SyscallTable.Find(text.Span);
                if (name < 0)
                    continue;
                ushort number = column[name];
                if (number != SyscallTable.None)
                {
                    uint absolute = (uint)SyscallTableTests.Number(architecture, text.Span);
                    _largest = Math.Max(_largest, absolute);
                    Add(absolute, action, anyOf, args);
                }

                int socket = SyscallTable.SocketCall(name);
                int ipc = SyscallTable.IpcCall(name);
                if (!_facts.Multiplexed || (socket == 0 && ipc == 0))
                    continue;
                SeccompArg call = SeccompSample.Arg(0, "EQ", (ulong)Math.Max(socket, ipc));
                uint multiplexer = _facts.Origin + column[SyscallTable.Find(socket != 0 ? "socketcall"u8 : "ipc"u8)];
                // The call number takes the place of conditions on the first argument; alternatives get it each.
                foreach (List<SeccompArg> alternative in anyOf ? args.Select(a => new List<SeccompArg> { a }) : [args])
                    Add(multiplexer, action, false, [call, .. alternative.Where(a => a.Index != 0)]);
            }
        }

        if ((_default & 0xffff0000) is 0x7fff0000 or 0x7ffc0000 or 0x7ff00000 || _default == 0x00050026)
            _largest = 0;
    }

    public bool Allows(BpfInterpreter.Call call, uint actual)
    {
        bool x86 = _facts.Audit == 0xc000003e;
        bool marked = x86 && call.Number >= X32Bit;
        if (x86 && marked != (_facts.Column == SyscallColumn.X32))
        {
            // Calls of the sibling are its own tests' business, unless nothing covers them.
            return (marked ? _coversX32 || call.Number == uint.MaxValue : true) || actual == 0;
        }

        bool multiplexer = call.Number == 0 && _facts.Column is SyscallColumn.S390 or SyscallColumn.S390X;
        if (_largest != 0 && (call.Number > _largest || multiplexer))
            return actual == 0x00050026;
        if (!_rules.TryGetValue(call.Number, out List<(uint Action, bool AnyOf, List<SeccompArg> Args)>? rules))
            return actual == _default;
        foreach ((uint action, bool anyOf, List<SeccompArg> args) in rules)
        {
            if (args.Count == 0 || args.TrueForAll(Always) || (anyOf && args.Exists(Always)))
                return actual == action;
        }

        uint[] holding =
        [
            .. rules.Where(r => r.AnyOf ? r.Args.Exists(a => Holds(a, call)) : r.Args.TrueForAll(a => Holds(a, call)))
                .Select(r => r.Action),
        ];
        return holding.Length == 0 ? actual == _default : holding.Contains(actual);
    }

    private void Add(uint number, uint action, bool anyOf, List<SeccompArg> args)
    {
        if (action == _default)
            return;
        if (!_rules.TryGetValue(number, out List<(uint Action, bool AnyOf, List<SeccompArg> Args)>? rules))
            _rules[number] = rules = [];
        rules.Add((action, anyOf, args));
    }

    private ulong Width(ulong value) => _facts.Wide ? value : value & uint.MaxValue;

    // A mask without bits of the architecture's width compares nothing.
    private bool Always(SeccompArg arg) => arg.Op.Is("SCMP_CMP_MASKED_EQ"u8) && Width(arg.Value) == 0;

    private bool Holds(SeccompArg arg, BpfInterpreter.Call call)
    {
        ulong argument = Width(call.Arguments[arg.Index]);
        ulong value = Width(arg.Value);
        return arg.Op.ToString() switch
        {
            "SCMP_CMP_EQ" => argument == value,
            "SCMP_CMP_NE" => argument != value,
            "SCMP_CMP_GT" => argument > value,
            "SCMP_CMP_GE" => argument >= value,
            "SCMP_CMP_LT" => argument < value,
            "SCMP_CMP_LE" => argument <= value,
            _ => (argument & value) == (Width(arg.ValueTwo) & value),
        };
    }
}
