using System;
using System.Buffers.Text;
using System.Collections.Generic;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>The texts of the kernel's files (cgroup-v2.rst). What is not understood is left out.</summary>
internal sealed partial record Statistics
{
    /// <summary>A file of one number or <c>max</c>; null for anything else.</summary>
    internal static ulong? Number(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd((byte)'\n');
        if (text.SequenceEqual("max"u8))
            return Unlimited;
        return Utf8Parser.TryParse(text, out ulong number, out int digits) && digits == text.Length ? number : null;
    }

    /// <summary>Lines of <c>name number</c>.</summary>
    internal static Count[] Flat(ReadOnlySpan<byte> text)
    {
        List<Count> counts = [];
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            int blank = line.IndexOf((byte)' ');
            if (blank > 0 && Number(line[(blank + 1)..]) is { } value)
                counts.Add(new Count(new Utf8(line[..blank].ToArray()), value));
        }

        return [.. counts];
    }

    internal static CpuStatistics ParseCpu(ReadOnlySpan<byte> text)
    {
        ulong? total = null, user = null, kernel = null, periods = null, throttled = null, time = null;
        foreach (Count count in Flat(text))
        {
            if (count.Name.Is("usage_usec"u8))
                total = Nanoseconds(count.Value);
            else if (count.Name.Is("user_usec"u8))
                user = Nanoseconds(count.Value);
            else if (count.Name.Is("system_usec"u8))
                kernel = Nanoseconds(count.Value);
            else if (count.Name.Is("nr_periods"u8))
                periods = count.Value;
            else if (count.Name.Is("nr_throttled"u8))
                throttled = count.Value;
            else if (count.Name.Is("throttled_usec"u8))
                time = Nanoseconds(count.Value);
        }

        return new CpuStatistics
        {
            Total = total ?? 0,
            User = user ?? 0,
            Kernel = kernel ?? 0,
            Periods = periods,
            ThrottledPeriods = throttled,
            ThrottledTime = time,
        };
    }

    // The largest that can be told, for more.
    private static ulong Nanoseconds(ulong microseconds) => microseconds <= ulong.MaxValue / 1000 ? microseconds * 1000 : ulong.MaxValue;

    /// <summary>Lines of <c>major:minor rbytes=N wbytes=N rios=N wios=N …</c>.</summary>
    internal static IoStatistics[] ParseIo(ReadOnlySpan<byte> text)
    {
        List<IoStatistics> devices = [];
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (!Utf8Parser.TryParse(line, out ulong major, out int digits) || line.Length <= digits || line[digits] != ':')
                continue;
            line = line[(digits + 1)..];
            if (!Utf8Parser.TryParse(line, out ulong minor, out digits))
                continue;
            line = line[digits..];
            devices.Add(new IoStatistics
            {
                Major = major,
                Minor = minor,
                ReadBytes = Named(line, " rbytes="u8),
                WrittenBytes = Named(line, " wbytes="u8),
                Reads = Named(line, " rios="u8),
                Writes = Named(line, " wios="u8),
            });
        }

        return [.. devices];
    }

    /// <summary>Lines of <c>some avg10=0.00 avg60=0.00 avg300=0.00 total=0</c>; null when there is none.</summary>
    internal static Pressure? ParsePressure(ReadOnlySpan<byte> text)
    {
        PressureLine? some = null, full = null;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (line.StartsWith("some "u8))
                some = ParsePressureLine(line);
            else if (line.StartsWith("full "u8))
                full = ParsePressureLine(line);
        }

        return some is null && full is null ? null : new Pressure(some, full);
    }

    /// <summary>Lines of <c>adapter hca_handle=N hca_object=N</c>, with the adapter's limits from the other file.</summary>
    internal static RdmaStatistics[] ParseRdma(ReadOnlySpan<byte> current, ReadOnlySpan<byte> limits)
    {
        List<RdmaStatistics> adapters = [];
        foreach (Range range in current.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = current[range];
            int blank = line.IndexOf((byte)' ');
            if (blank <= 0)
                continue;
            ReadOnlySpan<byte> limit = LineOf(limits, line[..(blank + 1)]);
            adapters.Add(new RdmaStatistics(
                new Utf8(line[..blank].ToArray()),
                Named(line, " hca_handle="u8) ?? 0,
                Named(line, " hca_object="u8) ?? 0,
                Named(limit, " hca_handle="u8) ?? Unlimited,
                Named(limit, " hca_object="u8) ?? Unlimited));
        }

        return [.. adapters];
    }

    private static ReadOnlySpan<byte> LineOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> start)
    {
        foreach (Range range in text.Split((byte)'\n'))
        {
            if (text[range].StartsWith(start))
                return text[range];
        }

        return default;
    }

    private static ulong? Named(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name)
    {
        int at = line.IndexOf(name);
        if (at < 0)
            return null;
        line = line[(at + name.Length)..];
        int end = line.IndexOf((byte)' ');
        return Number(end < 0 ? line : line[..end]);
    }

    private static PressureLine? ParsePressureLine(ReadOnlySpan<byte> line) =>
        Hundredths(line, " avg10="u8) is { } ten && Hundredths(line, " avg60="u8) is { } sixty
        && Hundredths(line, " avg300="u8) is { } all && Named(line, " total="u8) is { } total
            ? new PressureLine(ten, sixty, all, total)
            : null;

    // The kernel prints two decimals.
    private static ulong? Hundredths(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name)
    {
        int at = line.IndexOf(name);
        if (at < 0)
            return null;
        line = line[(at + name.Length)..];
        return Utf8Parser.TryParse(line, out ulong whole, out int digits) && line.Length >= digits + 3 && line[digits] == '.'
            && Utf8Parser.TryParse(line.Slice(digits + 1, 2), out ulong rest, out int two) && two == 2
            && whole <= (ulong.MaxValue - rest) / 100
                ? (whole * 100) + rest
                : null;
    }
}
