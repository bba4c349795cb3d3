using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.State;

/// <summary>
/// One container's directory below the state root, held by descriptor. It is the proof that something of the
/// container may be left, so it is made first and removed last.
/// </summary>
internal sealed partial class ContainerDirectory : IDisposable
{
    /// <summary>How long <see cref="Lock()"/> waits, in milliseconds.</summary>
    internal const int LockLimit = 10_000;

    private readonly StateRoot _root;
    private bool _locked;

    internal ContainerDirectory(StateRoot root, string id, Fd directory)
    {
        _root = root;
        Id = id;
        Directory = directory;
    }

    public string Id { get; }

    /// <summary>Readable descriptor of the directory.</summary>
    public Fd Directory { get; }

    /// <summary>Shorthand for <c>Directory.Number</c>.</summary>
    public int Number => Directory.Number;

    /// <summary>Descriptor of the state root.</summary>
    public int RootNumber => _root.Number;

    /// <summary>Absolute path; for texts and for what the kernel takes no descriptor for.</summary>
    public string Path => $"{_root.Path}/{Id}";

    /// <summary>
    /// Takes the container for this process (flock(2)); a second call changes nothing. A forked child shares the lock
    /// until it closes the descriptor, so a child that outlives the command must close it.
    /// </summary>
    /// <exception cref="FaultException">Another command holds it for more than ten seconds, or the container is gone.</exception>
    public void Lock() => Lock(LockLimit);

    internal void Lock(int limit)
    {
        if (_locked)
            return;
        long deadline = Environment.TickCount64 + limit;
        for (int pause = 1; ; pause = Math.Min(pause * 2, 20))
        {
            int result = Sys.flock(Number, Uapi.LOCK_EX | Uapi.LOCK_NB);
            if (result == 0)
                break;
            if (result != -Errno.EAGAIN && result != -Errno.EINTR)
                throw Failed("cannot lock the container", "flock", result);
            if (Environment.TickCount64 >= deadline)
            {
                throw new FaultException(new Fault("another command is working on the container")
                {
                    Field = "container",
                    Value = Id,
                    Hint = "try again when it has ended",
                    Code = "container-busy",
                });
            }

            Sys.nanosleep(pause);
        }

        _locked = true;
        if (IsRemoved())
            throw StateRoot.Missing(Id);
    }

    /// <summary>True when another open file description holds the lock.</summary>
    public bool IsLockedByAnother()
    {
        if (_locked)
            return false;
        if (Sys.flock(Number, Uapi.LOCK_SH | Uapi.LOCK_NB) == -Errno.EAGAIN)
            return true;
        Sys.flock(Number, Uapi.LOCK_UN);
        return false;
    }

    /// <summary>Releases the lock, for a command that goes on after its change is complete.</summary>
    public void Unlock()
    {
        if (_locked)
            Sys.flock(Number, Uapi.LOCK_UN);
        _locked = false;
    }

    /// <summary>Uid that owns the directory.</summary>
    public uint Owner() => Sys.fstat(Number, out stat info) == 0 ? info.st_uid : 0;

    public void Dispose()
    {
        Unlock();
        Directory.Dispose();
    }

    private bool IsRemoved() => Sys.fstat(Number, out stat info) == 0 && info.st_nlink == 0;

    private FaultException Failed(string message, string syscall, int result) => new(new Fault(message)
    {
        Field = "container",
        Value = Id,
        Syscall = syscall,
        Errno = -result,
    });
}
