using System;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;

namespace OciRun.Commands;

/// <summary>
/// The file of <c>--trace</c>: what the command and the container's process did when, as Chrome's trace events, which
/// Perfetto opens. It is opened before anything of a container is touched and written once, at the end, also of a failure.
/// </summary>
internal static class TraceFile
{
    private const string Variable = "OCIRUN_TRACE";

    // Set by seal.c: when the program started that the sealed copy was made of.
    private const string StartVariable = "OCIRUN_TRACE_STARTED";
    private const long LongestStart = 60_000_000_000;
    private const int FirstOwnDescriptor = 100;

    private static int s_file;
    private static TraceDocument? s_document;

    /// <summary>Opens the file that the options or the environment name, and begins to keep times.</summary>
    /// <exception cref="FaultException">It cannot be opened.</exception>
    public static void Open(Globals globals, string verb)
    {
        bool option = globals.Trace is not null;
        string? given = globals.Trace ?? Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(given))
            Keep(given, option, verb);
        if (!Trace.IsOn)
            return;
        long started = SelfCopy.Started;
        long first = First(started);
        if (first != 0)
            Trace.Phase("sealed copy", first);
        Trace.Phase("start", started != 0 ? started : Trace.Now());
        Trace.Phase("arguments");
    }

    /// <summary>Writes what was kept; that it cannot be written is a warning.</summary>
    /// <param name="verb">Name of the command.</param>
    public static void Write(string? verb)
    {
        if (!Trace.IsKept || Trace.Finish() is not { } events)
            return;
        ReadOnlySpan<byte> document = s_document!.Finish(events, verb ?? Table.Program);
        int result = Sys.WriteAll(s_file, document);

        // An old file is written over and then cut: to empty it first would cost more than all the rest of a trace. What is no
        // regular file has no length to set.
        Sys.ftruncate(s_file, result < 0 ? 0 : document.Length);
        Sys.close(s_file);
        if (result < 0)
            Log.Warning(new Fault("cannot write the trace") { Field = "--trace", Syscall = "write", Errno = -result }.Text());
    }

    private static void Keep(string given, bool option, string verb)
    {
        string path = given.Replace("%p", Sys.getpid().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("%v", verb, StringComparison.Ordinal);
        // Whoever may read it reads the arguments of the container's program. A fifo without a reader must not block.
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_NOCTTY | Uapi.O_NONBLOCK;
        int file = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), flags, 0x180 /* 0600 */);
        if (file < 0)
        {
            throw new FaultException(new Fault("cannot open the file for the trace")
            {
                Field = option ? "--trace" : Variable,
                Value = path,
                Syscall = "openat",
                Errno = -file,
                Hint = file == -Errno.ENXIO ? "nobody reads the fifo" : "name a file in a directory that this user may write",
            });
        }

        // Numbers from 3 on belong to the caller's --preserve-fds, holes included.
        int high = Sys.fcntl(file, Uapi.F_DUPFD_CLOEXEC, FirstOwnDescriptor);
        if (high >= 0)
            Sys.close(file);
        s_file = high >= 0 ? high : file;
        Trace.Keep(s_file);
        Sys.clock_gettime(Uapi.CLOCK_MONOTONIC, out timespec monotonic);
        s_document = new TraceDocument(Sys.getpid(), (monotonic.tv_sec * 1_000_000_000) + monotonic.tv_nsec - Trace.Now());
        Trace.WhileWaiting = s_document.Add;
    }

    // Only a time shortly before the copy's own start can be meant.
    private static long First(long started) =>
        started != 0 && long.TryParse(Environment.GetEnvironmentVariable(StartVariable), NumberStyles.None, CultureInfo.InvariantCulture, out long first)
        && first <= started && started - first < LongestStart
            ? first
            : 0;
}
