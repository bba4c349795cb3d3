using System;
using System.Globalization;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Commands;

internal static partial class Update
{
    // What was not given stays absent, and an absent value is not changed.
    private static LinuxResources FromFlags(Arguments arguments)
    {
        foreach (string name in (ReadOnlySpan<string>)["kernel-memory", "kernel-memory-tcp", "cpu-rt-period", "cpu-rt-runtime"])
        {
            if (arguments.Text(name) is not null)
                Log.Warning($"--{name} is ignored: cgroup v2 has no such limit");
        }

        return new LinuxResources
        {
            Memory = new LinuxMemory
            {
                Limit = Size(arguments, "memory"),
                Reservation = Size(arguments, "memory-reservation"),
                Swap = Size(arguments, "memory-swap"),
            },
            Cpu = new LinuxCpu
            {
                Shares = Natural(arguments, "cpu-share"),
                Quota = Integer(arguments, "cpu-quota"),
                Period = Natural(arguments, "cpu-period"),
                Burst = Natural(arguments, "cpu-burst"),
                Idle = Integer(arguments, "cpu-idle"),
                Cpus = arguments.Text("cpuset-cpus") is { } cpus ? new Utf8(cpus) : default,
                Mems = arguments.Text("cpuset-mems") is { } mems ? new Utf8(mems) : default,
            },
            Pids = new LinuxPids { Limit = Integer(arguments, "pids-limit") },
            BlockIo = new LinuxBlockIo { Weight = Weight(arguments) },
        };
    }

    private static ushort? Weight(Arguments arguments)
    {
        ulong? weight = Natural(arguments, "blkio-weight");
        return weight is null ? null : (ushort)Math.Min(weight.Value, ushort.MaxValue);
    }

    private static long? Integer(Arguments arguments, string name)
    {
        if (arguments.Text(name) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw Unsuitable(text, name, "use a number");
    }

    private static ulong? Natural(Arguments arguments, string name)
    {
        if (arguments.Text(name) is not { } text)
            return null;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw Unsuitable(text, name, "use a number from 0 on");
    }

    private static long? Size(Arguments arguments, string name) =>
        arguments.Text(name) is { } text
            ? ParseSize(text) ?? throw Unsuitable(text, name, "use bytes, or k, m, g or t behind a number, or -1")
            : null;

    /// <summary>
    /// Bytes from "67108864", "64M", "64mb", "64MiB" or "1.5g", whose units are powers of 1024; -1 from "-1"; null for
    /// anything else.
    /// </summary>
    internal static long? ParseSize(string text)
    {
        if (text == "-1")
            return -1;
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        int shift = Shift(text.AsSpan(end).Trim(' '));
        if (shift < 0 || !decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
            return null;
        return number > long.MaxValue >> shift ? null : (long)(number * (1L << shift));
    }

    private static int Shift(ReadOnlySpan<char> unit)
    {
        if (unit.IsEmpty || unit is "b" or "B")
            return 0;
        int power = "kmgtp".IndexOf(char.ToLowerInvariant(unit[0]), StringComparison.Ordinal);
        bool known = unit[1..] is "" or "b" or "B" or "ib" or "iB";
        return power < 0 || !known ? -1 : 10 * (power + 1);
    }

    private static FaultException Unsuitable(string text, string name, string hint) =>
        Usage.Fault(new Fault($"invalid value \"{text}\" for --{name}") { Hint = hint });
}
