using System;
using System.Collections.Generic;
using OciRun.Kernel;

namespace OciRun.Errors;

/// <summary>
/// What this command does when: phases that follow one another without a gap, and stretches of time within them. Kept
/// for <c>--trace</c>; the beginnings go to the log of <c>--debug</c>. Without both every call is a test of two fields.
/// </summary>
/// <remarks>
/// Times are those of CLOCK_REALTIME, the only clock that reads the same on both sides of a time namespace
/// (time_namespaces(7)). A clock that is set back meanwhile costs durations, never their order.
/// </remarks>
internal static class Trace
{
    private static List<TraceEvent>? s_events;
    private static TraceEvent? s_phase;
    private static TraceEvent? s_failed;
    private static long s_last;
    private static int s_descriptor;

    /// <summary>Somebody wants to know: there is a trace, or a log with debug records.</summary>
    public static bool IsOn => s_events is not null || Log.IsDebug;

    /// <summary>The file that the trace goes to, -1 without one. It must not reach a container.</summary>
    public static int Descriptor => s_events is null ? -1 : s_descriptor;

    /// <summary>There is a trace.</summary>
    public static bool IsKept => s_events is not null;

    /// <summary>What is done with the events so far while there is nothing to do but wait; null without a trace.</summary>
    public static Action<List<TraceEvent>>? WhileWaiting { get; set; }

    /// <summary>Keeps what follows.</summary>
    /// <param name="descriptor">Of the file for it.</param>
    public static void Keep(int descriptor)
    {
        s_events = new List<TraceEvent>(160);
        s_descriptor = descriptor;
    }

    /// <summary>Nanoseconds since 1970, never less than before; 0 when nobody wants to know.</summary>
    public static long Now() => IsOn ? Clock() : 0;

    /// <summary>Ends the phase at hand and begins another one; the time of it, 0 when nobody wants to know.</summary>
    public static long Phase(string name) => IsOn ? Begin(name, Clock()) : 0;

    /// <summary>The same for one that began before this program could tell.</summary>
    public static void Phase(string name, long began)
    {
        if (IsOn)
            Begin(name, began);
    }

    /// <summary>The command is going to wait for others: what is to be done anyway is done now.</summary>
    public static void Wait()
    {
        if (s_events is not null)
            WhileWaiting?.Invoke(s_events);
    }

    /// <summary>Adds what has ended.</summary>
    public static void Add(TraceEvent ended)
    {
        s_events?.Add(ended);
        if (Log.IsDebug && ended.Pid == 0)
            Log.Debug($"{ended.Name}{(ended.Field is null ? "" : $" [{ended.Field}]")}: {Microseconds(ended.End - ended.Start)}");
    }

    /// <summary>
    /// For a filter of exceptions: the phase at hand has failed. What follows it, as the stack unwinds, is the clean-up.
    /// </summary>
    /// <returns>True.</returns>
    public static bool Fail(Fault fault)
    {
        if (s_phase is null || s_failed is not null)
            return true;
        s_failed = s_phase;
        s_failed.Error = fault.Text();
        s_failed.Syscall = fault.Syscall;
        s_failed.Errno = fault.Errno;
        s_failed.Field ??= fault.Field;
        Phase("clean-up");
        return true;
    }

    /// <summary>Ends the last phase; nothing is kept any more.</summary>
    /// <returns>All of it, null without a trace.</returns>
    public static List<TraceEvent>? Finish()
    {
        if (s_phase is not null)
            s_phase.End = Clock();
        List<TraceEvent>? events = s_events;
        s_events = null;
        s_phase = null;
        return events;
    }

    /// <summary>A duration for people: <c>1234 µs</c>.</summary>
    public static string Microseconds(long nanoseconds) => $"{nanoseconds / 1000} µs";

    private static long Begin(string name, long began)
    {
        if (s_phase is not null)
            s_phase.End = began;
        s_phase = new TraceEvent { Name = name, Start = began };
        s_events?.Add(s_phase);
        if (Log.IsDebug)
            Log.Debug($"phase: {name}");
        return began;
    }

    private static long Clock()
    {
        Sys.clock_gettime(Uapi.CLOCK_REALTIME, out timespec now);
        long time = (now.tv_sec * 1_000_000_000) + now.tv_nsec;
        return s_last = time > s_last ? time : s_last;
    }
}
