using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// A mount namespace of our own, in which this thread is until the object is disposed. What is started and opened
/// meanwhile stays in it; the host sees none of its mounts, and it ends with the last who uses it.
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

    /// <summary>Binds a tree on an empty directory, in the mount namespace of this thread.</summary>
    /// <exception cref="FaultException">The kernel refuses.</exception>
    public static void Bind(string source, string target)
    {
        int result = Sys.mount(Sys.Bytes(source), Sys.Bytes(target), Uapi.MS_BIND | Uapi.MS_REC);
        if (result < 0)
            throw Failed($"cannot bind {source} for CRIU", "mount", result);
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

    private void Close()
    {
        _home.Dispose();
        _root.Dispose();
        _directory.Dispose();
    }

    private static FaultException Failed(string message, string syscall, int result) =>
        new(new Fault(message) { Syscall = syscall, Errno = -result });
}
