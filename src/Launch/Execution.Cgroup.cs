using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

internal sealed unsafe partial class Execution
{
    private CgroupDirectory? _cgroup;

    // The container's own, or the one below it that was asked for.
    private void OpenCgroup()
    {
        if (_record.CgroupPath is null)
        {
            if (_options.Cgroup is not null)
                throw new FaultException(new Fault("the container has no cgroup") { Field = "--cgroup", Value = _options.Cgroup });
            return;
        }

        try
        {
            _cgroup = ContainerCgroup.OpenDirectory(_record);
        }
        catch (FaultException) when (_options.Cgroup is null && ContainerCgroup.IsGone(_record))
        {
            // features.md EB03: the first process was moved, and the cgroup that it was in removed.
            _cgroup = ContainerCgroup.OfInit(_record, but: null);
            if (_cgroup is null)
                throw;
            return;
        }

        if ((_options.Cgroup ?? _record.SubCgroup) is not { } below)
            return;
        CgroupDirectory inner = _cgroup.Below(below);
        _cgroup.Dispose();
        _cgroup = inner;
    }

    // Into the cgroup with the clone. Where that is no place for processes (controllers are on for its children, or it is
    // threaded), to where the container's first process is; by hand where clone3 is missing.
    private void Start()
    {
        ulong[]? initial = InitialCpus();
        CheckThreads();
        MarkClone();
        long pid = CloneInto(_cgroup?.Directory.Number ?? -1);
        if (pid is -Errno.EBUSY or -Errno.EOPNOTSUPP or -Errno.ENODEV or -Errno.EACCES && _options.Cgroup is null && MoveToInits())
            pid = CloneInto(_cgroup!.Directory.Number);
        if (pid is -Errno.ENOSYS or -Errno.EPERM or -Errno.E2BIG or -Errno.EINVAL or -Errno.EACCES or -Errno.EOPNOTSUPP or -Errno.EBUSY)
            pid = CloneBeside();
        if (initial is not null)
            Sys.sched_setaffinity(initial);
        if (pid >= 0)
            return;
        throw new FaultException(new Fault("cannot create the process")
        {
            Field = "container",
            Value = _options.Id,
            Syscall = "clone3",
            Errno = (int)-pid,
            Hint = pid == -Errno.EAGAIN ? "a limit on processes is reached: of the container's cgroup (pids.max), or of the user" : null,
        });
    }

    private long CloneInto(int cgroup)
    {
        int pidfd = -1;
        clone_args args = new()
        {
            flags = Uapi.CLONE_PIDFD | (cgroup < 0 ? 0 : Uapi.CLONE_INTO_CGROUP),
            pidfd = (ulong)&pidfd,
            exit_signal = Uapi.SIGCHLD,
            cgroup = (ulong)Math.Max(cgroup, 0),
        };
#if DEBUG || OCIRUN_MEASURE
        _context->AllocatedBefore = GC.GetAllocatedBytesForCurrentThread();
#endif
        return Took(CloneChild(_context, &args), pidfd);
    }

    private long CloneBeside()
    {
        int pidfd = -1;
        _context->WaitForParent = 1;
        long pid = CloneChild(_context, 0, &pidfd);
        if (Took(pid, pidfd) < 0 || _cgroup is null)
            return pid;
        int result = _cgroup.Attach(Pid);
        if (result is -Errno.EBUSY or -Errno.ENOENT or -Errno.ENODEV or -Errno.EOPNOTSUPP && _options.Cgroup is null && MoveToInits())
            result = _cgroup.Attach(Pid);
        if (result >= 0)
            return pid;
        Fault fault = new($"adding pid {Pid} to cgroups {_cgroup.Path}/cgroup.procs: {Errno.Text(-result)}")
        {
            Field = _options.Cgroup is null ? "container" : "--cgroup",
            Value = _options.Cgroup ?? _options.Id,
            Syscall = "write",
            Errno = -result,
            Hint = _cgroup.Obstacle() ?? (result == -Errno.EBUSY ? "controllers are on for the cgroups below it: name one of those" : null),
        };
        if (!_record.Rootless)
            throw new FaultException(fault);

        // features.md EB03: without rights over the cgroup the process stays in the caller's.
        Log.Warning(fault.Text());
        return pid;
    }

    private long Took(long pid, int pidfd)
    {
        if (pid < 0)
            return pid;
        _pid = (int)pid;
        _pidfd = new Fd(pidfd);
        return pid;
    }

    // False when the container's first process is in the cgroup that was tried.
    private bool MoveToInits()
    {
        if (ContainerCgroup.OfInit(_record, but: _cgroup!.Path) is not { } inits)
            return false;
        _cgroup.Dispose();
        _cgroup = inits;
        _context->Closed[_context->ClosedCount - 1] = inits.Directory.Number;
        return true;
    }

    // Set here, so that the process has them when it comes to its cgroup (features.md PS27). Returns what to go back to.
    private ulong[]? InitialCpus()
    {
        Utf8 list = _config.Process!.ExecCpuAffinity?.Initial ?? default;
        if (list.IsEmpty)
            return null;
        ulong[] before = new ulong[128];
        int length = Sys.sched_getaffinity(before);
        int result = Sys.sched_setaffinity(NumberList.Parse(list.Span, out _));
        if (result >= 0 && length > 0)
            return before[..(length / sizeof(ulong))];
        throw new FaultException(new Fault("cannot set the CPUs")
        {
            Field = "process.execCPUAffinity.initial",
            Value = list.ToString(),
            Syscall = "sched_setaffinity",
            Errno = -result,
            Hint = "none of these CPUs is online and in the runtime's cpuset",
        });
    }
}
