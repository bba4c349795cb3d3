using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    /// <summary>Managed bytes that the child allocated up to its gate, in builds that measure; must be 0.</summary>
    public long AllocatedByChild { get; private set; }

    /// <summary>Master of the container's terminal, when it has one and keeps it with this process.</summary>
    public Fd? Master { get; private set; }

    /// <summary>
    /// Waits until the child stands ready, with its pid and limits recorded. A signal that would end this process ends
    /// the creation instead, and its cleanup runs.
    /// </summary>
    public void AwaitReady()
    {
        while (true)
        {
            Report report = Next(interruptible: true) ?? throw new FaultException(Died());
            switch (report.Kind)
            {
                case ReportKind.Failed:
                    throw new FaultException(Explained(Failure.From(_plan, report, Failure.Text(_context->Message)), report));
                case ReportKind.Warning:
                    Log.Warning($"process.capabilities.ambient: can't raise ambient capability {Capability.Names[report.Extra]}: {Errno.Text(report.Errno)}");
                    break;
                case ReportKind.FinalPid:
                    TakeFinal((int)report.Extra);
                    if (_plan.MapsFinal)
                    {
                        MapUsers();
                        CloseSources();
                        Go();
                    }

                    break;
                case ReportKind.RuntimeHooks:
                    RunRuntimeHooks();
                    break;
                case ReportKind.Console:
                    TakeMaster();
                    break;
                case ReportKind.NetworkNamespace:
                    MoveNetworkDevices();
                    Go();
                    break;
                case ReportKind.MapIds:
                    MapLateIds(report.Step);
                    Go();
                    break;
                default:
                    AllocatedByChild = report.Allocated;
                    if (_devicesLate)
                        ApplyDevices();
                    ApplyLimits();
                    SetLateProperties();
                    EnterDelegated();
                    CheckJoinedMaps();
                    SetLimits();
                    EnterResctrl();
                    RecordPid();
                    return;
            }
        }
    }

    /// <summary>After the go-ahead without a gate: returns when execve has closed the socket.</summary>
    public void AwaitExecution()
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
    private Fault? Unsaid => _context->Last->Kind == ReportKind.Failed
        ? Failure.From(_plan, *_context->Last, _context->Last->IsHook ? Failure.Text(_context->Message) : "")
        : null;

    // The next record, or null at the end of the connection.
    private Report? Next(bool interruptible)
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

        Report report = default;
        long n = Sys.recvmsg(_sync!.Number, new Span<byte>(&report, sizeof(Report)), out int received);
        if (received >= 0)
            _received = new Fd(received);
        return n == sizeof(Report) ? report : null;
    }

    private Fd? _received;
    private NetworkDevices? _network;

    private void CheckInterrupt()
    {
        signalfd_siginfo info = default;
        while (Sys.read(_signals!.Number, new Span<byte>(&info, sizeof(signalfd_siginfo))) == sizeof(signalfd_siginfo))
        {
            if (info.ssi_signo is Uapi.SIGINT or Uapi.SIGTERM or Uapi.SIGHUP or Uapi.SIGQUIT)
            {
                throw new FaultException(new Fault($"interrupted by signal {info.ssi_signo} while the container was made")
                {
                    Hint = "nothing of it is left",
                });
            }
        }
    }

    private void TakeFinal(int pid)
    {
        _intermediate = _pid;
        Sys.waitid(Uapi.P_PID, _intermediate, out _, Uapi.WEXITED | Uapi.__WALL);
        _intermediate = 0;
        _pidfd!.Dispose();
        _pid = pid;
        _pidfd = new Fd(Sys.pidfd_open(pid));
    }

    private void TakeMaster()
    {
        Fd master = _received ?? throw new FaultException("the terminal did not arrive");
        _received = null;
        if (_options.ConsoleSocket is null)
        {
            Terminal.Adopt(master);
            Master = master;
            return;
        }

        using (master)
            ConsoleSocket.Send(_options.ConsoleSocket, master.Number);
    }

    private void CheckJoinedMaps()
    {
        foreach (Plan.JoinedNamespace joined in _plan.Joined)
        {
            if (joined.Flag == Uapi.CLONE_NEWUSER)
                JoinedIdMaps.Check(_pid, _config.Linux!);
        }
    }

    private void MoveNetworkDevices()
    {
        using Fd socket = _received ?? throw new FaultException("the network namespace did not arrive");
        _received = null;
        _network = NetworkDevices.Open(socket);
        _network.Move(_config.Linux!.NetDevices!);
    }

    // After the child's heavy work, so that small limits hit the program and not the set-up; by the parent, which has
    // the right to raise them also for a user namespace.
    private void SetLimits()
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

    private void RecordPid()
    {
        if (!ProcStat.TryRead(_pid, out ProcStat stat))
            throw new FaultException(Died());
        _record = _record with { Pid = _pid, StartTime = stat.StartTime };
    }

    // No record came: the child was killed.
    private Fault Died()
    {
        int result = Sys.waitid(Uapi.P_PID, _pid, out siginfo_t info, Uapi.WEXITED | Uapi.__WALL);
        _pid = result < 0 ? _pid : 0;
        if (info.si_status == Uapi.SIGKILL && WasKilledForMemory())
        {
            return new Fault("container init was OOM-killed (memory limit too low?)")
            {
                Field = "linux.resources.memory.limit",
                Value = _config.Linux?.Resources?.Memory?.Limit?.ToString(),
                Hint = "raise the limit",
            };
        }

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
