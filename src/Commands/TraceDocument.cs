using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary>Events of a trace as the JSON object format of Chrome's trace events, whose order means nothing.</summary>
internal sealed class TraceDocument
{
    // Of a hundred steps; what is not written is not touched.
    private const int UsualSize = 48 << 10;

    private readonly JsonText _json = new(' ', 0, UsualSize);
    private readonly int _own;
    private readonly long _toMonotonic;
    private readonly List<int> _named = [];
    private readonly List<TraceEvent> _open = [];
    private int _added;

    /// <param name="own">Pid of this process.</param>
    /// <param name="toMonotonic">What is added to the events' times.</param>
    public TraceDocument(int own, long toMonotonic)
    {
        _own = own;
        _toMonotonic = toMonotonic;
        _json.Object().Key("traceEvents"u8).Array();
        _json.Newline();
    }

    /// <summary>Writes those that have ended; may be called again with more behind them.</summary>
    /// <param name="events">What was kept so far, with this process's phases in their order.</param>
    public void Add(List<TraceEvent> events)
    {
        for (; _added < events.Count; _added++)
        {
            TraceEvent one = events[_added];
            if (one.End == 0)
                _open.Add(one);
            else
                Write(events, one);
        }
    }

    /// <summary>The whole document.</summary>
    /// <param name="events">All that was kept.</param>
    /// <param name="verb">Name of the command.</param>
    public ReadOnlySpan<byte> Finish(List<TraceEvent> events, string verb)
    {
        Add(events);
        foreach (TraceEvent one in _open)
            Write(events, one);
        Name(_own, $"{Table.Program} {verb}");
        if (events.Count > 0)
            Write(new TraceEvent { Name = verb, Start = events[0].Start, End = End(events), Category = "command" });
        _json.EndArray();
        _json.Member("displayTimeUnit"u8, "ns");
        _json.Key("otherData"u8).Object();
        _json.Member("program"u8, $"{Table.Program} {Version.Program}");
        _json.Member("command"u8, verb);
        if (events.Count > 0)
            _json.Member("began"u8, Log.Timestamp(events[0].Start / 1_000_000_000, (int)(events[0].Start % 1_000_000_000)));
        _json.Member("clock"u8, "CLOCK_MONOTONIC at the beginning, then as CLOCK_REALTIME went on");
        return _json.EndObject().EndObject().Newline().Written;
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

    private void Write(List<TraceEvent> events, TraceEvent one)
    {
        if (one.Pid != 0 && !_named.Contains(one.Pid))
        {
            _named.Add(one.Pid);
            Name(one.Pid, HasSuccessor(events, one.Pid) ? "process that makes the container's" : "container's process");
        }

        Write(one);
    }

    private void Name(int pid, string name)
    {
        foreach (string kind in (ReadOnlySpan<string>)["process_name", "thread_name"])
        {
            _json.Object();
            _json.Member("name"u8, kind).Member("ph"u8, "M").Member("pid"u8, pid).Member("tid"u8, pid);
            _json.Key("args"u8).Object().Member("name"u8, kind == "process_name" ? name : "main").EndObject();
            _json.EndObject();
            _json.Newline();
        }
    }

    private void Write(TraceEvent one)
    {
        int pid = one.Pid == 0 ? _own : one.Pid;
        _json.Object();
        _json.Member("name"u8, one.Name);
        _json.Member("cat"u8, one.Category);
        _json.Member("ph"u8, "X");
        _json.Key("ts"u8).Thousandths((ulong)Math.Max(one.Start + _toMonotonic, 0));
        _json.Key("dur"u8).Thousandths((ulong)Math.Max(one.End - one.Start, 0));
        _json.Member("pid"u8, pid).Member("tid"u8, pid);
        _json.Key("args"u8).Object();
        if (one.Step > 0)
            _json.Member("step"u8, one.Step);
        if (one.Field is not null)
            _json.Member("field"u8, one.Field);
        if (one.Arguments is not null)
            _json.Member("arguments"u8, one.Arguments);
        if (one.IsUnfinished)
            _json.Member("unfinished"u8, true);
        if (one.IsUntimed)
            _json.Member("untimed"u8, true);
        if (one.Error is not null)
            _json.Member("error"u8, one.Error);
        if (one.Syscall is not null)
            _json.Member("syscall"u8, one.Syscall);
        if (one.Errno != 0)
            _json.Member("errno"u8, Errno.Name(one.Errno));
        _json.EndObject().EndObject();
        _json.Newline();
    }
}
