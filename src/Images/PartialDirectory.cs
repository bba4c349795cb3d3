using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// A directory that is made under a name of its own and renamed when it is complete. It is locked (flock(2)) as long as
/// somebody works on it, so one that is not is left over from a process that was killed.
/// </summary>
internal sealed class PartialDirectory : IDisposable
{
    private readonly Fd _parent;
    private readonly Fd _directory;
    private readonly byte[] _name;
    private bool _isKept;

    private PartialDirectory(Fd parent, byte[] name, Fd directory)
    {
        _parent = parent;
        _name = name;
        _directory = directory;
    }

    public Tree Tree => new(_directory.Number);

    /// <summary>Makes it, or takes over and empties what is left of an earlier one.</summary>
    /// <param name="parent">Directory that it is in; stays the caller's.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="isDone">Asked after each wait for another process: true ends the waiting.</param>
    /// <returns>Null when <paramref name="isDone"/> was true.</returns>
    public static PartialDirectory? Begin(Fd parent, string name, Func<bool> isDone)
    {
        byte[] bytes = Sys.Bytes(name);
        while (true)
        {
            if (isDone())
                return null;
            int made = Sys.mkdirat(parent.Number, bytes, 0x1c0 /* 0700 */);
            if (made < 0 && made != -Errno.EEXIST)
                throw Failed(name, "cannot make a directory", "mkdirat", made);
            Fd directory = Open(parent, bytes);
            if (directory.Number >= 0 && IsOurs(parent, bytes, directory))
            {
                PartialDirectory partial = new(parent, bytes, directory);
                partial.Tree.Empty(new Utf8([]));
                return partial;
            }

            int failure = directory.Number;
            directory.Dispose();
            if (failure < 0 && failure != -Errno.ENOENT)
                throw Failed(name, "cannot open a directory", "openat", failure);
            Sys.nanosleep(20);
        }
    }

    /// <summary>Removes what killed processes left below a directory; what is being worked on stays.</summary>
    public static void Sweep(Fd parent)
    {
        using Fd listed = new(Sys.openat(parent.Number, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        foreach (Utf8 name in Tree.List(listed.Number))
        {
            byte[] bytes = name.Span.ToArray();
            using Fd directory = Open(parent, bytes);
            if (directory.Number >= 0 && IsOurs(parent, bytes, directory))
                new Tree(parent.Number).Remove(name);
        }
    }

    /// <summary>Writes everything back and gives it its name, which must not exist, or be an empty directory.</summary>
    /// <returns>0 or a negative errno.</returns>
    public int Commit(int toParent, string toName, bool syncs)
    {
        // A crash must not leave a complete name with incomplete content.
        int result = syncs ? Sys.syncfs(_directory.Number) : 0;
        if (result == 0)
            result = Sys.renameat2(_parent.Number, _name, toParent, Sys.Bytes(toName));
        _isKept = result == 0;
        if (_isKept && syncs)
        {
            using Fd parent = new(Sys.openat(toParent, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
            Sys.fsync(parent.Number);
        }

        return result;
    }

    /// <summary>Removes it, if it has not got its name.</summary>
    public void Dispose()
    {
        try
        {
            if (!_isKept)
                new Tree(_parent.Number).Remove(new Utf8(_name));
        }
        catch (FaultException e)
        {
            // The failure that led here is the one to report; the next call removes the rest.
            Log.Warning(e.Fault.Text());
        }
        finally
        {
            _directory.Dispose();
        }
    }

    private static Fd Open(Fd parent, byte[] name)
    {
        const int flags = Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW;
        int fd = Sys.openat(parent.Number, name, flags);
        if (fd == -Errno.EACCES && Sys.fchmodat(parent.Number, name, 0x1c0 /* 0700 */) == 0)
            fd = Sys.openat(parent.Number, name, flags);
        return new Fd(fd);
    }

    // Locked, and still what the name means: the process before may have renamed or removed it.
    private static bool IsOurs(Fd parent, byte[] name, Fd directory) =>
        Sys.flock(directory.Number, Uapi.LOCK_EX | Uapi.LOCK_NB) == 0
        && Sys.fstat(directory.Number, out stat locked) == 0
        && Sys.fstatat(parent.Number, name, out stat named, Uapi.AT_SYMLINK_NOFOLLOW) == 0
        && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;

    private static FaultException Failed(string name, string message, string syscall, int result) =>
        new(new Fault($"{message}: {name}") { Syscall = syscall, Errno = -result });
}
