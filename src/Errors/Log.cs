using System;
using OciRun.Kernel;

namespace OciRun.Errors;

/// <summary>
/// The runtime's diagnostics: records appended to <c>--log</c>, and the one line on stderr when something failed.
/// Every record is one write(2), so records of concurrent processes that share a file stay whole. The log may also be
/// the journal or syslog, one datagram a record.
/// </summary>
internal static partial class Log
{
    private const int Stderr = 2;
    private const int FirstOwnDescriptor = 100;
    private const string DefaultIdentifier = "ocirun";

    // Milliseconds.
    private const int Patience = 3000;

    private enum Destination
    {
        File,
        Journal,
        Syslog,
    }

    private enum Level
    {
        Error,
        Warning,
        Debug,
    }

    private static int s_file = -1;
    private static Destination s_destination;
    private static string? s_identifier;
    private static bool s_json;
    private static Level s_level = Level.Error;
    private static bool s_isStuck;

    /// <summary>True when debug records are wanted.</summary>
    public static bool IsDebug => s_level == Level.Debug;

    /// <summary>The file or socket, -1 without <c>--log</c>. It must not reach a container.</summary>
    public static int Descriptor => s_file;

    /// <summary>
    /// Takes the global options. Without a file, errors go to stderr in <paramref name="format"/>, warnings nowhere.
    /// The format is taken even when a later check of this call fails, so that the failure is reported in it.
    /// </summary>
    /// <param name="path">
    /// File, created 0644 and appended to; <c>file:</c> may precede it. Or <c>journald:IDENTIFIER</c> or
    /// <c>syslog:IDENTIFIER</c>, where the identifier may be empty. Null or empty: none.
    /// </param>
    /// <param name="format"><c>text</c> (null too) or <c>json</c>.</param>
    /// <param name="level"><c>error</c> (null too: some callers read the log as one JSON object), <c>warning</c> or <c>debug</c>.</param>
    /// <param name="debug">Debug whatever <paramref name="level"/> says.</param>
    /// <exception cref="FaultException">The file cannot be opened, or a word is not known.</exception>
    public static void Open(string? path, string? format, string? level, bool debug)
    {
        Close();
        s_json = string.Equals(format, "json", StringComparison.Ordinal);
        s_level = Level.Error;
        if (!string.IsNullOrEmpty(path))
            s_file = OpenDestination(path);
        s_level = level switch
        {
            _ when debug => Level.Debug,
            null or "" or "error" => Level.Error,
            "warning" or "warn" or "info" => Level.Warning,
            "debug" => Level.Debug,
            _ => throw Unknown("--log-level", level, "invalid log-level", "use error, warning or debug"),
        };
        if (format is not (null or "" or "text" or "json"))
            throw Unknown("--log-format", format, "invalid log-format", "use text or json");
    }

    /// <summary>Closes the file; what follows is reported as if <c>--log</c> had not been given.</summary>
    public static void Close()
    {
        if (s_file >= 0)
            Sys.close(s_file);
        s_file = -1;
    }

    /// <summary>For people who asked for <c>--debug</c>.</summary>
    public static void Debug(string message)
    {
        if (IsDebug)
            Write(Level.Debug, message, null, Timestamp());
    }

    /// <summary>The same for something that happened at another time, in nanoseconds since 1970.</summary>
    public static void DebugAt(string message, long time)
    {
        if (IsDebug)
            Write(Level.Debug, message, null, Timestamp(time / 1_000_000_000, (int)(time % 1_000_000_000)));
    }

    /// <summary>
    /// Something that does not stop the command. It never appears on the stderr of a success: callers show that
    /// stream to their users or parse it (only <c>--debug</c> without a file prints it there).
    /// </summary>
    public static void Warning(string message)
    {
        if (s_level < Level.Warning || (s_file < 0 && !IsDebug))
            return;
        Write(Level.Warning, message, null, Timestamp());
    }

    /// <summary>
    /// What its user has to know although the command succeeds, such as a container that cannot be read: a warning that is in
    /// the log at every level, and without a log on stderr. Not for commands whose stderr is the container's.
    /// </summary>
    public static void Notice(string message) => Write(Level.Warning, message, null, Timestamp());

    /// <summary>
    /// The one error record of a failed command; nothing may be logged after it. With a file, stderr gets the plain
    /// line too: callers classify failures by either.
    /// </summary>
    /// <param name="fault">What failed.</param>
    /// <param name="prefix">Text before the fault's own, e.g. <c>ocirun create failed: </c>.</param>
    public static void Error(Fault fault, string prefix = "")
    {
        // A full disk must not hide the failure, so the result does not matter.
        string text = prefix + fault.Text();
        Write(Level.Error, text, fault, Timestamp());
        if (s_file >= 0)
            Put(Stderr, Line(text));
    }

    // Nobody may be reading: a full pipe then takes nothing, and no command waits for it for ever.
    private static void Put(int fd, ReadOnlySpan<byte> record)
    {
        if (Sys.ppoll([new pollfd { fd = fd, events = Uapi.POLLOUT }], s_isStuck ? 0 : Patience) != 0)
            Sys.write(fd, record);
        else
            s_isStuck = true;
    }

    private static void Write(Level level, string message, Fault? fault, string time)
    {
        if (s_file < 0 || s_destination == Destination.File)
            Put(s_file >= 0 ? s_file : Stderr, Record(s_json, Word(level), message, fault?.Code, time));
        else
            Sys.send(s_file, s_destination == Destination.Journal ? JournalEntry(level, message, fault) : SyslogPacket(level, message));
    }

    private static string Word(Level level) => level switch { Level.Error => "error", Level.Warning => "warning", _ => "debug" };

    private static int OpenDestination(string path)
    {
        s_destination = Destination.File;
        int colon = path.IndexOf(':', StringComparison.Ordinal);
        switch (colon < 0 ? "" : path[..colon])
        {
            case "journald":
                s_destination = Destination.Journal;
                return OpenSocket(path, colon, JournalSocket);
            case "syslog":
                s_destination = Destination.Syslog;
                return OpenSocket(path, colon, SyslogSocket);
            case "file":
                return OpenFile(path[5..]);
            default:
                return OpenFile(path);
        }
    }

    private static int OpenFile(string path)
    {
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_APPEND | Uapi.O_NOCTTY;
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), flags, 0x1a4 /* 0644 */);
        if (fd < 0)
        {
            throw new FaultException(new Fault("cannot open the log")
            {
                Field = "--log",
                Value = path,
                Syscall = "openat",
                Errno = -fd,
            });
        }

        return Raise(fd);
    }

    // Numbers from 3 on belong to the caller's --preserve-fds, holes included.
    private static int Raise(int fd)
    {
        int high = Sys.fcntl(fd, Uapi.F_DUPFD_CLOEXEC, FirstOwnDescriptor);
        if (high < 0)
            return fd;
        Sys.close(fd);
        return high;
    }

    private static FaultException Unknown(string option, string value, string message, string hint) =>
        new(new Fault(message) { Field = option, Value = value, Hint = hint });
}
