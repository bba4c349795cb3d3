using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>
/// Runs the plan's steps after clone. Rules of this room: raw system calls only, no allocation, no exception, no
/// managed text, no virtual call, no static that needs initialising; tests/Child proves it on the compiled code.
/// Every operation returns 0 or a negative errno and names the failing call in the context.
/// </summary>
internal static unsafe partial class Executor
{
    /// <summary>Never returns: ends in execve, or in a failure record and exit.</summary>
    public static void Run(ChildContext* c)
    {
        unchecked
        {
            for (int i = 0; i < c->ClosedCount; i++)
                Raw.close(c->Closed[i]);
            for (int i = 0; i < c->StepCount; i++)
            {
                if (c->Marks is not null)
                    Mark(c, i, i);
                c->Current = i;
                c->Syscall = Report.NoSyscall;
                c->Extra = 0;
                long result = Do(c, &c->Steps[i]);
                if (result < 0)
                    Die(c, (int)-result);
            }

            Die(c, Errno.EINVAL);
        }
    }

    private static long Do(ChildContext* c, Step* s) => unchecked(s->Op switch
    {
        Op.ResetSignals => ResetSignals(),
        Op.WaitForParent => c->WaitForParent != 0 || s->Number != 0 ? AwaitParent(c) : 0,
        Op.OpenTimeOffsets => OpenTimeOffsets(c, s),
        Op.BecomeNamespaceRoot => BecomeNamespaceRoot(c, s),
        Op.NotDumpable => Call(c, SYS.prctl, Raw.prctl(Uapi.PR_SET_DUMPABLE, 0)),
        Op.DieWithParent => DieWithParent(c),
        Op.OutliveParent => Call(c, SYS.prctl, Raw.prctl(Uapi.PR_SET_PDEATHSIG, 0)),
        Op.JoinProcess => JoinProcess(c, s),
        Op.JoinNamespace => Call(c, SYS.setns, Raw.setns(c->Slots[s->Slot], (ulong)s->Flags)),
        Op.CloneFinal => CloneFinal(c, s),
        Op.ResetAffinity => ResetAffinity(),
        Op.Affinity => Call(c, SYS.sched_setaffinity, Raw.sched_setaffinity(0, s->Number * sizeof(ulong), s->Data)),
        Op.NewSession => NewSession(c),
        Op.ControllingTerminal => Call(c, SYS.ioctl, Raw.Call(SYS.ioctl, 0, Uapi.TIOCSCTTY, 0)),
        Op.Unshare => Call(c, SYS.unshare, Raw.unshare((ulong)s->Flags)),
        Op.TimeOffsets => TimeOffsets(c, s),
        Op.KeyringLabel => KeyringLabel(c, s),
        Op.SessionKeyring => SessionKeyring(c, s),
        Op.Hostname => Call(c, SYS.sethostname, Raw.sethostname(s->Text, s->Number)),
        Op.Domainname => Call(c, SYS.setdomainname, Raw.setdomainname(s->Text, s->Number)),
        Op.Loopback => Loopback(c),
        Op.ReceiveNetworkDevices => ReceiveNetworkDevices(c),
        Op.ProbeMountApi => ProbeMountApi(c, s),
        Op.Propagation or Op.RootPropagation => Propagation(c, s),
        Op.OpenNull => OpenNull(c, s),
        Op.OpenProc => OpenProc(c, s),
        Op.OpenSource => OpenSource(c, s),
        Op.OpenLayer => OpenLayer(c, s),
        Op.MountLayers => MountLayers(c, s),
        Op.AttachRootfs => AttachRootfs(c, s),
        Op.MountFilesystem => MountFilesystem(c, s),
        Op.MountCgroup => MountCgroup(c, s),
        Op.MountBind => MountBind(c, s),
        Op.Unmount => Unmount(c, s),
        Op.OpenDev => OpenDev(c, s),
        Op.MakeDevice => MakeDevice(c, s),
        Op.BindDevice => BindDevice(c, s),
        Op.MakeSymlink => MakeSymlink(c, s, replace: false),
        Op.ReplaceSymlink => MakeSymlink(c, s, replace: true),
        Op.OpenConsole => OpenConsole(c, s),
        Op.RuntimeHooks => RuntimeHooks(c),
        Op.Hook => RunHook(c, s),
        Op.PivotRoot => PivotRoot(c, s),
        Op.MoveRoot => MoveRoot(c, s),
        Op.ChangeRoot => ChangeRoot(c),
        Op.ReopenNullStdio => ReopenNullStdio(c),
        Op.WorkingDirectory => WorkingDirectory(c, s),
        Op.Sysctl => Sysctl(c, s),
        Op.ReadonlyPath => ReadonlyPath(c, s),
        Op.MaskPath => MaskPath(c, s),
        Op.ReadonlyMount or Op.ReadonlyRoot => ReadonlyMount(c, s),
        Op.Umask => Raw.umask((uint)s->Flags) & 0,
        Op.ApparmorProfile => ApparmorProfile(c, s),
        Op.SelinuxLabel => SelinuxLabel(c, s),
        Op.Personality => Call(c, SYS.personality, Raw.personality((uint)s->Flags)),
        Op.IoPriority => Call(c, SYS.ioprio_set, Raw.ioprio_set(Uapi.IOPRIO_WHO_PROCESS, 0, (int)s->Flags)),
        Op.Scheduler => Call(c, SYS.sched_setattr, Raw.sched_setattr(0, (sched_attr*)s->Data, 0)),
        Op.MemoryPolicy => Call(c, SYS.set_mempolicy, Raw.set_mempolicy((int)s->Flags, (ulong*)s->Data, s->Number)),
        Op.NoNewPrivileges => Call(c, SYS.prctl, Raw.prctl(Uapi.PR_SET_NO_NEW_PRIVS, 1)),
        Op.DropBounding => DropBounding(c, s),
        Op.OwnStdio => OwnStdio(c, s),
        Op.SetIds => SetIds(c, s),
        Op.SetCapabilities => c->Filtered != 0 ? 0 : SetCapabilities(c, s),
        Op.RaiseAmbient => c->Filtered != 0 ? 0 : RaiseAmbient(c, s),
        Op.VerifyIdentity => VerifyIdentity(c, s),
        Op.VerifyWorkingDirectory => VerifyWorkingDirectory(c, s),
        Op.Home => Home(c, s),
        Op.ListenPid => ListenPid(s),
        Op.FindExecutable => FindExecutable(c, s),
        Op.Ready => Ready(c),
        Op.CatchSignals => CatchSignals(c),
        Op.Gate => Gate(c),
        Op.Rlimit => Rlimit(c, s),
        Op.EarlySeccomp => EarlySeccomp(c, s),
        Op.Seccomp => c->Filtered != 0 ? 0 : Seccomp(c),
        Op.HandOverListener => HandOverListener(c),
        Op.CloseDescriptors => CloseDescriptors(c),
        Op.Execute => Execute(c, s),
        _ => -Errno.ENOSYS,
    });

    // Names the call for the failure record and passes its result on; successes become 0.
    private static long Call(ChildContext* c, int syscall, long result)
    {
        unchecked
        {
            if (result >= 0)
                return 0;
            c->Syscall = syscall;
            return result;
        }
    }

    private static long Fail(ChildContext* c, int syscall, long error)
    {
        unchecked
        {
            c->Syscall = syscall;
            return error;
        }
    }

    private static void Send(ChildContext* c, ReportKind kind, int errno, long extra)
    {
        unchecked
        {
            Report report;
            Fill(c, &report, kind, errno, extra);
            long n;
            do
                n = Raw.write(c->Slots[Slot.Sync], &report, sizeof(Report));
            while (n == -Errno.EINTR);
            c->IsUnheard = n < 0 ? 1 : 0;
        }
    }

    private static void Fill(ChildContext* c, Report* report, ReportKind kind, int errno, long extra)
    {
        report->Kind = kind;
        report->Step = c->Current;
        report->Syscall = c->Syscall;
        report->Errno = errno;
        report->Extra = extra;
        report->Allocated = c->Allocated;
    }

    // Into memory first: the filter may forbid the write.
    private static void Die(ChildContext* c, int errno)
    {
        unchecked
        {
            if (c->Marks is not null)
                Mark(c, c->Current + 1, c->StepCount);
            Fill(c, c->Last, ReportKind.Failed, errno, c->Extra);
            Send(c, ReportKind.Failed, errno, c->Extra);
            if (c->MessageLength > 0)
                Raw.write(c->Slots[Slot.Sync], c->Message, c->MessageLength);
            End(1);
        }
    }

    // The one call that tracing costs: the end of a step is the beginning of the next.
    private static void Mark(ChildContext* c, int step, int place)
    {
        unchecked
        {
            if (step >= c->MarkLimit)
                return;
            timespec now;
            Raw.clock_gettime(Uapi.CLOCK_REALTIME, &now);
            c->Marks[place] = (now.tv_sec * 1_000_000_000) + now.tv_nsec;
        }
    }

    // A filter may forbid even the exit; no filter sees the fault of a store to nowhere.
    private static void End(int status)
    {
        while (true)
        {
            Raw.exit_group(status);
            *(byte*)(nint)(NowhereAddress) = 0;
        }
    }

    // In the first page, which is never mapped (vm.mmap_min_addr), and not null, which the compiler knows.
    private const int NowhereAddress = 8;

    // A byte from the parent means go on; the end, that it is gone or gave up.
    private static long AwaitParent(ChildContext* c)
    {
        unchecked
        {
            byte go;
            long n;

            // Each would wait for the other.
            if (c->IsUnheard != 0)
                End(1);
            do
                n = Raw.read(c->Slots[Slot.Sync], &go, 1);
            while (n == -Errno.EINTR);
            if (n is 0 or -Errno.ECONNRESET)
                End(1);
            return n < 0 ? Fail(c, SYS.read, n) : 0;
        }
    }

    private static void Close(int fd)
    {
        if (fd >= 0)
            Raw.close(fd);
    }
}
