using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    /// <summary>Managed bytes that the child allocated up to its gate, in builds that measure; must be 0.</summary>
    public long AllocatedByChild { get; private set; }

    /// <summary>
    /// Waits until the child stands ready, with its pid and limits recorded. A signal that would end this process ends
    /// the creation instead, and its cleanup runs.
    /// </summary>
    public void AwaitReady()
    {
        while (true)
        {
            Trace.Phase("wait for the process");
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
                    ReapIntermediate();
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
                    TakeMaster(_options.ConsoleSocket);
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
                    Trace.Phase("limits");
                    AwaitFinal();
                    ReapIntermediate();
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

    private NetworkDevices? _network;

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
        Trace.Phase("network interfaces");
        using Fd socket = _received ?? throw new FaultException(new Fault("the network namespace did not arrive") { Field = "linux.netDevices", Syscall = "recvmsg" });
        _received = null;
        _network = NetworkDevices.Open(socket);
        _network.Move(_config.Linux!.NetDevices!);
    }

    private void RecordPid()
    {
        if (_record.Pid != _pid && !TryRecordPid())
            throw new FaultException(Liveness.WaitForExit(_pidfd!, 0) ? Died() : new Fault($"cannot read /proc/{_pid}/stat") { Hint = "is /proc mounted, and are descriptors and memory left?" });
    }

    private bool TryRecordPid()
    {
        if (!ProcStat.TryRead(_pid, out ProcStat stat))
            return false;
        _record = _record with { Pid = _pid, StartTime = stat.StartTime };
        return true;
    }

    private protected override Fault? Killed() => !WasKilledForMemory()
        ? null
        : new Fault("container init was OOM-killed (memory limit too low?)")
        {
            Field = "linux.resources.memory.limit",
            Value = _config.Linux?.Resources?.Memory?.Limit?.ToString(),
            Hint = "raise the limit",
        };
}
