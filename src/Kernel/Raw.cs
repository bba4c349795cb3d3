using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[module: SkipLocalsInit]

namespace OciRun.Kernel;

/// <summary>
/// The child's door to the kernel. After clone there is one thread, no runtime to return to and nothing that may
/// allocate, throw or wait for a collection; so every call goes straight to libc's syscall(2) without a GC
/// transition, takes pointers, and returns the result or a negative errno.
/// </summary>
internal static unsafe class Raw
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0)
    {
        unchecked
        {
            nint result = syscall((nint)number, (nint)a, (nint)b, (nint)c, (nint)d, (nint)e, (nint)f);
            return result != -1 ? result : -*__errno_location();
        }
    }

    public static long read(int fd, void* buffer, long count) => Call(SYS.read, fd, (long)buffer, count);

    public static long write(int fd, void* buffer, long count) => Call(SYS.write, fd, (long)buffer, count);

    public static long close(int fd) => Call(SYS.close, fd);

    public static long close_range(uint first, uint last, uint flags) => Call(SYS.close_range, first, last, flags);

    public static long openat(int dirfd, byte* path, int flags, uint mode = 0) =>
        Call(SYS.openat, dirfd, (long)path, flags, mode);

    public static long openat2(int dirfd, byte* path, open_how* how) =>
        Call(SYS.openat2, dirfd, (long)path, (long)how, sizeof(open_how));

    public static long open_tree(int dirfd, byte* path, uint flags) => Call(SYS.open_tree, dirfd, (long)path, flags);

    public static long move_mount(int fromFd, byte* from, int toFd, byte* to, uint flags) =>
        Call(SYS.move_mount, fromFd, (long)from, toFd, (long)to, flags);

    public static long fsopen(byte* type, uint flags) => Call(SYS.fsopen, (long)type, flags);

    public static long fsconfig(int fd, uint command, byte* key, void* value, int aux) =>
        Call(SYS.fsconfig, fd, command, (long)key, (long)value, aux);

    public static long fsmount(int fd, uint flags, ulong attributes) => Call(SYS.fsmount, fd, flags, (long)attributes);

    public static long mount_setattr(int dirfd, byte* path, uint flags, mount_attr* attr) =>
        Call(SYS.mount_setattr, dirfd, (long)path, flags, (long)attr, sizeof(mount_attr));

    public static long mount(byte* source, byte* target, byte* type, ulong flags, byte* data) =>
        Call(SYS.mount, (long)source, (long)target, (long)type, (long)flags, (long)data);

    public static long umount2(byte* target, int flags) => Call(SYS.umount2, (long)target, flags);

    public static long pivot_root(byte* newRoot, byte* putOld) => Call(SYS.pivot_root, (long)newRoot, (long)putOld);

    public static long chroot(byte* path) => Call(SYS.chroot, (long)path);

    public static long chdir(byte* path) => Call(SYS.chdir, (long)path);

    public static long fchdir(int fd) => Call(SYS.fchdir, fd);

    public static long getcwd(byte* buffer, long size) => Call(SYS.getcwd, (long)buffer, size);

    public static long mkdirat(int dirfd, byte* path, uint mode) => Call(SYS.mkdirat, dirfd, (long)path, mode);

    public static long mknodat(int dirfd, byte* path, uint mode, ulong device) =>
        Call(SYS.mknodat, dirfd, (long)path, mode, (long)device);

    public static long symlinkat(byte* target, int dirfd, byte* path) => Call(SYS.symlinkat, (long)target, dirfd, (long)path);

    public static long unlinkat(int dirfd, byte* path, int flags) => Call(SYS.unlinkat, dirfd, (long)path, flags);

    public static long readlinkat(int dirfd, byte* path, byte* buffer, long size) =>
        Call(SYS.readlinkat, dirfd, (long)path, (long)buffer, size);

    public static long fstat(int fd, stat* buffer) => Call(SYS.fstat, fd, (long)buffer);

    public static long newfstatat(int dirfd, byte* path, stat* buffer, int flags) =>
        Call(SYS.newfstatat, dirfd, (long)path, (long)buffer, flags);

    public static long fstatfs(int fd, statfs* buffer) => Call(SYS.fstatfs, fd, (long)buffer);

    public static long fchownat(int dirfd, byte* path, uint uid, uint gid, int flags) =>
        Call(SYS.fchownat, dirfd, (long)path, uid, gid, flags);

    public static long fchmodat(int dirfd, byte* path, uint mode) => Call(SYS.fchmodat, dirfd, (long)path, mode);

    public static long faccessat2(int dirfd, byte* path, int mode, int flags) =>
        Call(SYS.faccessat2, dirfd, (long)path, mode, flags);

    public static long setns(int fd, ulong type) => Call(SYS.setns, fd, (long)type);

    public static long unshare(ulong flags) => Call(SYS.unshare, (long)flags);

    public static long clone3(clone_args* args, long size) => Call(SYS.clone3, (long)args, size);

    /// <summary>clone(2) without a new stack or memory: fork with namespace flags. x86-64 argument order.</summary>
    public static long clone(ulong flags, int* pidfd) => Call(SYS.clone, (long)flags, 0, (long)pidfd);

    public static long execve(byte* path, byte** argv, byte** envp) => Call(SYS.execve, (long)path, (long)argv, (long)envp);

    public static void exit_group(int status) => Call(SYS.exit_group, status);

    public static long getpid() => Call(SYS.getpid);

    public static long kill(int pid, int signal) => Call(SYS.kill, pid, signal);

    public static long sethostname(byte* name, long length) => Call(SYS.sethostname, (long)name, length);

    public static long setdomainname(byte* name, long length) => Call(SYS.setdomainname, (long)name, length);

    public static long setsid() => Call(SYS.setsid);

    public static long umask(uint mask) => Call(SYS.umask, mask);

    public static long prctl(int option, long a = 0, long b = 0, long c = 0, long d = 0) => Call(SYS.prctl, option, a, b, c, d);

    public static long capset(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        Call(SYS.capset, (long)header, (long)data);

    public static long capget(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        Call(SYS.capget, (long)header, (long)data);

    public static long setresuid(uint real, uint effective, uint saved) => Call(SYS.setresuid, real, effective, saved);

    public static long setresgid(uint real, uint effective, uint saved) => Call(SYS.setresgid, real, effective, saved);

    public static long getresuid(uint* real, uint* effective, uint* saved) =>
        Call(SYS.getresuid, (long)real, (long)effective, (long)saved);

    public static long getresgid(uint* real, uint* effective, uint* saved) =>
        Call(SYS.getresgid, (long)real, (long)effective, (long)saved);

    public static long setgroups(long count, uint* list) => Call(SYS.setgroups, count, (long)list);

    public static long getgroups(long count, uint* list) => Call(SYS.getgroups, count, (long)list);

    public static long ioctl(int fd, uint request, void* argument) => Call(SYS.ioctl, fd, request, (long)argument);

    public static long dup3(int oldFd, int newFd, int flags) => Call(SYS.dup3, oldFd, newFd, flags);

    public static long fcntl(int fd, int command, long argument) => Call(SYS.fcntl, fd, command, argument);

    public static long ppoll(pollfd* fds, long count, timespec* timeout, ulong* mask) =>
        Call(SYS.ppoll, (long)fds, count, (long)timeout, (long)mask, 8);

    public static long socket(int domain, int type, int protocol) => Call(SYS.socket, domain, type, protocol);

    public static long accept4(int fd, int flags) => Call(SYS.accept4, fd, 0, 0, flags);

    public static long sendmsg(int fd, msghdr* message, int flags) => Call(SYS.sendmsg, fd, (long)message, flags);

    public static long signalfd4(int fd, ulong* mask, int flags) => Call(SYS.signalfd4, fd, (long)mask, 8, flags);

    public static long rt_sigprocmask(int how, ulong* set, ulong* old) => Call(SYS.rt_sigprocmask, how, (long)set, (long)old, 8);

    public static long rt_sigaction(int signal, sigaction* action, sigaction* old) =>
        Call(SYS.rt_sigaction, signal, (long)action, (long)old, 8);

    public static long seccomp(uint operation, uint flags, void* argument) =>
        Call(SYS.seccomp, operation, flags, (long)argument);

    public static long keyctl(int operation, long a, long b = 0) => Call(SYS.keyctl, operation, a, b);

    public static long sched_setaffinity(int pid, long size, void* mask) => Call(SYS.sched_setaffinity, pid, size, (long)mask);

    public static long getdents64(int fd, void* buffer, long size) => Call(SYS.getdents64, fd, (long)buffer, size);

    [DllImport("libc"), SuppressGCTransition]
    private static extern nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int* __errno_location();
}
