using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

internal abstract unsafe partial class Offspring
{
    /// <summary>Master of the container's terminal, when it has one and keeps it with this process.</summary>
    public Fd? Master { get; private set; }

    /// <summary>After the go-ahead without a gate: returns when execve has closed the socket.</summary>
    /// <param name="followed">The status with which the process ends is told to the caller, who need not be told here that it was killed.</param>
    public void AwaitExecution(bool followed)
    {
        // A hook may take its time, and whoever asked for the container need not wait for it.
        bool hooks = _config.Hooks?.StartContainer is { Length: > 0 };
        int hook = -1;
        while (true)
        {
            if (Next(interruptible: hooks) is not Report report)
            {
                if (Unsaid is { } failure)
                    throw new FaultException(failure);
                if (hook >= 0)
                    throw new FaultException(RuntimeHooks.DiedIn(hook));
                if (!followed && ProcStat.TryRead(_pid, out ProcStat stat) && stat.NeverExecuted)
                    throw new FaultException(Died());
                MarkEnd();
                return;
            }

            if (report.Kind == ReportKind.HookBegins)
                hook = (int)report.Extra;
            else if (report.Kind == ReportKind.HookEnded)
                hook = -1;
            else if (report.Kind == ReportKind.Failed)
                throw new FaultException(Failure.From(_plan, report, report.IsHook ? Failure.Text(_context->Message) : ""));
            else if (report.Kind == ReportKind.Warning)
                Log.Warning($"process.capabilities.ambient: can't raise ambient capability {Capability.Names[report.Extra]}: {Errno.Text(report.Errno)}");
        }
    }

    // A failure that the filter did not let the process send.
    private protected Fault? Unsaid => _context->Last->Kind == ReportKind.Failed
        ? Failure.From(_plan, *_context->Last, _context->Last->IsHook ? Failure.Text(_context->Message) : "")
        : null;

    // The next record, or null at the end of the connection.
    private protected Report? Next(bool interruptible)
    {
        Span<pollfd> wait =
        [
            new pollfd { fd = _sync!.Number, events = Uapi.POLLIN },
            new pollfd { fd = _signals!.Number, events = Uapi.POLLIN },
        ];
        while (interruptible)
        {
            Sys.ppoll(wait, -1);
            if ((wait[1].revents & Uapi.POLLIN) != 0)
                CheckInterrupt();
            if (wait[0].revents != 0)
                break;
        }

        // That it has ended and left words of this one unread is told once, and before its own last ones (unix_dgram_recvmsg).
        Report report = default;
        long n = Sys.recvmsg(_sync!.Number, new Span<byte>(&report, sizeof(Report)), out int received);
        if (n == -Errno.ECONNRESET)
            n = Sys.recvmsg(_sync.Number, new Span<byte>(&report, sizeof(Report)), out received);
        if (received >= 0)
            _received = new Fd(received);
        Witness();

        // The process lives on then, so it is not to be waited for.
        if (n < 0)
            throw new FaultException(new Fault("cannot read what the container's process reports") { Syscall = "recvmsg", Errno = (int)-n });
        return n == sizeof(Report) ? report : null;
    }

    private protected Fd? _received;

    /// <summary>What a signal interrupts, for the error text.</summary>
    private protected virtual string Undertaking => "the container was made";

    private protected void CheckInterrupt()
    {
        signalfd_siginfo info = default;
        while (Sys.read(_signals!.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
        {
            if (info.ssi_signo is Uapi.SIGINT or Uapi.SIGTERM or Uapi.SIGHUP or Uapi.SIGQUIT)
            {
                throw new FaultException(new Fault($"interrupted by signal {info.ssi_signo} while {Undertaking}")
                {
                    Hint = "nothing of it is left",
                });
            }
        }
    }

    // A container's process could have written the record: only a child of this one is the final one.
    private protected void TakeFinal(int pid)
    {
        if (pid == _pid || Sys.waitid(Uapi.P_PID, pid, out _, Uapi.WEXITED | Uapi.WNOHANG | Uapi.WNOWAIT | Uapi.__WALL) < 0)
            throw new FaultException(new Fault("the process names another one as its successor") { Field = "process", Syscall = "waitid" });
        Witness();
        _intermediate = _pid;
        _finalTaken = true;
        _pidfd!.Dispose();
        _pid = pid;
        _pidfd = new Fd(Sys.pidfd_open(pid));
    }

    private bool _finalTaken;

    /// <summary>
    /// The final process may be ready before the one that made it has said who it is. Nothing is done to it, and it does not
    /// go on, before that is known.
    /// </summary>
    private protected void AwaitFinal()
    {
        while (!_finalTaken && _plan.Find(Op.CloneFinal) >= 0)
        {
            // Asked first: what it said before its end can be read after it.
            bool ended = Sys.waitid(Uapi.P_PID, _pid, out siginfo_t info, Uapi.WEXITED | Uapi.WNOHANG | Uapi.WNOWAIT | Uapi.__WALL) != 0
                || info.si_pid == _pid;
            if (!Stirs(ended ? 0 : 20))
            {
                if (ended)
                    throw new FaultException(Died());
                continue;
            }

            Report report = Next(interruptible: false) ?? throw new FaultException(Died());
            if (report.Kind == ReportKind.Failed)
                throw new FaultException(Failure.From(_plan, report, ""));
            if (report.Kind == ReportKind.FinalPid)
                TakeFinal((int)report.Extra);
        }
    }

    /// <summary>Waits for the end of the process that made the final one and has nothing more to do.</summary>
    private protected void ReapIntermediate()
    {
        if (_intermediate > 0)
            Sys.waitid(Uapi.P_PID, _intermediate, out _, Uapi.WEXITED | Uapi.__WALL);
        _intermediate = 0;
    }

    private protected void TakeMaster(string? socket)
    {
        Fd master = _received ?? throw new FaultException(new Fault("the terminal did not arrive") { Field = "process.terminal", Syscall = "recvmsg" });
        _received = null;
        if (socket is null)
        {
            Terminal.Adopt(master);
            Master = master;
            return;
        }

        using (master)
            ConsoleSocket.Send(socket, master.Number);
    }

    // After the child's heavy work, so that small limits hit the program and not the set-up; by the parent, which has
    // the right to raise them also for a user namespace.
    private protected void SetLimits()
    {
        Rlimit[] limits = _config.Process!.Rlimits ?? [];
        for (int i = 0; i < limits.Length; i++)
        {
            rlimit64 value = new() { rlim_cur = limits[i].Soft, rlim_max = limits[i].Hard };
            int resource = Rlimits.Number(limits[i].Type.Span);
            int result = Sys.prlimit64(_pid, resource, &value, null);
            if (result == -Errno.EPERM && IsLowering(resource, value))
            {
                *_context->RlimitsLeft |= 1U << resource;
            }
            else if (result < 0)
            {
                throw new FaultException(new Fault("cannot set the limit")
                {
                    Field = $"process.rlimits[{i}]",
                    Value = limits[i].Type.ToString(),
                    Syscall = "prlimit64",
                    Errno = -result,
                    Hint = result == -Errno.EPERM ? "raising a hard limit needs CAP_SYS_RESOURCE" : null,
                });
            }
        }
    }

    // Without CAP_SYS_RESOURCE only a process of the same user may be limited (prlimit(2)), and the child has switched
    // to its own. What it has inherited from this one it may lower itself.
    private static bool IsLowering(int resource, rlimit64 value)
    {
        rlimit64 own;
        return Sys.prlimit64(0, resource, null, &own) == 0 && value.rlim_max <= own.rlim_max;
    }

    /// <summary>Why a process that is told to have been killed was; null when that is not known.</summary>
    private protected virtual Fault? Killed() => null;

    // The process lives although nothing is to be heard of it: whoever asks must not wait for its end.
    private const int DeathLimit = 2000;

    // No record came: the child was killed, or could not send the one that it has left in memory.
    private protected Fault Died()
    {
        if (_pidfd is { Number: >= 0 } && !Liveness.WaitForExit(_pidfd, DeathLimit))
            return new Fault("the container's process does not answer") { Hint = "is it stopped or traced?" };
        if (Unsaid is { } failure)
            return failure;
        int result = Sys.waitid(Uapi.P_PID, _pid, out siginfo_t info, Uapi.WEXITED | Uapi.__WALL);
        _pid = result < 0 ? _pid : 0;
        if (info.si_status == Uapi.SIGKILL && Killed() is { } known)
            return known;
        string how = result < 0 || info.si_code == Uapi.CLD_EXITED ? "ended" : $"was {Failure.KilledBy(info.si_status)}";
        return new Fault($"the container's process {how} while it was set up")
        {
            Hint = info.si_status switch
            {
                Uapi.SIGKILL => "is the memory limit too low?",
                Uapi.SIGSYS => "the seccomp filter forbids a call that is needed up to execve",
                _ => null,
            },
        };
    }
}
