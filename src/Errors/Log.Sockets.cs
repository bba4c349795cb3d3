using System;
using System.Buffers.Binary;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Errors;

internal static partial class Log
{
    // Below the kernel's limit of a datagram (net.core.wmem_max), and more than any message has.
    private const int LongestMessage = 32 << 10;

    // A daemon that hangs costs a record, not the container.
    private const int SendLimit = 1;

    // LOG_DAEMON of syslog(3).
    private const int Facility = 3 << 3;

    private static string JournalSocket => "/run/systemd/journal/socket";

    private static string SyslogSocket => "/dev/log";

    private static int OpenSocket(string path, int colon, string address)
    {
        string given = path[(colon + 1)..];
        s_identifier = Identifier(given);
        int fd = Sys.socket(Uapi.AF_UNIX, Uapi.SOCK_DGRAM);
        int result = fd;
        if (fd >= 0)
        {
            Sys.LimitSends(fd, SendLimit);
            result = Sys.connect(fd, Sys.Bytes(address));
        }

        if (result >= 0)
            return Raise(fd);
        if (fd >= 0)
            Sys.close(fd);
        throw new FaultException(new Fault($"nobody takes records at {address}")
        {
            Field = "--log",
            Value = path,
            Syscall = fd < 0 ? "socket" : "connect",
            Errno = -result,
            Hint = path[..colon] == "syslog" ? "run a syslog daemon, or give a file" : "run systemd-journald, or give a file",
        });
    }

    // Both formats end a word with characters that a container's name should not have.
    private static string Identifier(string given)
    {
        StringBuilder text = new();
        foreach (char c in given)
            text.Append(Printable.IsControl(c) || c is ' ' or ':' or '[' or ']' ? '_' : c);
        return text.Length == 0 ? DefaultIdentifier : text.ToString();
    }

    /// <summary>
    /// An entry in the journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). A text is sent with its
    /// length, so that no byte of it can begin another field.
    /// </summary>
    private static byte[] JournalEntry(Level level, string message, Fault? fault) =>
        JournalEntry(Priority(level), s_identifier!, message, fault);

    internal static byte[] JournalEntry(int priority, string identifier, string message, Fault? fault)
    {
        using System.IO.MemoryStream entry = new();
        Field(entry, "MESSAGE", message);
        Field(entry, "PRIORITY", priority.ToString());
        Field(entry, "SYSLOG_IDENTIFIER", identifier);
        Field(entry, "OCI_RUNTIME", DefaultIdentifier);
        if (fault is not null)
        {
            Field(entry, "OCI_FIELD", fault.Field);
            Field(entry, "OCI_VALUE", fault.Value);
            Field(entry, "OCI_CODE", fault.Code);
            Field(entry, "OCI_SYSCALL", fault.Syscall);
            Field(entry, "OCI_HINT", fault.Hint);
            Field(entry, "ERRNO", fault.Errno == 0 ? null : fault.Errno.ToString());
        }

        return entry.ToArray();
    }

    private static void Field(System.IO.MemoryStream entry, string name, string? value)
    {
        if (value is null)
            return;
        byte[] text = Bounded(value);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        entry.Write(Encoding.ASCII.GetBytes(name));
        entry.WriteByte((byte)'\n');
        entry.Write(length);
        entry.Write(text);
        entry.WriteByte((byte)'\n');
    }

    private static byte[] SyslogPacket(Level level, string message)
    {
        Sys.clock_gettime(Uapi.CLOCK_REALTIME, out timespec now);
        return SyslogPacket(Priority(level), s_identifier!, Sys.getpid(), message, now.tv_sec);
    }

    /// <summary>
    /// A packet of RFC 3164 §4.1. Its time is UTC, as the daemons that read /dev/log take their own.
    /// </summary>
    internal static byte[] SyslogPacket(int priority, string identifier, int pid, string message, long seconds)
    {
        string time = Timestamp(seconds, 0);
        string day = time[8] == '0' ? $" {time[9]}" : time[8..10];
        string month = "JanFebMarAprMayJunJulAugSepOctNovDec".Substring((((time[5] - '0') * 10) + time[6] - '0' - 1) * 3, 3);
        byte[] line = Line(message);
        string head = $"<{Facility | priority}>{month} {day} {time[11..19]} {identifier}[{pid}]: ";
        return [.. Encoding.UTF8.GetBytes(head), .. line.AsSpan(0, Math.Min(line.Length - 1, LongestMessage))];
    }

    private static byte[] Bounded(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length <= LongestMessage ? bytes : bytes[..LongestMessage];
    }

    // LOG_ERR, LOG_WARNING and LOG_DEBUG of syslog(3).
    private static int Priority(Level level) => level switch { Level.Error => 3, Level.Warning => 4, _ => 7 };
}
