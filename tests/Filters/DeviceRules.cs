using System;
using System.Collections.Generic;
using System.Linq;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>Rule lists in short: <c>-a *:* rwm, +c 1:3 rw</c>; <c>_</c> leaves a part out.</summary>
internal static class DeviceRules
{
    public static DeviceRule[] Parse(string list) =>
        [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(ParseRule)];

    private static DeviceRule ParseRule(string text)
    {
        string[] parts = text[1..].Split(' ');
        string[] numbers = parts[1].Split(':');
        return new DeviceRule
        {
            Allow = text[0] == '+',
            Type = parts[0] == "_" ? default : new Utf8(parts[0]),
            Major = Number(numbers[0]),
            Minor = Number(numbers[1]),
            Access = parts[2] == "_" ? "" : parts[2],
        };
    }

    private static long? Number(string text) => text switch { "*" => -1, "_" => null, _ => long.Parse(text) };
}

/// <summary>
/// The rules of the v1 devices controller by the letter of its documentation (admin-guide/cgroup-v1/devices.rst),
/// as runc emulates them, with sets of texts in place of bits.
/// </summary>
internal sealed class DeviceModel
{
    private readonly Dictionary<string, HashSet<char>> _exceptions = [];
    private bool _allows;

    /// <summary>Null when the list asks for a hole in a wildcard.</summary>
    public static DeviceModel? Of(IEnumerable<DeviceRule> rules)
    {
        DeviceModel model = new();
        string[] defaults =
        [
            "+c *:* m, +b *:* m, +c 1:3 rwm, +c 1:5 rwm, +c 1:7 rwm, +c 1:8 rwm, +c 1:9 rwm",
            "+c 5:0 rwm, +c 5:2 rwm, +c 10:200 rwm, +c 136:* rwm",
        ];
        return rules.Concat(defaults.SelectMany(DeviceRules.Parse)).All(model.Feed) ? model : null;
    }

    public bool Permits(char type, long major, long minor, string access)
    {
        IEnumerable<HashSet<char>> matching =
            from left in new[] { major.ToString(), "*" }
            from right in new[] { minor.ToString(), "*" }
            where _exceptions.ContainsKey($"{type} {left}:{right}")
            select _exceptions[$"{type} {left}:{right}"];
        return _allows ? !matching.Any(set => set.Overlaps(access)) : matching.Any(set => set.IsSupersetOf(access));
    }

    private bool Feed(DeviceRule rule)
    {
        string type = rule.Type.IsEmpty ? "a" : rule.Type.ToString();
        string major = rule.Major is null or -1 ? "*" : rule.Major.Value.ToString();
        string minor = rule.Minor is null or -1 ? "*" : rule.Minor.Value.ToString();
        string access = rule.Access.ToString();
        if (type == "a" && rule.Allow && (major, minor) != ("*", "*"))
            return Change(rule.Allow, "b", major, minor, access) && Change(rule.Allow, "c", major, minor, access);
        if (type != "a")
            return Change(rule.Allow, type, major, minor, access);
        _allows = rule.Allow;
        _exceptions.Clear();
        return true;
    }

    private bool Change(bool allow, string type, string major, string minor, string access)
    {
        string key = $"{type} {major}:{minor}";
        if (allow != _allows)
        {
            _exceptions.TryAdd(key, []);
            _exceptions[key].UnionWith(access);
            return true;
        }

        foreach (string wider in new[] { $"{type} *:{minor}", $"{type} {major}:*", $"{type} *:*" })
        {
            if (wider != key && _exceptions.TryGetValue(wider, out HashSet<char>? set) && set.Overlaps(access))
                return false;
        }

        if (_exceptions.TryGetValue(key, out HashSet<char>? own))
            own.ExceptWith(access);
        return true;
    }
}

/// <summary>Runs device programs as the kernel does, and refuses what its verifier refuses.</summary>
internal static class DeviceInterpreter
{
    public static bool Run(byte[] program, char type, uint major, uint minor, string access)
    {
        uint bits = (uint)access.Sum(letter => letter switch { 'm' => 1, 'r' => 2, 'w' => 4, _ => 8 });
        byte[] context = new byte[12];
        BitConverter.TryWriteBytes(context.AsSpan(0), ((type == 'b' ? 1u : 2u) | (bits << 16)));
        BitConverter.TryWriteBytes(context.AsSpan(4), major);
        BitConverter.TryWriteBytes(context.AsSpan(8), minor);
        uint[] register = new uint[11];
        for (int at = 0; ; at++)
        {
            (byte code, int destination, int source, short offset, int immediate) = Decode(program, at);
            uint value = register[destination];
            bool jump = false;
            switch (code)
            {
                case Uapi.BPF_ALU32_MOV_K:
                    register[destination] = unchecked((uint)immediate);
                    break;
                case Uapi.BPF_ALU32_RSH_K:
                    register[destination] = value >> immediate;
                    break;
                case Uapi.BPF_LDX_MEM_W when source == 1 && offset % 4 == 0:
                    register[destination] = BitConverter.ToUInt32(context, offset);
                    break;
                case Uapi.BPF_LDX_MEM_H when source == 1 && offset == 0:
                    register[destination] = BitConverter.ToUInt16(context, offset);
                    break;
                case Uapi.BPF_JA:
                    jump = true;
                    break;
                case Uapi.BPF_JMP32_JEQ_K:
                    jump = value == unchecked((uint)immediate);
                    break;
                case Uapi.BPF_JMP32_JNE_K:
                    jump = value != unchecked((uint)immediate);
                    break;
                case Uapi.BPF_JMP32_JSET_K:
                    jump = (value & unchecked((uint)immediate)) != 0;
                    break;
                case Uapi.BPF_EXIT:
                    return register[0] switch { 0 => false, 1 => true, _ => throw new InvalidOperationException("result") };
                default:
                    throw new InvalidOperationException($"instruction {at}: code {code:x}, offset {offset}");
            }

            at += jump ? offset : 0;
        }
    }

    /// <summary>Indices of instructions that no path reaches; jumps must go forward and stay inside.</summary>
    public static IEnumerable<int> Unreachable(byte[] program)
    {
        int count = program.Length / 8;
        bool[] reached = new bool[count];
        reached[0] = true;
        for (int at = 0; at < count; at++)
        {
            (byte code, _, _, short offset, _) = Decode(program, at);
            if (!reached[at] || code == Uapi.BPF_EXIT)
                continue;
            if (code != Uapi.BPF_JA)
                reached[at + 1] = true;
            if ((code & 7) is not 5 and not 6)
                continue;
            if (offset < 0)
                throw new InvalidOperationException($"instruction {at} jumps back");
            reached[at + 1 + offset] = true;
        }

        return Enumerable.Range(0, count).Where(at => !reached[at]);
    }

    private static (byte Code, int Destination, int Source, short Offset, int Immediate) Decode(byte[] program, int at) =>
        (program[at * 8], program[(at * 8) + 1] & 15, program[(at * 8) + 1] >> 4,
            BitConverter.ToInt16(program, (at * 8) + 2), BitConverter.ToInt32(program, (at * 8) + 4));
}
