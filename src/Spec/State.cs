using System;
using System.Buffers.Text;

namespace OciRun.Spec;

/// <summary>A container's state as shown to callers (runtime.md, "State", and the members that runc adds).</summary>
/// <param name="OciVersion">The runtime-spec version that ocirun implements, not the bundle's.</param>
/// <param name="Id">Container id.</param>
/// <param name="Pid">The init process in the reader's pid namespace; 0 when stopped.</param>
/// <param name="Status"><c>creating</c>, <c>created</c>, <c>running</c>, <c>paused</c> or <c>stopped</c>.</param>
/// <param name="Bundle">Absolute path of the bundle.</param>
/// <param name="Rootfs">Absolute path of the root file system on the host.</param>
/// <param name="Created">UTC time of creation (<see cref="Timestamp"/>).</param>
/// <param name="Annotations">The bundle's annotations; null or empty leaves the member out.</param>
/// <param name="Owner">User name of the state directory's owner; empty for the <c>state</c> command.</param>
internal sealed record StateDocument(
    Utf8 OciVersion,
    Utf8 Id,
    int Pid,
    Utf8 Status,
    Utf8 Bundle,
    Utf8 Rootfs,
    Utf8 Created,
    Pair[]? Annotations,
    Utf8 Owner)
{
    /// <summary>A time as RFC 3339 in UTC with up to nine fractional digits, trailing zeros left out.</summary>
    /// <param name="seconds">Since 1970 (CLOCK_REALTIME), up to the end of the year 9999.</param>
    /// <param name="nanoseconds">0 to 999,999,999.</param>
    public static Utf8 Timestamp(long seconds, uint nanoseconds)
    {
        DateTime time = DateTime.UnixEpoch.AddTicks(seconds * TimeSpan.TicksPerSecond);
        byte[] text = new byte[30];
        "0000-00-00T00:00:00.000000000Z"u8.CopyTo(text);
        Digits(text, 0, 4, (uint)time.Year);
        Digits(text, 5, 2, (uint)time.Month);
        Digits(text, 8, 2, (uint)time.Day);
        Digits(text, 11, 2, (uint)time.Hour);
        Digits(text, 14, 2, (uint)time.Minute);
        Digits(text, 17, 2, (uint)time.Second);
        Digits(text, 20, 9, nanoseconds);
        int length = text.AsSpan(0, 29).TrimEnd((byte)'0').Length;
        if (nanoseconds == 0)
            length = 19;
        text[length] = (byte)'Z';
        return new Utf8(text, 0, length + 1);
    }

    private static void Digits(byte[] text, int start, byte count, uint value) =>
        Utf8Formatter.TryFormat(value, text.AsSpan(start, count), out _, new System.Buffers.StandardFormat('D', count));
}
