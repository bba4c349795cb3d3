using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Spec;

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

    // Of a hundred steps; what is not written is not touched.
    private const int UsualSize = 48 << 10;

    private static int s_file;
    private static long s_toMonotonic;

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
        int result = Sys.WriteAll(s_file, Document(events, verb ?? Table.Program, Sys.getpid()).Written);
        Sys.close(s_file);
        if (result < 0)
            Log.Warning(new Fault("cannot write the trace") { Field = "--trace", Syscall = "write", Errno = -result }.Text());
    }

    /// <summary>The document.</summary>
    /// <param name="events">What was kept, with this process's phases in their order.</param>
    /// <param name="verb">Name of the command.</param>
    /// <param name="own">Pid of this process.</param>
    internal static JsonText Document(List<TraceEvent> events, string verb, int own)
    {
        JsonText json = new(' ', 0, UsualSize);
        json.Object().Key("traceEvents"u8).Array();
        json.Newline();
        Name(json, own, $"{Table.Program} {verb}");
        List<int> seen = [own];
        foreach (TraceEvent one in events)
        {
            if (one.Pid == 0 || seen.Contains(one.Pid))
                continue;
            seen.Add(one.Pid);
            Name(json, one.Pid, HasSuccessor(events, one.Pid) ? "process that makes the container's" : "container's process");
        }

        if (events.Count > 0)
            Write(json, new TraceEvent { Name = verb, Start = events[0].Start, End = End(events), Category = "command" }, own);
        foreach (TraceEvent one in events)
            Write(json, one, own);
        json.EndArray();
        json.Member("displayTimeUnit"u8, "ns");
        json.Key("otherData"u8).Object();
        json.Member("program"u8, $"{Table.Program} {Version.Program}");
        json.Member("command"u8, verb);
        if (events.Count > 0)
            json.Member("began"u8, Log.Timestamp(events[0].Start / 1_000_000_000, (int)(events[0].Start % 1_000_000_000)));
        json.Member("clock"u8, "CLOCK_MONOTONIC at the beginning, then as CLOCK_REALTIME went on");
        return json.EndObject().EndObject().Newline();
    }

    private static long End(List<TraceEvent> events)
    {
        long end = 0;
        foreach (TraceEvent one in events)
        {
            if (one.Pid == 0)
                end = Math.Max(end, one.End);
        }

        return end;
    }

    // A process whose steps go on in another one.
    private static bool HasSuccessor(List<TraceEvent> events, int pid)
    {
        bool found = false;
        foreach (TraceEvent one in events)
        {
            if (one.Step > 0 && one.Pid == pid)
                found = true;
            else if (one.Step > 0 && found)
                return true;
        }

        return false;
    }

    private static void Name(JsonText json, int pid, string name)
    {
        foreach (string kind in (ReadOnlySpan<string>)["process_name", "thread_name"])
        {
            json.Object();
            json.Member("name"u8, kind).Member("ph"u8, "M").Member("pid"u8, pid).Member("tid"u8, pid);
            json.Key("args"u8).Object().Member("name"u8, kind == "process_name" ? name : "main").EndObject();
            json.EndObject();
            json.Newline();
        }
    }

    private static void Write(JsonText json, TraceEvent one, int own)
    {
        int pid = one.Pid == 0 ? own : one.Pid;
        json.Object();
        json.Member("name"u8, one.Name);
        json.Member("cat"u8, one.Category);
        json.Member("ph"u8, "X");
        json.Key("ts"u8).Thousandths((ulong)Math.Max(one.Start + s_toMonotonic, 0));
        json.Key("dur"u8).Thousandths((ulong)Math.Max(one.End - one.Start, 0));
        json.Member("pid"u8, pid).Member("tid"u8, pid);
        json.Key("args"u8).Object();
        if (one.Step > 0)
            json.Member("step"u8, one.Step);
        if (one.Field is not null)
            json.Member("field"u8, one.Field);
        if (one.Arguments is not null)
            json.Member("arguments"u8, one.Arguments);
        if (one.IsUnfinished)
            json.Member("unfinished"u8, true);
        if (one.IsUntimed)
            json.Member("untimed"u8, true);
        if (one.Error is not null)
            json.Member("error"u8, one.Error);
        if (one.Syscall is not null)
            json.Member("syscall"u8, one.Syscall);
        if (one.Errno != 0)
            json.Member("errno"u8, Errno.Name(one.Errno));
        json.EndObject().EndObject();
        json.Newline();
    }

    private static void Keep(string given, bool option, string verb)
    {
        string path = given.Replace("%p", Sys.getpid().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("%v", verb, StringComparison.Ordinal);
        // Whoever may read it reads the arguments of the container's program. A fifo without a reader must not block.
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_TRUNC | Uapi.O_NOCTTY | Uapi.O_NONBLOCK;
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
        s_toMonotonic = (monotonic.tv_sec * 1_000_000_000) + monotonic.tv_nsec - Trace.Now();
    }

    // Only a time shortly before the copy's own start can be meant.
    private static long First(long started) =>
        started != 0 && long.TryParse(Environment.GetEnvironmentVariable(StartVariable), NumberStyles.None, CultureInfo.InvariantCulture, out long first)
        && first <= started && started - first < LongestStart
            ? first
            : 0;
}
