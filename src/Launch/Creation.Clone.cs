using System;
using OciRun.Cgroups;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.State;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    // Keeps the instructions behind it aligned.
    private const int FlagsSize = 8;

    private Fd? _sync;
    private Fd? _pidfd;
    private Fd? _signals;
    private ChildContext* _context;
    private byte* _shared;

    // The last words: part of the shared memory, or a file's.
    private byte* _words;
    private int _pid;
    private int _intermediate;

    // A process of the container existed, so its hooks may have done what the poststop hooks undo.
    private bool _began;

    /// <summary>Pid of the container's process in this pid namespace.</summary>
    public int Pid => _pid;

    /// <summary>A pidfd of it.</summary>
    public Fd Pidfd => _pidfd!;

    /// <summary>All signals of this process: none is lost between clone and start.</summary>
    public Fd Signals => _signals!;

    /// <summary>
    /// Clones the child and does what it cannot do itself, in parallel with it: id maps, oom score, device program,
    /// seccomp filter, state.
    /// </summary>
    public void Clone()
    {
        MakeContext();
        bool maps = (_plan.CloneFlags & Uapi.CLONE_NEWUSER) != 0;

        // The score of the first process must be there before a second one is cloned from it.
        bool inherited = _config.Process!.OomScoreAdj is not null && _plan.Find(Op.CloneFinal) >= 0;
        bool inherits = _unit is not null && !_plan.CgroupIsLate;
        _context->WaitForParent = maps || inherited || inherits ? 1 : 0;
        OpenJoined();
        MakeSources();
        RunParentSteps();
        int* two = stackalloc int[2];
        int result = Sys.socketpair(Uapi.AF_UNIX, Uapi.SOCK_SEQPACKET, two);
        if (result < 0)
            throw new FaultException(new Fault("cannot make a socket pair") { Syscall = "socketpair", Errno = -result });
        _sync = new Fd(two[0]);
        using Fd childEnd = new(two[1]);
        using Fd? gate = _waitsAtGate ? GateSocket.Listen(_directory!.Number) : null;
        _context->Slots[Slot.Sync] = childEnd.Number;
        _context->Slots[Slot.Gate] = gate?.Number ?? -1;
        _context->HasGate = gate is null ? 0 : 1;
        CloseInChild(_sync.Number, _signals!.Number, _directory!.Number, _root!.Number, _cgroup?.Directory.Number ?? -1, _unit?.Number ?? -1);
        using (OpenHookOutput())
            Start();
        _began = true;
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
    }

    private void MapUsers()
    {
        IdMaps.Write(_pid, _config.Linux?.UidMappings ?? [], _config.Linux?.GidMappings ?? [], "linux.uidMappings", "linux.gidMappings");
        MapSourcesAsContainer();
    }

    /// <summary>Lets the child go on: past its wait for the maps, or from ready to the gate or to its program.</summary>
    public void Go()
    {
        ReadOnlySpan<byte> go = [1];
        long result = Sys.write(_sync!.Number, go);
        if (result < 0)
            throw new FaultException(Died());
    }

    // Shared memory holds what the parent writes after the clone and what the child has to say about options.
    private void MakeContext()
    {
        ulong all = ulong.MaxValue;
        _signals = new Fd(Sys.signalfd4(all, Uapi.SFD_CLOEXEC | Uapi.SFD_NONBLOCK));
        _shared = Sys.mmap(SharedSize, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_SHARED | Uapi.MAP_ANONYMOUS);
        if (_shared is null)
            throw new FaultException(new Fault("cannot allocate shared memory") { Syscall = "mmap", Errno = Errno.ENOMEM });
        _record = _record with { LastWords = _waitsAtGate && LastWords.NeedFile(_config.Linux?.Seccomp) };
        _words = _record.LastWords ? LastWords.Map(_directory!) : _shared + sizeof(SeccompSlot);
        _context = _plan.Arena.Make<ChildContext>();
        *_context = new ChildContext
        {
            Steps = _plan.Freeze(),
            StepCount = _plan.Steps.Count,
            Slots = _plan.Arena.Array<int>(_plan.SlotCount),
            SlotCount = _plan.SlotCount,
            PreserveFds = _options.PreserveFds + Inherited.ListenFds,
            WarningsAllowed = 1,
            Scratch = _plan.Arena.Allocate(2 * 4096),
            Seccomp = (SeccompSlot*)_shared,
            Last = (Report*)_words,
            Message = _words + sizeof(Report),
            RlimitsLeft = (uint*)(_shared + sizeof(SeccompSlot) + LastWords.Size),
            Closed = _plan.Arena.Array<int>(8),
        };
        for (int i = 0; i < _plan.SlotCount; i++)
            _context->Slots[i] = -1;
    }

    private void FreeContext()
    {
        _plan.Arena.Dispose();
        if (_record.LastWords && _words is not null)
            Sys.munmap(_words, LastWords.Size);
        if (_shared is not null)
            Sys.munmap(_shared, SharedSize);
        _words = null;
        _shared = null;
    }

    private static long SharedSize =>
        sizeof(SeccompSlot) + LastWords.Size + FlagsSize + ((long)sizeof(sock_filter) * SeccompSlot.MaximumInstructions);

    // The parent's own descriptors: above all no directory of the host may be open in what enters the container.
    private void CloseInChild(params ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            if (number >= 0)
                _context->Closed[_context->ClosedCount++] = number;
        }
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
        int pidfd = -1;
        clone_args args = new()
        {
            flags = _plan.CloneFlags | Uapi.CLONE_PIDFD | (_cgroup is null ? 0 : Uapi.CLONE_INTO_CGROUP),
            pidfd = (ulong)&pidfd,
            exit_signal = Uapi.SIGCHLD,
            cgroup = (ulong)(_cgroup?.Directory.Number ?? 0),
        };
#if DEBUG || OCIRUN_MEASURE
        _context->AllocatedBefore = GC.GetAllocatedBytesForCurrentThread();
#endif
        long pid = Raw.clone3(&args, sizeof(clone_args));
        if (pid == 0)
            Executor.Run(_context);
        if (pid is -Errno.ENOSYS or -Errno.EPERM or -Errno.E2BIG or -Errno.EINVAL or -Errno.EACCES or -Errno.EOPNOTSUPP)
        {
            _context->WaitForParent = 1;
            pid = Raw.clone(_plan.CloneFlags | Uapi.CLONE_PIDFD | Uapi.SIGCHLD, &pidfd);
            if (pid == 0)
                Executor.Run(_context);
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
                    Errno.ENOSPC => "a limit in /proc/sys/user is reached",
                    Errno.EAGAIN => "a limit on processes is reached",
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

    // A clone while another managed thread allocates can copy a suspension that nobody ends.
    [System.Diagnostics.Conditional("DEBUG")]
    private static void CheckThreads()
    {
        int threads = 0;
        using Fd tasks = new(Sys.openat(Uapi.AT_FDCWD, "/proc/self/task"u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        byte[] buffer = new byte[4096];
        int length = Sys.getdents64(tasks.Number, buffer);
        foreach (ReadOnlySpan<byte> _ in new DirectoryEntries(buffer.AsSpan(0, Math.Max(length, 0))))
            threads++;
        if (threads > 2)
            throw new InvalidOperationException($"{threads} threads at clone");
    }

    private void SetOomScore()
    {
        if (_config.Process!.OomScoreAdj is not int score)
            return;
        int result = ProcFile.Write(_pid, "oom_score_adj", Sys.Bytes(score.ToString()));
        if (result == 0)
            return;
        throw new FaultException(new Fault("cannot set the OOM score")
        {
            Field = "process.oomScoreAdj",
            Value = score.ToString(),
            Syscall = "write",
            Errno = -result,
            Hint = result switch
            {
                -Errno.EACCES or -Errno.EPERM => "lowering it needs CAP_SYS_RESOURCE",
                -Errno.EXDEV => ProcFile.Covered,
                _ => null,
            },
        });
    }

    private void ApplyDevices()
    {
        if (_cgroup is null)
            return;
        bool tolerate = _record.Rootless || Host.Machine.InUserNamespace
            || DeviceProgram.AllowsEverything(_config.Linux?.Resources?.Devices, _config.Linux?.Devices);
        if (!DeviceController.Apply(_cgroup.Directory.Number, _devices, _cgroup.IsNew, tolerate))
            Log.Warning("linux.resources.devices: the kernel does not let this user restrict devices");
    }

    private void CompileSeccomp()
    {
        if (_config.Linux?.Seccomp is null)
            return;
        byte* code = _shared + sizeof(SeccompSlot) + LastWords.Size + FlagsSize;
        Span<sock_filter> into = new(code, SeccompSlot.MaximumInstructions);
        int count = SeccompCompiler.Compile(_config.Linux.Seccomp, System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture, into, out SeccompLoad load);
        SeccompSlot* slot = (SeccompSlot*)_shared;
        slot->Program.filter = code;
        slot->Program.len = (ushort)count;
        slot->Flags = load.FilterFlags;
        if (Log.IsDebug)
            Log.Debug($"seccomp filter flags: {load.FilterFlags}");
        slot->OptionalFlags = load.OptionalFlags;
    }

    private void KillChild()
    {
        if (_pidfd is { Number: >= 0 })
            Sys.pidfd_send_signal(_pidfd.Number, Uapi.SIGKILL);
        else if (_pid > 0)
            Sys.kill(_pid, Uapi.SIGKILL);
        if (_pid > 0)
            Sys.waitid(Uapi.P_PID, _pid, out _, Uapi.WEXITED | Uapi.__WALL);
        if (_intermediate > 0)
            Sys.waitid(Uapi.P_PID, _intermediate, out _, Uapi.WEXITED | Uapi.__WALL);
        _pid = 0;
    }
}
