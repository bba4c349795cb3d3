using System;
using System.Collections.Generic;
using System.Linq;
using OciRun.Kernel;

namespace OciRun.Tests.Integration.Faults;

/// <summary>What can happen to a system call (security.md §3.1).</summary>
internal static class FaultActions
{
    private static readonly int[] Opening =
        [Errno.EMFILE, Errno.ENFILE, Errno.ENOENT, Errno.EACCES, Errno.EPERM, Errno.ENOMEM, Errno.EIO, Errno.ELOOP, Errno.ESTALE];

    private static readonly int[] Making = [Errno.ENOSPC, Errno.EROFS, Errno.EACCES, Errno.EPERM, Errno.EEXIST, Errno.EDQUOT, Errno.EIO, Errno.ENOMEM];

    private static readonly int[] Reading = [Errno.EINTR, Errno.EIO, Errno.ENOMEM, Errno.EACCES, Errno.ESTALE];

    private static readonly int[] Writing =
        [Errno.EINTR, Errno.EIO, Errno.ENOSPC, Errno.EPIPE, Errno.EINVAL, Errno.EPERM, Errno.EBUSY, Errno.ENODEV, Errno.EFBIG];

    private static readonly int[] Mounting = [Errno.EPERM, Errno.EACCES, Errno.EINVAL, Errno.ENOMEM, Errno.EBUSY, Errno.ENODEV, Errno.ENOSYS, Errno.ENOSPC];

    private static readonly int[] Cloning = [Errno.EAGAIN, Errno.ENOMEM, Errno.EPERM, Errno.ENOSPC, Errno.EINVAL, Errno.ENOSYS];

    private static readonly int[] Waiting = [Errno.EINTR, Errno.ENOMEM, Errno.EINVAL];

    private static readonly int[] Connecting = [Errno.EINTR, Errno.EMFILE, Errno.ENOBUFS, Errno.EACCES, Errno.EAGAIN, Errno.ECONNREFUSED];

    private static readonly int[] Memory = [Errno.ENOMEM];

    private static readonly int[] Others = [Errno.EPERM, Errno.EINVAL, Errno.ENOSYS, Errno.ENOMEM];

    // Without memory the C library and the language runtime end at their start without a word; nothing has been done then.
    private static readonly HashSet<string> Wordless = ["mmap", "brk", "mprotect", "munmap", "madvise"];

    // Without those that are the answer to a question: ENOENT of a path that may be missing, and of one to be removed.
    private static readonly Dictionary<string, int[]> Errors = new(StringComparer.Ordinal)
    {
        ["open"] = Opening,
        ["openat"] = Opening,
        ["openat2"] = [.. Opening.Where(errno => errno != Errno.ENOENT), Errno.EAGAIN, Errno.EXDEV, Errno.ENOSYS],
        ["fsopen"] = Opening,
        ["open_tree"] = [.. Opening, Errno.ENOSYS],
        ["memfd_create"] = [.. Opening, Errno.ENOSYS],
        ["pidfd_open"] = [.. Opening, Errno.ESRCH, Errno.ENOSYS],
        ["fcntl"] = [Errno.EMFILE, Errno.EINVAL],
        ["dup3"] = [Errno.EMFILE, Errno.EBUSY, Errno.EINTR],
        ["dup2"] = [Errno.EMFILE, Errno.EBUSY, Errno.EINTR],
        ["pipe2"] = [Errno.EMFILE, Errno.ENFILE],
        ["signalfd4"] = [Errno.EMFILE, Errno.ENOMEM],
        ["timerfd_create"] = [Errno.EMFILE, Errno.ENOMEM],
        ["mkdirat"] = Making,
        ["mkdir"] = Making,
        ["mknodat"] = Making,
        ["symlinkat"] = [Errno.ENOSPC, Errno.EROFS, Errno.EACCES, Errno.EIO],
        ["renameat2"] = Making,
        ["renameat"] = Making,
        ["unlinkat"] = [Errno.EBUSY, Errno.EROFS, Errno.EACCES, Errno.EPERM, Errno.EIO],
        ["read"] = Reading,
        ["pread64"] = Reading,
        ["readlinkat"] = Reading,
        ["getdents64"] = Reading,
        ["newfstatat"] = Reading,
        ["fstat"] = Reading,
        ["statx"] = [.. Reading, Errno.ENOSYS],
        ["fstatfs"] = Reading,
        ["faccessat2"] = Reading,
        ["recvfrom"] = Reading,
        ["recvmsg"] = Reading,
        ["write"] = Writing,
        ["pwrite64"] = Writing,
        ["writev"] = Writing,
        ["sendto"] = Writing,
        ["sendmsg"] = Writing,
        ["mount"] = Mounting,
        ["move_mount"] = Mounting,
        ["mount_setattr"] = Mounting,
        ["fsconfig"] = Mounting,
        ["fsmount"] = [.. Mounting, Errno.EMFILE],
        ["umount2"] = [Errno.EBUSY, Errno.EINVAL, Errno.EPERM],
        ["pivot_root"] = [Errno.EBUSY, Errno.EINVAL, Errno.EPERM],
        ["clone"] = Cloning,
        ["clone3"] = Cloning,
        ["vfork"] = Cloning,
        ["fork"] = Cloning,
        ["unshare"] = Cloning,
        ["setns"] = Cloning,
        ["poll"] = Waiting,
        ["ppoll"] = Waiting,
        ["wait4"] = [Errno.EINTR, Errno.ECHILD],
        ["waitid"] = [Errno.EINTR, Errno.ECHILD],
        ["nanosleep"] = [Errno.EINTR],
        ["clock_nanosleep"] = [Errno.EINTR],
        ["flock"] = [Errno.EINTR, Errno.EAGAIN, Errno.ENOLCK],
        ["socket"] = Connecting,
        ["connect"] = Connecting,
        ["bind"] = [.. Connecting, Errno.EADDRINUSE],
        ["listen"] = Connecting,
        ["accept4"] = Connecting,
        ["socketpair"] = [Errno.EMFILE, Errno.ENOBUFS],
        ["execve"] = [Errno.ENOENT, Errno.EACCES, Errno.ENOMEM, Errno.EINTR, Errno.EPERM, Errno.E2BIG],
        ["execveat"] = [Errno.ENOENT, Errno.EACCES, Errno.ENOMEM, Errno.ENOSYS, Errno.EPERM],
        ["mmap"] = Memory,
        ["brk"] = Memory,
        ["mprotect"] = Memory,
        ["munmap"] = Memory,
        ["madvise"] = Memory,
        ["close"] = [Errno.EINTR, Errno.EIO],
        ["close_range"] = [Errno.ENOSYS, Errno.EPERM],
        ["keyctl"] = [Errno.EDQUOT, Errno.ENOSYS, Errno.EPERM, Errno.ENOMEM],
        ["pidfd_send_signal"] = [Errno.ESRCH, Errno.EPERM, Errno.ENOSYS, Errno.EINVAL],
        ["kill"] = [Errno.ESRCH, Errno.EPERM],
    };

    // They end a process or give it back, without an answer.
    private static readonly HashSet<string> Endings = ["exit", "exit_group", "rt_sigreturn"];

    // The kernel cannot refuse these when their arguments are right.
    private static readonly HashSet<string> Infallible =
    [
        "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "umask", "rt_sigaction", "rt_sigprocmask", "arch_prctl",
        "set_tid_address", "set_robust_list", "rseq", "clock_gettime", "getrandom", "uname", "sysinfo", "sched_getaffinity", "getrlimit",
        "restart_syscall", "lseek",
    ];

    // A kernel, or what stands before it, that says yes and does nothing.
    private static readonly HashSet<string> Believed = ["setresuid", "setresgid", "setgroups", "capset", "prctl", "seccomp", "chdir", "fchdir", "pivot_root"];

    /// <summary>The errors of one call, one after another.</summary>
    public static IEnumerable<string> ErrorsOf(TracedCall call)
    {
        if (call.IsTracers || Endings.Contains(call.Name) || Infallible.Contains(call.Name))
            return [];
        return Errors.GetValueOrDefault(call.Name, Others).Select(errno => $"error={errno}");
    }

    /// <summary>Success without an effect, for the calls of the container's process of which that has to be noticed.</summary>
    public static IEnumerable<string> LiesOf(TracedCall call) => call.Process > 0 && Believed.Contains(call.Name) ? ["result=0"] : [];

    /// <summary>The signals that end a process: of the command by its user too, of its children only by the kernel.</summary>
    public static IEnumerable<string> SignalsOf(TracedCall call) => call.IsTracers ? [] : call.Process == 0 ? ["signal=9", "signal=15", "signal=2"] : ["signal=9"];

    /// <summary>True when the command may end without a message, even by a signal of its own.</summary>
    public static bool MayBeWordless(TracedCall call) => Wordless.Contains(call.Name);

    /// <summary>The action in words.</summary>
    public static string Text(string action) => action.StartsWith("error=", StringComparison.Ordinal) ? Errno.Name(int.Parse(action[6..])) : action;
}
