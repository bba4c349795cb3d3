using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Filters;

/// <summary>
/// Compiles linux.resources.devices to an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE. The meaning is that of the
/// devices controller of cgroup v1, as runc emulates it: a default (deny at first) and a set of exceptions from it,
/// one per key (type, major, minor). So the order of the rules matters, but not that of the exceptions.
/// </summary>
internal static partial class DeviceProgram
{
    private const string Field = "linux.resources.devices";
    private const byte Everything = (byte)(Uapi.BPF_DEVCG_ACC_MKNOD | Uapi.BPF_DEVCG_ACC_READ | Uapi.BPF_DEVCG_ACC_WRITE);
    private const byte Mknod = (byte)Uapi.BPF_DEVCG_ACC_MKNOD;
    private const byte Block = (byte)Uapi.BPF_DEVCG_DEV_BLOCK;
    private const byte Char = (byte)Uapi.BPF_DEVCG_DEV_CHAR;
    private const long Any = -1;

    // Exceptions are found by linear search; this bounds the time a hostile list can take.
    private const int MostRules = 4096;

    /// <summary>The program as an array of struct bpf_insn (linux/bpf.h).</summary>
    /// <param name="rules">linux.resources.devices; null is an empty list, which leaves the default devices.</param>
    /// <param name="nodes">linux.devices: one that replaces a default node takes that node's default rule away.</param>
    /// <exception cref="FaultException">
    /// A rule has no or an unknown access letter, an unknown type, a number out of range, or takes permissions out of
    /// a wider wildcard exception, which the exceptions cannot express.
    /// </exception>
    public static byte[] Compile(DeviceRule[]? rules, LinuxDevice[]? nodes = null) => Emit(Feed(rules, nodes));

    /// <summary>Whether the rules leave nothing forbidden, so that a program that cannot be loaded is no loss.</summary>
    /// <exception cref="FaultException">As <see cref="Compile"/>.</exception>
    public static bool AllowsEverything(DeviceRule[]? rules, LinuxDevice[]? nodes = null)
    {
        Exceptions exceptions = Feed(rules, nodes);
        return exceptions.DefaultAllow && exceptions.Count == 0;
    }

    /// <summary>
    /// Whether the rules allow by default, so that those that deny may also deny making a node. With the other default
    /// every node may be made, see the default rules.
    /// </summary>
    public static bool AllowsByDefault(DeviceRule[]? rules)
    {
        for (int i = (rules?.Length ?? 0) - 1; i >= 0; i--)
        {
            DeviceRule rule = rules![i];
            bool all = rule.Type.IsEmpty || rule.Type.Is("a"u8);
            if (all && (!rule.Allow || ((rule.Major ?? Any) == Any && (rule.Minor ?? Any) == Any)))
                return rule.Allow;
        }

        return false;
    }

    private static Exceptions Feed(DeviceRule[]? rules, LinuxDevice[]? nodes)
    {
        rules ??= [];
        if (rules.Length > MostRules)
            throw new FaultException(new Fault($"more than {MostRules} rules") { Field = Field, Hint = "use wildcards" });
        Exceptions exceptions = new(rules);
        for (int i = 0; i < rules.Length; i++)
            FeedRule(exceptions, rules[i], i);
        FeedDefaults(exceptions, nodes ?? []);
        return exceptions;
    }

    private static void FeedRule(Exceptions exceptions, DeviceRule rule, int index)
    {
        byte access = Access(rule, index);
        long major = Number(rule.Major, index, "major");
        long minor = Number(rule.Minor, index, "minor");
        if (rule.Type.IsEmpty || rule.Type.Is("a"u8))
        {
            // The v1 controller lets "a" reset the list whatever the numbers are. For a deny that is the strict
            // reading; an allow of one number must not open every device, so there it means both types.
            if (!rule.Allow || (major == Any && minor == Any))
            {
                exceptions.Reset(rule.Allow);
                return;
            }

            exceptions.Allow(new Exempt(Block, major, minor, access, index));
            exceptions.Allow(new Exempt(Char, major, minor, access, index));
            return;
        }

        Exempt exempt = new(Type(rule, index), major, minor, access, index);
        if (rule.Allow)
            exceptions.Allow(exempt);
        else
            exceptions.Deny(exempt);
    }

    // After the user's rules, so that no list takes /dev/null away by accident; node types as runc and crun have them.
    private static void FeedDefaults(Exceptions exceptions, LinuxDevice[] nodes)
    {
        exceptions.Allow(new Exempt(Char, Any, Any, Mknod, Exempt.Default));
        exceptions.Allow(new Exempt(Block, Any, Any, Mknod, Exempt.Default));
        Node(exceptions, nodes, "/dev/null"u8, 3);
        Node(exceptions, nodes, "/dev/zero"u8, 5);
        Node(exceptions, nodes, "/dev/full"u8, 7);
        Node(exceptions, nodes, "/dev/random"u8, 8);
        Node(exceptions, nodes, "/dev/urandom"u8, 9);
        Node(exceptions, nodes, "/dev/tty"u8, 0, major: 5);
        exceptions.Allow(new Exempt(Char, 136, Any, Everything, Exempt.Default));
        exceptions.Allow(new Exempt(Char, 5, 2, Everything, Exempt.Default));
        exceptions.Allow(new Exempt(Char, 10, 200, Everything, Exempt.Default));
    }

    private static void Node(Exceptions exceptions, LinuxDevice[] nodes, ReadOnlySpan<byte> path, long minor, long major = 1)
    {
        foreach (LinuxDevice node in nodes)
        {
            if (node.Path.Is(path))
                return;
        }

        exceptions.Allow(new Exempt(Char, major, minor, Everything, Exempt.Default));
    }

    private static byte Access(DeviceRule rule, int index)
    {
        uint access = 0;
        foreach (byte letter in rule.Access.Span)
        {
            access |= letter switch
            {
                (byte)'m' => Uapi.BPF_DEVCG_ACC_MKNOD,
                (byte)'r' => Uapi.BPF_DEVCG_ACC_READ,
                (byte)'w' => Uapi.BPF_DEVCG_ACC_WRITE,
                _ => throw Refused(index, "access", rule.Access, "unknown device access", "use the letters r, w and m"),
            };
        }

        if (access == 0)
            throw Refused(index, "access", rule.Access, "device access cannot be empty", "use the letters r, w and m");
        return (byte)access;
    }

    private static byte Type(DeviceRule rule, int index)
    {
        if (rule.Type.Is("c"u8))
            return Char;
        return rule.Type.Is("b"u8)
            ? Block
            : throw Refused(index, "type", rule.Type, "invalid cgroup device type", "use a (all), b (block) or c (character)");
    }

    private static long Number(long? number, int index, string name)
    {
        long value = number ?? Any;
        if (value is >= Any and <= uint.MaxValue)
            return value;
        throw Refused(index, name, value.ToString(), "out of range", "use 0 to 4294967295, or -1 for any");
    }

    private static FaultException Refused(int index, string name, Utf8 value, string message, string hint) =>
        new(new Fault(message) { Field = $"{Field}[{index}].{name}", Value = value.ToString(), Hint = hint });
}
