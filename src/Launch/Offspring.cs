using System;
using System.Runtime.InteropServices;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;
using OciRun.Validate;

namespace OciRun.Launch;

/// <summary>
/// The parent's side of one process that is cloned to run a plan: the memory shared with it, the socket to it, its
/// pidfd. Creating and executing differ in what they plan and in what they do beside it.
/// </summary>
internal abstract unsafe partial class Offspring : IDisposable
{
    // Keeps the instructions behind it aligned.
    private const int FlagsSize = 8;

    private const int MostClosed = 12;

    private protected Config _config = new();
    private protected ContainerPlan _plan = new();
    private protected Fd? _sync;
    private protected Fd? _pidfd;
    private protected Fd? _signals;
    private protected ChildContext* _context;
    private protected byte* _shared;
    private long _sharedSize;

    // The last words: part of the shared memory, or a file's.
    private protected byte* _words;
    private ContainerDirectory? _wordsFile;
    private protected int _pid;
    private protected int _intermediate;

    /// <summary>Pid of the container's process in this pid namespace.</summary>
    public int Pid => _pid;

    /// <summary>A pidfd of it.</summary>
    public Fd Pidfd => _pidfd!;

    /// <summary>All signals of this process: none is lost between clone and start.</summary>
    public Fd Signals => _signals!;

    /// <summary>Lets the child go on: past its wait for the maps, or from ready to the gate or to its program.</summary>
    public void Go()
    {
        ReadOnlySpan<byte> go = [1];
        long result = Sys.write(_sync!.Number, go);
        if (result is -Errno.EPIPE or -Errno.ECONNRESET)
            throw new FaultException(Died());
        if (result < 0)
            throw new FaultException(new Fault("cannot tell the container's process to go on") { Syscall = "write", Errno = (int)-result });
    }

    /// <summary>Shared memory holds what the parent writes after the clone and what the child has to say about options.</summary>
    /// <param name="preserved">Number of descriptors from 3 on that stay open.</param>
    /// <param name="words">The directory whose file takes the last words, null for memory alone.</param>
    private protected void MakeContext(int preserved, ContainerDirectory? words)
    {
        ulong all = ulong.MaxValue;
        _signals = new Fd(Sys.signalfd4(all, Uapi.SFD_CLOEXEC | Uapi.SFD_NONBLOCK));
        if (_signals.Number < 0)
            throw new FaultException(new Fault("cannot watch for signals") { Syscall = "signalfd4", Errno = -_signals.Number });
        _sharedSize = SharedSize + MarksSize;
        _shared = Sys.mmap(_sharedSize, Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_SHARED | Uapi.MAP_ANONYMOUS);
        if (_shared is null)
            throw new FaultException(new Fault("cannot allocate shared memory") { Syscall = "mmap", Errno = Errno.ENOMEM });
        _wordsFile = words;
        _words = words is not null ? LastWords.Map(words) : _shared + sizeof(SeccompSlot);
        _context = _plan.Arena.Make<ChildContext>();
        *_context = new ChildContext
        {
            Steps = _plan.Freeze(),
            StepCount = _plan.Steps.Count,
            Slots = _plan.Arena.Array<int>(_plan.SlotCount),
            SlotCount = _plan.SlotCount,
            PreserveFds = preserved,
            WarningsAllowed = 1,
            Scratch = _plan.Arena.Allocate(2 * 4096),
            Seccomp = (SeccompSlot*)_shared,
            Last = (Report*)_words,
            Message = _words + sizeof(Report),
            RlimitsLeft = (uint*)(_shared + sizeof(SeccompSlot) + LastWords.Size),
            Closed = _plan.Arena.Array<int>(MostClosed),
        };
        if (_sharedSize > SharedSize)
        {
            _context->Marks = (long*)(_shared + SharedSize);
            _context->MarkLimit = MarkLimit();
            CloseInChild(Trace.Descriptor, Log.Descriptor);
        }

        for (int i = 0; i < _plan.SlotCount; i++)
            _context->Slots[i] = -1;
    }

    private protected void FreeContext()
    {
        TraceSteps();
        _context = null;
        _plan.Arena.Dispose();
        if (_wordsFile is not null && _words is not null)
            Sys.munmap(_words, LastWords.Size);
        if (_shared is not null)
            Sys.munmap(_shared, _sharedSize);
        _words = null;
        _shared = null;
    }

    private static long SharedSize =>
        sizeof(SeccompSlot) + LastWords.Size + FlagsSize + ((long)sizeof(sock_filter) * SeccompSlot.MaximumInstructions);

    // The parent's own descriptors: above all no directory of the host may be open in what enters the container.
    private protected void CloseInChild(params ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
        {
            if (number >= 0)
                _context->Closed[_context->ClosedCount++] = number;
        }
    }

    private protected static ValidationFacts Facts(Config config, RootLayers? layers) => new()
    {
        Layers = layers,
        Privileged = Sys.geteuid() == 0 && !Machine.InUserNamespace,
        Euid = Sys.geteuid(),
        InUserNamespace = Machine.InUserNamespace,
        RootlessEuid = Sys.geteuid() != 0,
        LastCapability = Machine.LastCapability,

        // Looked up only for a config that asks.
        AppArmor = config.Process is { ApparmorProfile.IsEmpty: false } && Machine.AppArmorEnabled,
        SELinux = (config.Process is { SelinuxLabel.IsEmpty: false } || config.Linux is { MountLabel.IsEmpty: false })
            && Machine.SELinuxEnabled,
    };

    // Who shall hold the master must be known before the terminal exists.
    private protected static void CheckTerminal(bool terminal, bool detached, string? socket)
    {
        if (terminal && detached && socket is null)
        {
            throw new FaultException(new Fault("cannot allocate tty if ocirun will detach without setting console socket")
            {
                Field = "process.terminal",
                Value = "true",
                Hint = "give --console-socket, or set process.terminal to false",
            });
        }

        if (socket is not null && (!terminal || !detached))
        {
            throw new FaultException(new Fault("cannot use console socket if ocirun will not detach or allocate tty")
            {
                Field = "--console-socket",
                Value = socket,
                Hint = "set process.terminal to true and use create or --detach",
            });
        }
    }

    private protected static bool Sets(Process? process, ReadOnlySpan<byte> variable)
    {
        foreach (Utf8 entry in process?.Env ?? [])
        {
            if (entry.StartsWith(variable))
                return true;
        }

        return false;
    }

    /// <summary>Makes the socket between the two; the result is the child's end.</summary>
    private protected Fd MakeSync()
    {
        int* two = stackalloc int[2];
        int result = Sys.socketpair(Uapi.AF_UNIX, Uapi.SOCK_SEQPACKET, two);
        if (result < 0)
            throw new FaultException(new Fault("cannot make a socket pair") { Syscall = "socketpair", Errno = -result });
        _sync = new Fd(two[0]);
        _context->Slots[Slot.Sync] = two[1];
        return new Fd(two[1]);
    }

    // A clone while another managed thread allocates can copy a suspension that nobody ends.
    [System.Diagnostics.Conditional("DEBUG")]
    private protected static void CheckThreads()
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

    // The plan's process, in the runtime's own cgroup.
    private protected void CloneHere(string failure)
    {
        CheckThreads();
        MarkClone();
#if DEBUG || OCIRUN_MEASURE
        _context->AllocatedBefore = GC.GetAllocatedBytesForCurrentThread();
#endif
        int pidfd = -1;
        long pid = CloneChild(_context, 0, &pidfd);
        if (pid < 0)
            throw new FaultException(new Fault(failure) { Syscall = "clone", Errno = (int)-pid });
        _pid = (int)pid;
        _pidfd = new Fd(pidfd);
    }

    // The child is handed the context: it has no heap to read it from (MADV_DONTFORK in startup.c).
    private protected static long CloneChild(ChildContext* context, clone_args* args)
    {
        long pid = Raw.clone3(args, sizeof(clone_args));
        if (pid == 0)
            Executor.Run(context);
        return pid;
    }

    private protected static long CloneChild(ChildContext* context, ulong flags, int* pidfd)
    {
        long pid = Raw.clone(flags | Uapi.CLONE_PIDFD | Uapi.SIGCHLD, pidfd);
        if (pid == 0)
            Executor.Run(context);
        return pid;
    }

    private protected void SetOomScore()
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

    private protected void CompileSeccomp()
    {
        if (_config.Linux?.Seccomp is null)
            return;
        Trace.Phase("seccomp filter");
        byte* code = _shared + sizeof(SeccompSlot) + LastWords.Size + FlagsSize;
        Span<sock_filter> into = new(code, SeccompSlot.MaximumInstructions);
        Architecture machine = RuntimeInformation.ProcessArchitecture;
        int count = SeccompCompiler.Compile(_config.Linux.Seccomp, machine, into, out SeccompLoad load);
        SeccompSlot* slot = (SeccompSlot*)_shared;
        slot->Program.filter = code;
        slot->Program.len = (ushort)count;
        slot->Flags = load.FilterFlags;
        if (Log.IsDebug)
            Log.Debug($"seccomp filter flags: {load.FilterFlags}");
        slot->OptionalFlags = load.OptionalFlags;
        slot->IsToBeVerified = SeccompCompiler.Allows(into[..count], machine, SYS.prctl, Uapi.PR_GET_SECCOMP) ? 1 : 0;
    }

    private protected void KillChild()
    {
        Witness();
        bool isKilled = _pidfd is { Number: >= 0 } && Sys.pidfd_send_signal(_pidfd.Number, Uapi.SIGKILL) == 0;

        // The number is that of an unreaped child.
        if (!isKilled && _pid > 0)
            Sys.kill(_pid, Uapi.SIGKILL);
        if (_pid > 0)
            Sys.waitid(Uapi.P_PID, _pid, out _, Uapi.WEXITED | Uapi.__WALL);
        if (_intermediate > 0)
            Sys.waitid(Uapi.P_PID, _intermediate, out _, Uapi.WEXITED | Uapi.__WALL);
        _pid = 0;
    }

    public virtual void Dispose()
    {
        _received?.Dispose();
        _mappings?.Dispose();
        _sync?.Dispose();
        _pidfd?.Dispose();
        _signals?.Dispose();
        FreeContext();
        GC.SuppressFinalize(this);
    }
}
