using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    /// <summary>PR_GET_CHILD_SUBREAPER of prctl(2).</summary>
    public static bool IsChildSubreaper
    {
        get
        {
            int set;
            return prctl(Uapi.PR_GET_CHILD_SUBREAPER, (long)&set) == 0 && set != 0;
        }
    }

    /// <summary>Process group of this process.</summary>
    public static int getpgrp() => (int)Call(SYS.getpgid, 0);

    /// <summary>rt_sigprocmask(2) for one signal of this thread.</summary>
    public static void sigprocmask(int how, int signal)
    {
        ulong set = 1UL << (signal - 1);
        Call(SYS.rt_sigprocmask, how, (long)(&set), 0, 8);
    }

    public static int getpid() => (int)Call(SYS.getpid);

    public static uint geteuid() => (uint)Call(SYS.geteuid);

    /// <summary>Ids of files that this thread makes; from 0 to another one also takes rights out of the effective set.</summary>
    public static void setfsuid(uint uid) => Call(SYS.setfsuid, uid);

    public static void setfsgid(uint gid) => Call(SYS.setfsgid, gid);

    /// <summary>Makes all permitted capabilities effective.</summary>
    public static int RaiseEffective()
    {
        __user_cap_header_struct header = new() { version = Uapi._LINUX_CAPABILITY_VERSION_3 };
        __user_cap_data_struct* data = stackalloc __user_cap_data_struct[2];
        int result = (int)Call(SYS.capget, (long)(&header), (long)data);
        if (result < 0)
            return result;
        data[0].effective = data[0].permitted;
        data[1].effective = data[1].permitted;
        return (int)Call(SYS.capset, (long)(&header), (long)data);
    }

    public static uint getegid() => (uint)Call(SYS.getegid);

    public static uint getuid() => (uint)Call(SYS.getuid);

    public static int kill(int pid, int signal) => (int)Call(SYS.kill, pid, signal);

    /// <summary>pidfd_open(2), Linux 5.3.</summary>
    public static int pidfd_open(int pid) => (int)Call(SYS.pidfd_open, pid, 0);

    /// <summary>pidfd_getfd(2), Linux 5.6: a close-on-exec duplicate of another process's descriptor.</summary>
    public static int pidfd_getfd(int pidfd, int descriptor) => (int)Call(SYS.pidfd_getfd, pidfd, descriptor, 0);

    /// <summary>pidfd_send_signal(2), Linux 5.1.</summary>
    public static int pidfd_send_signal(int pidfd, int signal) => (int)Call(SYS.pidfd_send_signal, pidfd, signal, 0, 0);

    /// <summary>waitid(2), retried on EINTR.</summary>
    public static int waitid(int type, int id, out siginfo_t info, int options)
    {
        fixed (siginfo_t* p = &info)
        {
            int result;
            do
                result = (int)Call(SYS.waitid, type, id, (long)p, options, 0);
            while (result == -Errno.EINTR);
            return result;
        }
    }

    /// <summary>setns(2) of the calling thread.</summary>
    public static int setns(int fd, ulong type) => (int)Call(SYS.setns, fd, (long)type);

    /// <summary>unshare(2) of the calling thread.</summary>
    public static int unshare(ulong flags) => (int)Call(SYS.unshare, (long)flags);

    public static int fchdir(int fd) => (int)Call(SYS.fchdir, fd);

    /// <summary>chroot(2) to the working directory.</summary>
    public static int ChangeRootHere()
    {
        byte* here = stackalloc byte[2] { (byte)'.', 0 };
        return (int)Call(SYS.chroot, (long)here);
    }

    public static int prctl(int option, long a = 0, long b = 0, long c = 0, long d = 0) =>
        (int)Call(SYS.prctl, option, a, b, c, d);

    public static int prlimit64(int pid, int resource, rlimit64* set, rlimit64* old) =>
        (int)Call(SYS.prlimit64, pid, resource, (long)set, (long)old);

    public static int rt_sigprocmask(int how, ulong set, out ulong old)
    {
        fixed (ulong* p = &old)
            return (int)Call(SYS.rt_sigprocmask, how, (long)(&set), (long)p, 8);
    }

    public static int signalfd4(ulong mask, int flags) => (int)Call(SYS.signalfd4, -1, (long)(&mask), 8, flags);

    /// <summary>ppoll(2); -EINTR is returned. <paramref name="milliseconds"/> below 0 waits for ever.</summary>
    public static int ppoll(Span<pollfd> fds, long milliseconds)
    {
        timespec limit = new() { tv_sec = milliseconds / 1000, tv_nsec = milliseconds % 1000 * 1_000_000 };
        fixed (pollfd* p = fds)
            return (int)Call(SYS.ppoll, (long)p, fds.Length, milliseconds < 0 ? 0 : (long)(&limit), 0, 8);
    }

    /// <summary>sched_setaffinity(2) of this thread.</summary>
    public static int sched_setaffinity(ReadOnlySpan<ulong> mask)
    {
        fixed (ulong* p = mask)
            return (int)Call(SYS.sched_setaffinity, 0, (long)mask.Length * sizeof(ulong), (long)p);
    }

    /// <summary>sched_getaffinity(2) of this thread: how many bytes of the mask the kernel filled in.</summary>
    public static int sched_getaffinity(Span<ulong> mask)
    {
        fixed (ulong* p = mask)
            return (int)Call(SYS.sched_getaffinity, 0, (long)mask.Length * sizeof(ulong), (long)p);
    }

    public static int sched_setattr(int pid, sched_attr* attr) => (int)Call(SYS.sched_setattr, pid, (long)attr, 0);

    public static int bpf(int command, void* attr, int size) => (int)Call(SYS.bpf, command, (long)attr, size);

    public static int seccomp(uint operation, uint flags, nint argument) =>
        (int)Call(SYS.seccomp, operation, flags, argument);

    public static int nanosleep(long milliseconds)
    {
        timespec time = new() { tv_sec = milliseconds / 1000, tv_nsec = milliseconds % 1000 * 1_000_000 };
        return (int)Call(SYS.nanosleep, (long)(&time), 0);
    }

    public static int clock_gettime(int clock, out timespec time)
    {
        fixed (timespec* p = &time)
            return (int)Call(SYS.clock_gettime, clock, (long)p);
    }

    /// <summary>timerfd_create(2) of the monotonic clock, close-on-exec and non-blocking.</summary>
    public static int timerfd_create() =>
        (int)Call(SYS.timerfd_create, Uapi.CLOCK_MONOTONIC, Uapi.TFD_CLOEXEC | Uapi.TFD_NONBLOCK);

    /// <summary>timerfd_settime(2): expires after this many nanoseconds, and then every so many.</summary>
    public static int timerfd_settime(int fd, long nanoseconds)
    {
        timespec period = new() { tv_sec = nanoseconds / 1_000_000_000, tv_nsec = nanoseconds % 1_000_000_000 };
        itimerspec timer = new() { it_interval = period, it_value = period };
        return (int)Call(SYS.timerfd_settime, fd, 0, (long)(&timer), 0);
    }

    /// <summary>Ends the process at once, without the runtime's shutdown.</summary>
    public static void exit_group(int status) => Call(SYS.exit_group, status);

    public static byte* mmap(long length, int protection, int flags, int fd = -1)
    {
        long address = Call(SYS.mmap, 0, length, protection, flags, fd, 0);
        return address is < 0 and > -4096 ? null : (byte*)address;
    }

    public static int munmap(void* address, long length) => (int)Call(SYS.munmap, (long)address, length);
}
