using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private bool _isExec;

    /// <summary>
    /// The steps of a process that joins a running container, in run order. <see cref="PlanRequest.Config"/> is the
    /// container's with the process to run in the place of its first.
    /// </summary>
    public static ContainerPlan MakeExec(PlanRequest request)
    {
        Planner planner = new(request) { _isExec = true };
        try
        {
            planner.Exec();
            return planner._plan;
        }
        catch
        {
            planner._plan.Arena.Dispose();
            throw;
        }
    }

    private void Exec()
    {
        bool clones = (_request.Join & Uapi.CLONE_NEWPID) != 0;
        _plan.NewNamespaces = _request.Join;
        _plan.Add(Op.ResetSignals);

        // Until it is handed over: whatever kills the runtime leaves nobody half-way in the container.
        _plan.Add(Op.DieWithParent);

        // The parent moves it to its cgroup where clone could not, and sets the OOM score, whose file is root's as soon as
        // the process is not dumpable.
        _plan.Add(Op.WaitForParent);
        Labels();

        // Processes of the container must not look into this one, nor take what it holds (CVE-2016-9962).
        _plan.Add(Op.NotDumpable);

        // In its cgroup by now, whose CPUs the kernel holds the mask against.
        Affinity();
        JoinInit();
        SessionKeyring();
        ExecRoot();
        Console();
        _plan.Add(Op.ReopenNullStdio);
        WorkingDirectory();
        _plan.Add(Op.Umask, "process.user.umask", flags: _config.Process!.User?.Umask ?? 0x12);
        Personality();
        IoPriority();
        MemoryPolicy();
        Scheduler();
        Identity();

        // A change of ids takes it back (prctl(2), PR_SET_PDEATHSIG).
        _plan.Add(Op.DieWithParent);
        Executable();
        bool early = clones && FilterNeedsAdmin && !Notifies;
        if (early)
            Identity(Op.EarlySeccomp, "linux.seccomp");
        _plan.Add(Op.CloseDescriptors);

        // The process shows in the container's pid namespace only now, with the rights and descriptors that the program
        // will have: to one with CAP_SYS_PTRACE over the host's user namespace, not being dumpable is no obstacle.
        if (clones)
        {
            _plan.Add(Op.CloneFinal, "linux.namespaces");
            _plan.Add(Op.DieWithParent);
        }

        ListenPid();
        _plan.Add(Op.NewSession);
        if (_config.Process!.Terminal)
            _plan.Add(Op.ControllingTerminal, "process.terminal");
        _plan.Add(Op.Ready, "process");
        Rlimits();

        // Handed over. The filter may forbid to say so.
        _plan.Add(Op.OutliveParent);
        Seccomp();
        if (Notifies)
            _plan.Add(Op.HandOverListener, "linux.seccomp.listenerPath");
        _plan.Add(_execute with { Op = Op.Execute });
    }

    // Written with the rights and in the procfs of the host: that of the container does not know this process. They hold
    // until execve, also over a clone.
    private void Labels()
    {
        if (!_request.NoNewKeyring)
            KeyringLabel();
        OpenProc();
        ApparmorProfile();
        SelinuxLabel();
    }

    // process.execCPUAffinity.initial is the parent's to set: it holds before the process is in the cgroup.
    private void Affinity()
    {
        ExecCpuAffinity? affinity = _config.Process!.ExecCpuAffinity;
        Utf8 final = affinity?.Final ?? default;
        if (final.IsEmpty)
        {
            if (affinity is null || affinity.Initial.IsEmpty)
                _plan.Add(Op.ResetAffinity);
            return;
        }

        ulong[] mask = NumberList.Parse(final.Span, out _)!;
        ulong* words = Arena.Array<ulong>(mask.Length);
        for (int i = 0; i < mask.Length; i++)
            words[i] = mask[i];
        _plan.Add(new Step
        {
            Op = Op.Affinity,
            Field = _plan.Field($"process.execCPUAffinity.final \"{final}\""),
            Slot = Slot.None,
            Number = mask.Length,
            Data = words,
        });
    }

    // One call for all, by the pidfd that was checked: a pid may belong to another process by now.
    private void JoinInit()
    {
        if (_request.Join == 0)
            return;
        Step step = TextStep(Op.JoinProcess, "/proc"u8, "linux.namespaces");
        step.Slot = Slot.Init;
        step.Flags = (long)_request.Join;
        step.Number = _request.InitPid;
        step.Value = _request.Privileged ? 0 : 1;
        _plan.Add(step);
        if ((_request.Join & Uapi.CLONE_NEWUSER) == 0)
            return;

        // Entering it may make the process dumpable again and forget the parent.
        _plan.Add(Op.NotDumpable);
        _plan.Add(Op.DieWithParent);
        bool clears = _request.Privileged && !KeepsGroups;
        _plan.Add(Op.BecomeNamespaceRoot, "linux.uidMappings", number: 1, flags: clears ? 1 : 0);
        _plan.Add(Op.NotDumpable);
        _plan.Add(Op.DieWithParent);
    }

    private void ExecRoot()
    {
        if (_request.ChangesRoot)
            _plan.Add(Op.ChangeRoot, "root.path");
        else
            _plan.Add(TextStep(Op.AttachRootfs, "/"u8));
    }
}
