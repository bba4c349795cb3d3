using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    // A process of the container existed, so its hooks may have done what the poststop hooks undo.
    private bool _began;

    /// <summary>
    /// Clones the child and does what it cannot do itself, in parallel with it: id maps, oom score, device program,
    /// seccomp filter, state.
    /// </summary>
    public void Clone()
    {
        Trace.Phase("sources");
        _record = _record with { LastWords = _waitsAtGate && LastWords.NeedFile(_config.Linux?.Seccomp) };
        MakeContext(Inherited.Count, _record.LastWords ? _directory : null);
        bool maps = (_plan.CloneFlags & Uapi.CLONE_NEWUSER) != 0;

        // The score of the first process must be there before a second one is cloned from it.
        bool inherited = _config.Process!.OomScoreAdj is not null && _plan.Find(Op.CloneFinal) >= 0;
        bool inherits = _unit is not null && !_plan.CgroupIsLate;
        _context->WaitForParent = maps || inherited || inherits ? 1 : 0;
        OpenJoined();
        MakeSources();
        RunParentSteps();
        using Fd childEnd = MakeSync();
        using Fd? gate = _waitsAtGate ? GateSocket.Listen(_directory!.Number) : null;
        _context->Slots[Slot.Gate] = gate?.Number ?? -1;
        _context->HasGate = gate is null ? 0 : 1;
        CloseInChild(_sync!.Number, _signals!.Number, _directory!.Number, _root!.Number, _cgroup?.Directory.Number ?? -1, _unit?.Number ?? -1);
        using (OpenHookOutput())
            Start();
        _began = true;
        Trace.Phase("process");
        if (_unit is not null)
            StartUnit();
        CloseLayers();
        foreach (JoinedNamespace joined in _plan.Joined)
            Sys.close(_context->Slots[joined.Slot]);
        SetOomScore();
        if (maps)
            MapUsers();
        if (!_plan.MapsFinal)
            CloseSources();
        if (inherits)
            AwaitUnit();
        if (_context->WaitForParent != 0)
            Go();
        if (_plan.CgroupIsLate)
        {
            CompileSeccomp();
            AwaitUnit();
            GoOn();
        }

        if (!_devicesLate)
            ApplyDevices();
        if (!_plan.CgroupIsLate)
            CompileSeccomp();
        WriteAhead();
    }

    // While the process sets itself up: what would else keep it waiting before or after.
    private void WriteAhead()
    {
        Trace.Phase("files");
        _directory!.SaveConfig(_configBytes);
        if (_plan.Find(Op.CloneFinal) >= 0 || !TryRecordPid())
            return;
        _directory.Prepare(_record);
    }

    private void MapUsers()
    {
        Trace.Phase("id maps");
        IdMaps.Write(_pid, _config.Linux?.UidMappings ?? [], _config.Linux?.GidMappings ?? [], "linux.uidMappings", "linux.gidMappings");
        MapSourcesAsContainer();
    }

    private void OpenJoined()
    {
        foreach (JoinedNamespace joined in _plan.Joined)
        {
            int fd = Sys.openat(Uapi.AT_FDCWD, joined.Path.Span, Uapi.O_RDONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY);
            int type = fd < 0 ? fd : Sys.ioctl(fd, Uapi.NS_GET_NSTYPE, null);
            if (fd < 0 || type < 0 || (ulong)type != joined.Flag)
            {
                throw new FaultException(new Fault(fd < 0 ? "cannot open the namespace" : $"it is not a namespace of type {Planner.NamespaceName(joined.Flag)}")
                {
                    Field = joined.Field,
                    Value = joined.Path.ToString(),
                    Syscall = fd < 0 ? "openat" : "ioctl",
                    Errno = fd < 0 ? -fd : type < 0 ? -type : Errno.EINVAL,
                    Hint = "name a file such as /proc/PID/ns/net or one pinned by a bind mount",
                });
            }

            CheckSysctl(joined, fd);
            _context->Slots[joined.Slot] = fd;
        }
    }

    // clone3 puts the child into its cgroup and makes its pidfd; without it (before 5.7, or filtered) both come after,
    // and the child waits for that.
    private void Start()
    {
        CheckThreads();
        MarkClone();
        int pidfd = -1;
        clone_args args = new()
        {
            flags = _plan.CloneFlags | Uapi.CLONE_PIDFD | (_cgroup is null ? 0 : Uapi.CLONE_INTO_CGROUP),
            pidfd = (ulong)&pidfd,
            exit_signal = Uapi.SIGCHLD,
            cgroup = (ulong)(_cgroup?.Directory.Number ?? 0),
        };
#if DEBUG || OCIRUN_MEASURE
        _context->AllocatedBefore = System.GC.GetAllocatedBytesForCurrentThread();
#endif
        long pid = CloneChild(_context, &args);
        if (pid is -Errno.ENOSYS or -Errno.EPERM or -Errno.E2BIG or -Errno.EINVAL or -Errno.EACCES or -Errno.EOPNOTSUPP)
        {
            _context->WaitForParent = 1;
            pid = CloneChild(_context, _plan.CloneFlags, &pidfd);
            _pid = pid < 0 ? 0 : (int)pid;
            _pidfd = new Fd(pidfd);
            if (pid > 0)
                AttachToCgroup();
        }

        if (pid < 0)
        {
            throw new FaultException(new Fault("cannot create the container's process")
            {
                Field = "linux.namespaces",
                Syscall = "clone3",
                Errno = (int)-pid,
                Hint = -pid switch
                {
                    Errno.EPERM => "are user namespaces allowed for this user (sysctl user.max_user_namespaces)?",
                    Errno.ENOSPC => Failure.NamespaceLimit,
                    Errno.EAGAIN => "a limit on processes is reached: RLIMIT_NPROC (ulimit -u), pids.max of a cgroup, or sysctl kernel.pid_max",
                    _ => null,
                },
            });
        }

        _pid = (int)pid;
        _pidfd ??= new Fd(pidfd);
    }

    private void AttachToCgroup()
    {
        int result = _cgroup?.Attach(_pid) ?? 0;
        if (result < 0 && !_record.Rootless)
        {
            throw new FaultException(new Fault($"cannot move the process into {_cgroup!.Path}")
            {
                Field = "linux.cgroupsPath",
                Syscall = "write",
                Errno = -result,
                Hint = _cgroup.Obstacle(),
            });
        }
    }

    private void ApplyDevices()
    {
        if (_cgroup is null)
            return;
        Trace.Phase("device program");
        bool tolerate = _record.Rootless || Host.Machine.InUserNamespace
            || DeviceProgram.AllowsEverything(_config.Linux?.Resources?.Devices, _config.Linux?.Devices);
        if (!DeviceController.Apply(_cgroup.Directory.Number, _devices, _cgroup.IsNew, tolerate))
            Log.Warning("linux.resources.devices: the kernel does not let this user restrict devices");
    }
}
