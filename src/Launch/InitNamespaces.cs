using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.State;

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

    /// <summary>Why something below /proc/PID of the first process cannot be read; null when the container has stopped.</summary>
    /// <param name="record">The container.</param>
    /// <param name="file">Name below /proc/PID.</param>
    /// <param name="result">Negative errno.</param>
    public static FaultException? Unreadable(ContainerRecord record, string file, int result)
    {
        if (result == -Errno.ENOENT || !Liveness.IsAlive(record))
            return null;
        return new FaultException(new Fault("cannot look at the container's first process")
        {
            Field = "container",
            Value = $"/proc/{record.Pid}/{file}",
            Syscall = "openat",
            Errno = -result,
            Hint = result == -Errno.EACCES ? "this needs the rights of the user who created the container" : null,
        });
    }

    /// <summary>Whether the config asks for a mount namespace, a new one or one that is joined.</summary>
    public static bool HasMount(Config config) =>
        Array.Exists(config.Linux?.Namespaces ?? [], static entry => entry.Type.Is("mount"u8));
}
