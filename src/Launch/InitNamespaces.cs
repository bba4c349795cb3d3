using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Compares the namespaces of a container's first process with those of the runtime.</summary>
internal static class InitNamespaces
{
    /// <summary>
    /// 1 when the process is in another namespace than this one, 0 when in the same or when the kernel has no such type, a
    /// negative errno when that cannot be seen. A namespace is its inode in nsfs (namespaces(7)).
    /// </summary>
    /// <param name="pid">The process.</param>
    /// <param name="file">Name below /proc/PID/ns.</param>
    public static int Differs(int pid, string file)
    {
        int own = Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/ns/{file}"), out stat mine, 0);
        if (own == -Errno.ENOENT)
            return 0;
        int result = Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/ns/{file}"), out stat its, 0);
        if (result < 0)
            return result;
        return own == 0 && mine.st_ino == its.st_ino && mine.st_dev == its.st_dev ? 0 : 1;
    }
}
