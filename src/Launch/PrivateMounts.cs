using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// A mount namespace other than the host's, in which this thread is until the object is disposed. What is started and
/// opened meanwhile stays in it; the host sees none of its mounts, and it ends with the last who uses it.
/// </summary>
internal sealed class PrivateMounts : IDisposable
{
    private readonly Fd _home;
    private readonly Fd _root;
    private readonly Fd _directory;

    private PrivateMounts()
    {
        _home = new Fd(Sys.openat(Uapi.AT_FDCWD, "/proc/self/ns/mnt"u8, Uapi.O_RDONLY));

        // Returning leads to the root of the namespace, which need not be this process's.
        _root = new Fd(Sys.openat(Uapi.AT_FDCWD, "/"u8, Uapi.O_PATH | Uapi.O_DIRECTORY));
        _directory = new Fd(Sys.openat(Uapi.AT_FDCWD, "."u8, Uapi.O_PATH | Uapi.O_DIRECTORY));
    }

    /// <exception cref="FaultException">The kernel refuses.</exception>
    public static PrivateMounts Enter()
    {
        PrivateMounts mounts = new();
        int result = mounts._home.Number < 0 ? mounts._home.Number : mounts._root.Number < 0 ? mounts._root.Number : Sys.unshare(Uapi.CLONE_NEWNS);
        if (result < 0)
        {
            mounts.Close();
            throw Failed("cannot make a mount namespace for CRIU", "unshare", result);
        }

        try
        {
            // Slaves and not private ones: from these CRIU takes the host's peer group for what was its slave when it was dumped.
            result = Sys.mount(""u8, "/"u8, Uapi.MS_SLAVE | Uapi.MS_REC);
            return result >= 0 ? mounts : throw Failed("cannot cut the mounts off from the host's", "mount", result);
        }
        catch
        {
            mounts.Dispose();
            throw;
        }
    }

    /// <summary>Enters one that exists; its root becomes this thread's root and working directory.</summary>
    /// <param name="mounts">Descriptor of the mount namespace.</param>
    /// <exception cref="FaultException">It is the one that this thread is in, or the kernel refuses.</exception>
    public static PrivateMounts Join(Fd mounts)
    {
        PrivateMounts joined = new();
        int result = joined._home.Number < 0 ? joined._home.Number : joined._root.Number < 0 ? joined._root.Number
            : mounts.Number < 0 ? mounts.Number
            : IsSame(joined._home, mounts) ? -Errno.EINVAL : Sys.setns(mounts.Number, Uapi.CLONE_NEWNS);
        if (result >= 0)
            return joined;
        joined.Close();
        throw Failed("cannot enter the container's mount namespace", "setns", result);
    }

    /// <summary>Returns to where this thread was.</summary>
    /// <exception cref="FaultException">The kernel refuses: nothing can be done on the host any more.</exception>
    public void Dispose()
    {
        int result = Sys.setns(_home.Number, Uapi.CLONE_NEWNS);
        if (result >= 0)
            result = Sys.fchdir(_root.Number);
        if (result >= 0)
            result = Sys.ChangeRootHere();
        if (_directory.Number >= 0)
            Sys.fchdir(_directory.Number);
        Close();
        if (result < 0)
            throw Failed("cannot return to the host's mount namespace", "setns", result);
    }

    private static bool IsSame(Fd one, Fd other) => Sys.fstat(one.Number, out stat first) == 0
        && Sys.fstat(other.Number, out stat second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;

    private void Close()
    {
        _home.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    private static FaultException Failed(string message, string syscall, int result) =>
        new(new Fault(message) { Syscall = syscall, Errno = -result });
}
