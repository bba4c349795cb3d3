using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// One CRIU process (<c>criu swrk 3</c>) and the socket to it, for one request. Disposing ends the process, which
/// takes back what it has half done.
/// </summary>
internal sealed unsafe class CriuConnection : IDisposable
{
    /// <summary>Code of the fault that tells that CRIU ended without an answer.</summary>
    public const string DiedCode = "criu-died";

    /// <summary>Milliseconds for what takes no work.</summary>
    private const int AnswerLimit = 10_000;

    // Milliseconds for CRIU to undo its work once it has been told to, or has nobody left to tell.
    private const int UndoLimit = 10_000;

    // Milliseconds from one message to the next when nothing is left but to let the restored processes run. CRIU 4.1.1 waits
    // there for ever for a process that fails at that: the first of a pid namespace, which waits for one that CRIU traces.
    private const int ReleaseLimit = 20_000;

    // Answers hold an error text at most.
    private const int LargestAnswer = 64 * 1024;

    // Above what they become in the process.
    private const int FirstDescriptor = 100;

    private readonly Fd _socket;
    private readonly int* _failure;
    private int _pid;
    private Fd? _pidfd;

    private enum Awaited
    {
        Nothing,
        Message,
        Other,
    }

    private CriuConnection(Fd socket, int* failure)
    {
        _socket = socket;
        _failure = failure;
    }

    /// <summary>Pid of CRIU.</summary>
    public int Pid => _pid;

    public Fd Pidfd => _pidfd!;

    /// <summary>A CRIU that has nothing of the caller's open.</summary>
    /// <exception cref="FaultException">It is not installed, or cannot be started.</exception>
    public static CriuConnection Start() => Start([], keepsStdio: false, ownCgroupNamespace: false);

    /// <summary>Starts CRIU.</summary>
    /// <param name="descriptors">Become 4 and so on.</param>
    /// <param name="keepsStdio">It gets this process's 0 to 2; else /dev/null.</param>
    /// <param name="ownCgroupNamespace">It makes a cgroup namespace at the first request, in the cgroup in which it is then.</param>
    public static CriuConnection Start(ReadOnlySpan<int> descriptors, bool keepsStdio, bool ownCgroupNamespace)
    {
        Utf8 program = Spawn.Find("criu") ?? throw Missing();
        int* two = stackalloc int[2];
        int result = Sys.socketpair(Uapi.AF_UNIX, Uapi.SOCK_SEQPACKET, two);
        if (result < 0)
            throw Failed("socketpair", result);
        Fd socket = new(two[0]);
        using Fd server = new(two[1]);
        using Fd? nothing = keepsStdio ? null : new Fd(Sys.openat(Uapi.AT_FDCWD, "/dev/null"u8, Uapi.O_RDWR));
        int* failure = (int*)Sys.mmap(2 * sizeof(int), Uapi.PROT_READ | Uapi.PROT_WRITE, Uapi.MAP_SHARED | Uapi.MAP_ANONYMOUS);
        if (failure is null)
            throw Failed("mmap", -Errno.ENOMEM);
        CriuConnection connection = new(socket, failure);
        using Arena arena = new();
        CriuStep* step = arena.Make<CriuStep>();
        *step = new CriuStep
        {
            Path = arena.Text(program),
            Argv = arena.Vector(["criu", "swrk", "3"]),
            Envp = arena.Vector(RuntimeHooks.OwnEnvironment()),
            Descriptors = arena.Array<int>(descriptors.Length + 1),
            DescriptorCount = descriptors.Length + 1,
            Stdio = -1,
            OwnCgroupNamespace = ownCgroupNamespace ? 1 : 0,
            Failure = failure,
        };
        try
        {
            step->Descriptors[0] = High(server.Number);
            for (int i = 0; i < descriptors.Length; i++)
                step->Descriptors[i + 1] = High(descriptors[i]);
            if (nothing is not null)
                step->Stdio = High(nothing.Number);
            connection.Clone(step);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
        finally
        {
            for (int i = 0; i < step->DescriptorCount; i++)
                Close(step->Descriptors[i]);
            Close(step->Stdio);
        }
    }

    /// <summary>CRIU's version: 31502 is 3.15.2.</summary>
    /// <exception cref="FaultException">It is older than 3.0, or does not answer within ten seconds.</exception>
    public static int AskVersion()
    {
        using CriuConnection connection = Start();
        CriuResponse response = connection.Ask(CriuRequest.Version());
        Log.Debug($"criu's version is {response.Version}");
        if (response.Success && response.Version >= 30_000)
            return response.Version;
        throw new FaultException(new Fault(response.Version == 0
            ? "this CRIU does not tell its version"
            : $"CRIU version {response.Version} must be 30000 or higher")
        {
            Hint = "install CRIU 3.0 or newer",
            Code = "criu-version",
        });
    }

    /// <summary>Asks for features of CRIU and of the kernel.</summary>
    /// <exception cref="FaultException">One that is asked for is missing.</exception>
    public static void Need(bool memoryTracking, bool lazyPages)
    {
        using CriuConnection connection = Start();
        CriuResponse response = connection.Ask(CriuRequest.Features(memoryTracking, lazyPages));
        if (!response.Success)
            throw new FaultException(new Fault($"CRIU feature check failed: {response.Message}") { Hint = "'criu check --all' says what is missing" });
        bool noTracking = memoryTracking && !response.HasMemoryTracking;
        if (!noTracking && (!lazyPages || response.HasLazyPages))
            return;
        throw new FaultException(new Fault($"criu is missing features: [{(noTracking ? "MemTrack" : "LazyPages")}]")
        {
            Field = noTracking ? "--pre-dump" : "--lazy-pages",
            Hint = noTracking
                ? "the kernel must be built with CONFIG_MEM_SOFT_DIRTY"
                : "the kernel must have userfaultfd(2) with its non-cooperative features",
            Code = "criu-features",
        });
    }

    /// <summary>Sends a request, answers the notifications about it and returns the final answer.</summary>
    /// <param name="request">The message.</param>
    /// <param name="notified">Acts on a notification, with the descriptor that came with it or null; what it throws makes CRIU give up first.</param>
    /// <param name="signals">A descriptor whose readability <paramref name="woken"/> looks at; -1 for none.</param>
    /// <param name="woken">Throws when the work is to end.</param>
    /// <exception cref="FaultException">CRIU ended without an answer, or one of the two threw.</exception>
    public CriuResponse Run(byte[] request, Action<CriuResponse, Fd?> notified, int signals = -1, Action? woken = null)
    {
        Send(request);
        int limit = -1;
        while (true)
        {
            Awaited awaited;
            while ((awaited = Wait(limit, signals)) == Awaited.Other)
                woken!();
            if (awaited == Awaited.Nothing)
                throw Stuck();
            CriuResponse response = Receive(out Fd? received);
            using (received)
            {
                if (response.Type != CriuRequestType.Notify || !response.Success)
                    return response;
                try
                {
                    Log.Debug($"criu's notification: {response.Script}");
                    notified(response, received);
                }
                catch (FaultException)
                {
                    GiveUp();
                    throw;
                }
            }

            if (response.Script == "post-restore")
                limit = ReleaseLimit;
            Send(CriuRequest.Notified(success: true));
        }
    }

    /// <summary>Closes the connection and waits for the process: its exit status.</summary>
    public int Finish()
    {
        _socket.Dispose();
        if (!Ends(UndoLimit))
            Sys.kill(_pid, Uapi.SIGKILL);
        return Reap();
    }

    public void Dispose()
    {
        if (_pid > 0)
            Finish();
        _socket.Dispose();
        _pidfd?.Dispose();
        Sys.munmap(_failure, 2 * sizeof(int));
    }

    private CriuResponse Ask(byte[] request)
    {
        Send(request);
        if (Wait(AnswerLimit, -1) != Awaited.Message)
        {
            Sys.kill(_pid, Uapi.SIGKILL);
            throw new FaultException(new Fault($"criu did not answer within {AnswerLimit / 1000} s") { Hint = "'criu check' may hang too; then see the kernel's log" });
        }

        CriuResponse response = Receive(out Fd? received);
        received?.Dispose();
        return response;
    }

    // CRIU kills what it has restored, or lets go on what it was about to dump, and says that it failed.
    private void GiveUp()
    {
        Sys.send(_socket.Number, CriuRequest.Notified(success: false));
        if (Wait(UndoLimit, -1) == Awaited.Message)
            Sys.recvmsg(_socket.Number, new byte[LargestAnswer], out _);
    }

    private void Clone(CriuStep* step)
    {
        long pid = Raw.clone(Uapi.SIGCHLD, null);
        if (pid == 0)
            CriuStart.Run(step);
        if (pid < 0)
            throw Failed("clone", (int)pid);
        _pid = (int)pid;
        _pidfd = new Fd(Sys.pidfd_open(_pid));
    }

    private void Send(byte[] message)
    {
        long n = Sys.send(_socket.Number, message);
        if (n == message.Length)
            return;
        throw n is -Errno.EPIPE or -Errno.ECONNRESET ? Died() : Failed("sendto", (int)n);
    }

    // A message is there also when nobody is left to write one.
    private Awaited Wait(int milliseconds, int other)
    {
        Span<pollfd> wait =
        [
            new pollfd { fd = _socket.Number, events = Uapi.POLLIN },
            new pollfd { fd = other, events = Uapi.POLLIN },
        ];
        int result;
        do
            result = Sys.ppoll(wait, milliseconds);
        while (result == -Errno.EINTR);
        return wait[0].revents != 0 ? Awaited.Message : wait[1].revents != 0 ? Awaited.Other : Awaited.Nothing;
    }

    private CriuResponse Receive(out Fd? received)
    {
        byte[] buffer = new byte[LargestAnswer];
        long n = Sys.recvmsg(_socket.Number, buffer, out int descriptor);
        received = descriptor >= 0 ? new Fd(descriptor) : null;
        if (n > 0)
            return CriuResponse.Parse(buffer.AsSpan(0, (int)n));
        throw n is 0 or -Errno.ECONNRESET ? Died() : Failed("recvmsg", (int)n);
    }

    private bool Ends(int milliseconds)
    {
        Span<pollfd> wait = [new pollfd { fd = _pidfd!.Number, events = Uapi.POLLIN }];
        return _pidfd.Number >= 0 && Sys.ppoll(wait, milliseconds) > 0;
    }

    private int Reap()
    {
        if (_pid <= 0)
            return 0;
        Sys.waitid(Uapi.P_PID, _pid, out siginfo_t info, Uapi.WEXITED | Uapi.__WALL);
        _pid = 0;
        return Spawn.ExitStatus(info);
    }

    private FaultException Died()
    {
        int status = Finish();
        if (_failure[0] != 0)
            return Failed(Failure.SyscallName(_failure[0]), -_failure[1]);
        return new FaultException(new Fault(status > 128
            ? $"criu was {Failure.KilledBy(status - 128)}"
            : $"criu ended with status {status} and without an answer")
        {
            Code = DiedCode,
        });
    }

    private FaultException Stuck()
    {
        Sys.kill(_pid, Uapi.SIGKILL);
        return new FaultException(new Fault($"criu failed: type RESTORE: the processes are restored and do not run after {ReleaseLimit / 1000} s")
        {
            Hint = "see CRIU's log in --work-path for what it has done last",
            Code = DiedCode,
        });
    }

    private static int High(int fd)
    {
        int high = fd < 0 ? fd : Sys.fcntl(fd, Uapi.F_DUPFD_CLOEXEC, FirstDescriptor);
        return high >= 0 ? high : throw Failed("fcntl", high);
    }

    private static void Close(int fd)
    {
        if (fd >= FirstDescriptor)
            Sys.close(fd);
    }

    private static FaultException Missing() => new(new Fault("criu is not in PATH")
    {
        Hint = "install CRIU 3.0 or newer (Debian: apt install criu)",
        Code = "criu-missing",
    });

    private static FaultException Failed(string? syscall, int result) =>
        new(new Fault("cannot run criu") { Syscall = syscall, Errno = -result });
}
