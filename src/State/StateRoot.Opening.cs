using System;
using OciRun.Kernel;

namespace OciRun.State;

internal sealed partial class StateRoot
{
    private const int Flags = Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW;
    private const uint WritableByOthers = 0x12;
    private const uint Private = 0x1c0;

    private static Fd? TryOpen(Location location, bool create)
    {
        if (location.Path.Trim('/').Length == 0)
            throw SystemRoot(location.Path);
        KeepOwnersRights();
        byte[] path = Sys.Bytes(location.Path.TrimEnd('/'));
        int fd = Sys.openat(Uapi.AT_FDCWD, path, Flags);
        if (fd == -Errno.ENOENT)
        {
            if (!create)
                return null;
            fd = Make(location, path);
        }

        if (fd < 0)
        {
            string message = fd is -Errno.ELOOP or -Errno.ENOTDIR ? "it is not a directory" : "cannot open it";
            throw Wrong(location.Path, message, "openat", -fd);
        }

        Fd directory = new(fd);
        try
        {
            Verify(location, fd);
            return directory;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    // A umask that takes rights from the owner would keep an unprivileged user out of the files that are made from here on.
    private static void KeepOwnersRights()
    {
        const uint others = 0x3f;
        if (Sys.geteuid() != 0)
            Sys.umask((uint)Sys.umask(others) & others);
    }

    // Parents too are 0700: nothing below them is for others.
    private static int Make(Location location, ReadOnlySpan<byte> path)
    {
        for (int i = 1; i <= path.Length; i++)
        {
            if (i < path.Length && path[i] != '/')
                continue;
            int result = Sys.mkdirat(Uapi.AT_FDCWD, path[..i], Private);
            if (result < 0 && result != -Errno.EEXIST && (i == path.Length || result is -Errno.ENOTDIR))
                throw Wrong(location.Path, "cannot make it", "mkdirat", -result);
        }

        return Sys.openat(Uapi.AT_FDCWD, path, Flags);
    }

    // Whoever could write here could make us signal or remove what they choose (security.md R-020).
    private static void Verify(Location location, int fd)
    {
        int result = Sys.fstat(fd, out stat info);
        if (result < 0)
            throw Wrong(location.Path, "cannot check it", "fstat", -result);

        // A link is never followed at the end of the path, so only this leads up to it.
        if (location.Path.Contains("/..", StringComparison.Ordinal) && Sys.fstatat(Uapi.AT_FDCWD, "/"u8, out stat top, 0) == 0
            && info.st_dev == top.st_dev && info.st_ino == top.st_ino)
            throw SystemRoot(location.Path);
        if (info.st_uid != Sys.geteuid())
            throw Wrong(location.Path, $"it belongs to user {info.st_uid}", hint: "give a --root of your own");
        if ((info.st_mode & WritableByOthers) != 0)
            throw Wrong(location.Path, "other users can write it", hint: "run 'chmod go-w' on it");
        if (location.Sticky && (info.st_mode & Uapi.S_ISVTX) == 0)
            Sys.fchmod(fd, Private | Uapi.S_ISVTX);
    }

    private static Errors.FaultException SystemRoot(string path) =>
        Wrong(path, "the root directory of the system cannot be the state root", hint: "use a directory");
}
