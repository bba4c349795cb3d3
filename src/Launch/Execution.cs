using System.Collections.Generic;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;
using OciRun.Validate;

namespace OciRun.Launch;

/// <summary>
/// The parent half of exec: finds the container, plans, clones into its cgroup, and waits until the program runs.
/// Nothing of the container is changed, whatever fails.
/// </summary>
internal sealed unsafe partial class Execution : Offspring
{
    private readonly ExecOptions _options;
    private readonly ContainerDirectory _directory;
    private readonly ContainerRecord _record;
    private readonly ContainerStatus _status;
    private readonly Fd _init;
    private bool _committed;

    private Execution(ExecOptions options)
    {
        _options = options;
        _directory = StateRoot.FindContainer(options.Root, options.Id);
        _record = _directory.Load() ?? throw StateRoot.Missing(options.Id);
        Fd? init = Liveness.Open(_record);
        _init = init ?? new Fd(-1);
        _status = Status.Of(_directory, _record, init is not null);
        CheckStatus();
    }

    /// <summary>Runs a process in a container. Exit status of the process, or 0 when detached.</summary>
    public static int Run(ExecOptions options)
    {
        SelfCopy.Ensure();
        Trace.Phase("state");
        Inherited.Hold(options.PreserveFds, strict: false);
        using Execution execution = new(options);
        execution.Prepare();
        execution.Clone();
        execution.AwaitReady();
        execution.HandOverListener();
        execution.Go();
        Trace.Phase("wait for the program");
        execution.AwaitExecution(followed: !options.Detach);

        // Its end takes a while, in which the program can start.
        execution.ReapIntermediate();
        execution.CheckStarted();
        Trace.Phase("pid file");
        if (options.PidFile is not null)
            PidFile.Write(options.PidFile, execution.Pid);
        if (options.PidfdSocket is not null)
            PidfdSocket.Send("--pidfd-socket", options.PidfdSocket, execution.Pidfd.Number, "setns"u8);
        execution._committed = true;
        if (!options.Detach)
            Trace.Phase("wait for the end");
        return options.Detach ? 0 : Foreground.Wait(execution.Pid, execution.Pidfd, execution.Signals, execution.Master);
    }

    private protected override string Undertaking => "the process was made";

    public override void Dispose()
    {
        if (!_committed)
            KillChild();
        _cgroup?.Dispose();
        _root?.Dispose();
        _init.Dispose();
        _directory.Dispose();
        base.Dispose();
    }

    private void CheckStatus()
    {
        switch (_status)
        {
            case ContainerStatus.Creating:
                throw Refused("cannot exec in a container that is being created");
            case ContainerStatus.Stopped:
                throw Refused("cannot exec in a stopped container");
            case ContainerStatus.Paused when !_options.IgnorePaused:
                throw Refused("cannot exec in a paused container (use --ignore-paused to override)");
        }
    }

    private FaultException Refused(string message) => new(new Fault(message)
    {
        Field = "container",
        Value = _options.Id,
        Code = "container-state",
    });

    // Everything that can be refused without a process.
    private void Prepare()
    {
        Trace.Phase("config");
        _config = _directory.LoadConfig();
        Process own = _config.Process ?? new Process();
        _config.Process = _options.ProcessFile is null
            ? ExecProcess.FromFlags(own, _options)
            : ExecProcess.FromFile(own, ExecProcess.Read(_options.ProcessFile));

        // Those of the container's first process.
        _config.Hooks = null;
        Trace.Phase("validation");
        CheckTerminal(_config.Process.Terminal, _options.Detach, _options.ConsoleSocket);
        List<Fault> findings = Validator.CheckProcess(_config, Facts(_config, null));
        if (findings.Count > 0)
            throw new FaultException(findings[0]);
        Inherited.Settle(counted: Sets(_config.Process, "LISTEN_FDS="u8));
        ApplySeccompAnnotations();
        Trace.Phase("plan");
        FindNamespaces();
        OpenCgroup();
        _plan = Planner.MakeExec(new PlanRequest
        {
            Config = _config,
            Bundle = _record.Bundle,
            Rootfs = _record.Rootfs,
            Id = _options.Id,
            NoNewKeyring = _record.NoNewKeyring,
            ListenFds = Inherited.ListenFds,
            Privileged = Sys.geteuid() == 0,
            Egid = Sys.getegid(),
            InUserNamespace = Machine.InUserNamespace,
            LastCapability = Machine.LastCapability,
            Rootless = _record.Rootless,
            ConfinedByAppArmor = _config.Process is { NoNewPrivileges: true, ApparmorProfile.IsEmpty: false } && Machine.ConfinedByAppArmor,
            Join = _join,
            InitPid = _record.Pid,
            ChangesRoot = _root is not null,
        });
        foreach (string warning in _plan.Warnings)
            Log.Warning(warning);
    }

    private void Clone()
    {
        MakeContext(Inherited.Count, null);
        bool inherited = _config.Process!.OomScoreAdj is not null;
        _context->WaitForParent = inherited ? 1 : 0;
        using (Fd childEnd = MakeSync())
        {
            _context->Slots[Slot.Init] = _init.Number;
            _context->Slots[Slot.Rootfs] = _root?.Number ?? -1;
            CloseInChild(
                _sync!.Number, _signals!.Number, _directory.Number, _directory.RootNumber, _cgroup?.Directory.Number ?? -1);
            Start();
        }

        Trace.Phase("process");
        SetOomScore();
        if (_context->WaitForParent != 0)
            Go();
        CompileSeccomp();
    }

    private void AwaitReady()
    {
        while (true)
        {
            Trace.Phase("wait for the process");
            Report report = Next(interruptible: true) ?? throw new FaultException(Ended());
            switch (report.Kind)
            {
                case ReportKind.Failed:
                    Fault failure = Failure.From(_plan, report, "");
                    throw new FaultException(report.Errno == Errno.ESRCH ? UnlessStopped(failure) : failure);
                case ReportKind.Warning:
                    Log.Warning($"process.capabilities.ambient: can't raise ambient capability {Capability.Names[report.Extra]}: {Errno.Text(report.Errno)}");
                    break;
                case ReportKind.FinalPid:
                    TakeFinal((int)report.Extra);
                    break;
                case ReportKind.Console:
                    TakeMaster(_options.ConsoleSocket);
                    break;
                case ReportKind.Filter:
                    ((SeccompSlot*)_shared)->Early = FilterMayBeEarly() ? 1 : 0;
                    Go();
                    break;
                case ReportKind.Ready:
                    Trace.Phase("limits");
                    AwaitFinal();
                    SetLimits();
                    SetScheduler();
                    return;
                default:
                    throw new FaultException(new Fault("the process sent a record that makes no sense here") { Field = "process", Syscall = "recvmsg" });
            }
        }
    }

    private void SetScheduler()
    {
        int result = _plan.ParentScheduler is null ? 0 : Sys.sched_setattr(Pid, _plan.ParentScheduler);
        if (result < 0)
        {
            throw new FaultException(new Fault("cannot set the scheduling policy")
            {
                Field = "process.scheduler",
                Value = _config.Process!.Scheduler!.Policy.ToString(),
                Syscall = "sched_setattr",
                Errno = -result,
            });
        }
    }

    private void HandOverListener()
    {
        if (!HasListener)
            return;
        HandOverListener(_record.Bundle, new StateDocument(
            SpecVersion.Current,
            _record.Id,
            _record.Pid,
            Status.Name(_status),
            _record.Bundle,
            _record.Rootfs,
            _record.Created,
            _record.Annotations,
            default));
    }

    // The socket also closes when the end of the container ends the process before its program runs.
    private void CheckStarted()
    {
        const int look = Uapi.WEXITED | Uapi.WNOHANG | Uapi.WNOWAIT | Uapi.__WALL;
        if (Sys.waitid(Uapi.P_PID, Pid, out siginfo_t info, look) == 0 && info.si_pid == Pid && info.si_code != Uapi.CLD_EXITED
            && !Liveness.IsAlive(_record))
            throw Refused("the container stopped before the program ran in it");
    }

    // Without a word: the process was killed, with the whole container or alone.
    private Fault Ended() => UnlessStopped(Died());

    private Fault UnlessStopped(Fault fault) =>
        Liveness.IsAlive(_record) ? fault : Refused("the container stopped while the process joined it").Fault;
}
