namespace OciRun.Kernel;

internal static partial class Uapi
{
    // linux/sched.h
    public const ulong CLONE_NEWTIME = 0x80;
    public const ulong CLONE_PIDFD = 0x1000;
    public const ulong CLONE_PARENT = 0x8000;
    public const ulong CLONE_NEWNS = 0x20000;
    public const ulong CLONE_NEWCGROUP = 0x2000000;
    public const ulong CLONE_NEWUTS = 0x4000000;
    public const ulong CLONE_NEWIPC = 0x8000000;
    public const ulong CLONE_NEWUSER = 0x10000000;
    public const ulong CLONE_NEWPID = 0x20000000;
    public const ulong CLONE_NEWNET = 0x40000000;
    public const ulong CLONE_INTO_CGROUP = 0x200000000;

    // linux/prctl.h
    public const int PR_SET_PDEATHSIG = 1;
    public const int PR_SET_DUMPABLE = 4;
    public const int PR_SET_KEEPCAPS = 8;
    public const int PR_GET_SECCOMP = 21;
    public const int PR_CAPBSET_READ = 23;
    public const int PR_CAPBSET_DROP = 24;
    public const int PR_SET_CHILD_SUBREAPER = 36;
    public const int PR_GET_CHILD_SUBREAPER = 37;
    public const int PR_SET_NO_NEW_PRIVS = 38;
    public const int PR_GET_NO_NEW_PRIVS = 39;
    public const int PR_CAP_AMBIENT = 47;
    public const int PR_CAP_AMBIENT_RAISE = 2;
    public const int PR_CAP_AMBIENT_CLEAR_ALL = 4;

    // time.h
    public const int CLOCK_MONOTONIC = 1;
    public const int CLOCK_BOOTTIME = 7;
    public const int CLOCK_REALTIME = 0;

    // sys/wait.h
    public const int WNOHANG = 1;
    public const int WEXITED = 4;
    public const int WNOWAIT = 0x1000000;
    public const int __WALL = 0x40000000;
    public const int P_ALL = 0;
    public const int P_PID = 1;
    public const int CLD_EXITED = 1;

    // signal.h
    public const int SIGHUP = 1;
    public const int SIGINT = 2;
    public const int SIGQUIT = 3;
    public const int SIGABRT = 6;
    public const int SIGBUS = 7;
    public const int SIGKILL = 9;
    public const int SIGPIPE = 13;
    public const int SIGSEGV = 11;
    public const int SIGTERM = 15;
    public const int SIGCHLD = 17;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;
    public const int SIGTSTP = 20;
    public const int SIGTTIN = 21;
    public const int SIGTTOU = 22;
    public const int SIGURG = 23;
    public const int SIGWINCH = 28;
    public const int SIGSYS = 31;
    public const int SIG_BLOCK = 0;
    public const int SIG_UNBLOCK = 1;
    public const int SIG_SETMASK = 2;
    public const int SI_KERNEL = 0x80;
    public const int SFD_CLOEXEC = 0x80000;
    public const int SFD_NONBLOCK = 0x800;

    // sys/timerfd.h
    public const int TFD_CLOEXEC = 0x80000;
    public const int TFD_NONBLOCK = 0x800;

    // linux/capability.h
    public const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522;
    public const int CAP_SYS_ADMIN = 21;
    public const int CAP_SETPCAP = 8;

    // linux/ioprio.h
    public const int IOPRIO_WHO_PROCESS = 1;

    // linux/seccomp.h
    public const uint SECCOMP_SET_MODE_FILTER = 1;
    public const uint SECCOMP_FILTER_FLAG_TSYNC = 0x1;
    public const uint SECCOMP_FILTER_FLAG_LOG = 0x2;
    public const uint SECCOMP_FILTER_FLAG_SPEC_ALLOW = 0x4;
    public const uint SECCOMP_FILTER_FLAG_NEW_LISTENER = 0x8;
    public const uint SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 0x20;

    // linux/keyctl.h
    public const int KEYCTL_JOIN_SESSION_KEYRING = 1;
    public const int KEYCTL_SETPERM = 5;
    public const int KEYCTL_DESCRIBE = 6;

    // linux/nsfs.h: ioctl(2) on a namespace file
    public const uint NS_GET_NSTYPE = 0xb703;

    // sys/resource.h
    public const int RLIMIT_NOFILE = 7;
    public const int RLIMIT_MEMLOCK = 8;
}
