using System;
using System.Threading;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Plan;

namespace OciRun.Launch;

internal abstract unsafe partial class Offspring
{
    // The child's own times, in memory shared with it: when each step began, and in the place behind them the failure.
    private long _cloned;
    private long _ended;
    private int _first;
    private int _last;
    private int _told;
    private bool _traced;

    private long MarksSize => Trace.IsOn ? sizeof(long) * ((long)_plan.Steps.Count + 1) : 0;

    // A step is marked by a system call, which a filter may punish with death: then those behind the filter are not.
    private int MarkLimit()
    {
        int filter = _plan.Find(Op.EarlySeccomp) is var early and >= 0 ? early : _plan.Find(Op.Seccomp);
        return filter < 0 || _config.Linux?.Seccomp is not { } profile || SeccompCompiler.Permits(profile, "clock_gettime"u8)
            ? _plan.Steps.Count + 1
            : filter + 1;
    }

    /// <summary>Right before the clone.</summary>
    private protected void MarkClone() => _cloned = Trace.Phase("clone");

    /// <summary>The program runs in the process's place.</summary>
    private protected void MarkEnd() => _ended = Trace.Now();

    // While the pids are known; steps that have ended go to the log.
    private void Witness()
    {
        if (_context is null || _context->Marks is null || _pid <= 0)
            return;
        if (_first == 0)
            _first = _pid;
        _last = _pid;
        while (Log.IsDebug && _told < _plan.Steps.Count && Mark(_told + 1) != 0)
            Tell(_told, Mark(_told), Mark(_told + 1));
    }

    private long Mark(int index) => Volatile.Read(ref _context->Marks[index]);

    private void Tell(int index, long start, long end)
    {
        string? field = FieldOf(_plan.Steps[index]);
        Log.DebugAt(
            $"step {index + 1}: {OpName.Of(_plan.Steps[index].Op)}{(field is null ? "" : $" [{field}]")}: {Trace.Microseconds(Math.Max(end - start, 0))}",
            start);
        _told = index + 1;
    }

    private string? FieldOf(in Step step) => _plan.Fields.Count > step.Field ? _plan.Fields[step.Field] : null;

    // A step that this process does for the other.
    private protected void TraceParent(in Step step, long began, long result)
    {
        string arguments = PlanText.Arguments(_plan, step);
        Trace.Add(new TraceEvent
        {
            Name = OpName.Of(step.Op),
            Category = "step",
            Start = began,
            End = Trace.Now(),
            Field = FieldOf(step),
            Arguments = arguments.Length > 0 ? arguments : null,
            Syscall = result < 0 ? Failure.SyscallName(_context->Syscall) : null,
            Errno = result < 0 ? (int)-result : 0,
            Error = result < 0 ? "the step failed" : null,
        });
    }

    /// <summary>The program runs, and nothing is to do until it ends.</summary>
    public void TraceWhileWaiting()
    {
        TraceSteps();
        Trace.Wait();
    }

    // Before the memory goes, or as soon as the program runs.
    private void TraceSteps()
    {
        if (_traced || _context is null || _context->Marks is null || _first == 0)
            return;
        _traced = true;
        int count = _plan.Steps.Count;
        int limit = Math.Min(_context->MarkLimit, count);

        // The process may go on while this is read.
        long[] marks = new long[count + 1];
        for (int i = 0; i <= count; i++)
            marks[i] = Mark(i);
        bool failed = _context->Last->Kind == ReportKind.Failed;
        long end = marks[count] != 0 ? marks[count] : _ended != 0 ? _ended : Trace.Now();
        long last = Math.Max(_cloned, marks[0] != 0 ? marks[0] : end);
        Trace.Add(new TraceEvent { Name = "start", Pid = _first, Start = _cloned != 0 ? _cloned : last, End = last });
        int step = 0;
        for (; step < limit && marks[step] != 0; step++)
        {
            bool isLast = step + 1 == limit || marks[step + 1] == 0;
            long until = Math.Max(last, isLast ? end : marks[step + 1]);
            Trace.Add(Event(step, last, until, unfinished: isLast && !failed && _ended == 0));
            if (Log.IsDebug && step >= _told)
                Tell(step, last, until);
            last = until;
        }

        if (step < limit || (_ended == 0 && !failed))
            return;
        for (; step < (failed ? _context->Last->Step + 1 : count); step++)
        {
            Trace.Add(Event(step, last, last, untimed: true));
            if (Log.IsDebug && step >= _told)
                Tell(step, last, last);
        }
    }

    private TraceEvent Event(int index, long start, long end, bool unfinished = false, bool untimed = false)
    {
        bool failed = _context->Last->Kind == ReportKind.Failed && _context->Last->Step == index;
        int final = _plan.Find(Op.CloneFinal);
        Step step = _plan.Steps[index];
        string arguments = PlanText.Arguments(_plan, step);
        return new TraceEvent
        {
            Name = OpName.Of(step.Op),
            Category = "step",
            Pid = index > final && final >= 0 ? _last : _first,
            Step = index + 1,
            Start = start,
            End = end,
            Field = FieldOf(step),
            Arguments = arguments.Length > 0 ? arguments : null,
            Syscall = failed ? Failure.SyscallName(_context->Last->Syscall) : null,
            Errno = failed ? _context->Last->Errno : 0,
            Error = failed ? "the step failed" : null,
            IsUnfinished = unfinished,
            IsUntimed = untimed,
        };
    }
}
