using System.Runtime.CompilerServices;

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

    public static long read(int fd, void* buffer, long count) => unchecked(Call(SYS.read, fd, (long)buffer, count));

    public static long pread64(int fd, void* buffer, long count, long offset) =>
        unchecked(Call(SYS.pread64, fd, (long)buffer, count, offset));

    public static long write(int fd, void* buffer, long count) => unchecked(Call(SYS.write, fd, (long)buffer, count));

    public static long close(int fd) => unchecked(Call(SYS.close, fd));

    public static long close_range(uint first, uint last, uint flags) => unchecked(Call(SYS.close_range, first, last, flags));

    public static long openat(int dirfd, byte* path, int flags, uint mode = 0) =>
        unchecked(Call(SYS.openat, dirfd, (long)path, flags, mode));

    public static long openat2(int dirfd, byte* path, open_how* how) =>
        unchecked(Call(SYS.openat2, dirfd, (long)path, (long)how, sizeof(open_how)));

    public static long open_tree(int dirfd, byte* path, uint flags) => unchecked(Call(SYS.open_tree, dirfd, (long)path, flags));

    public static long move_mount(int fromFd, byte* from, int toFd, byte* to, uint flags) =>
        unchecked(Call(SYS.move_mount, fromFd, (long)from, toFd, (long)to, flags));

    public static long fsopen(byte* type, uint flags) => unchecked(Call(SYS.fsopen, (long)type, flags));

    public static long fsconfig(int fd, uint command, byte* key, void* value, int aux) =>
        unchecked(Call(SYS.fsconfig, fd, command, (long)key, (long)value, aux));

    public static long fsmount(int fd, uint flags, ulong attributes) => unchecked(Call(SYS.fsmount, fd, flags, (long)attributes));

    public static long mount_setattr(int dirfd, byte* path, uint flags, mount_attr* attr) =>
        unchecked(Call(SYS.mount_setattr, dirfd, (long)path, flags, (long)attr, sizeof(mount_attr)));

    public static long mount(byte* source, byte* target, byte* type, ulong flags, byte* data) =>
        unchecked(Call(SYS.mount, (long)source, (long)target, (long)type, (long)flags, (long)data));

    public static long umount2(byte* target, int flags) => unchecked(Call(SYS.umount2, (long)target, flags));

    public static long pivot_root(byte* newRoot, byte* putOld) => unchecked(Call(SYS.pivot_root, (long)newRoot, (long)putOld));

    public static long chroot(byte* path) => unchecked(Call(SYS.chroot, (long)path));

    public static long chdir(byte* path) => unchecked(Call(SYS.chdir, (long)path));

    public static long fchdir(int fd) => unchecked(Call(SYS.fchdir, fd));

    public static long getcwd(byte* buffer, long size) => unchecked(Call(SYS.getcwd, (long)buffer, size));

    public static long mkdirat(int dirfd, byte* path, uint mode) => unchecked(Call(SYS.mkdirat, dirfd, (long)path, mode));

    public static long mknodat(int dirfd, byte* path, uint mode, ulong device) =>
        unchecked(Call(SYS.mknodat, dirfd, (long)path, mode, (long)device));

    public static long symlinkat(byte* target, int dirfd, byte* path) => unchecked(Call(SYS.symlinkat, (long)target, dirfd, (long)path));

    public static long unlinkat(int dirfd, byte* path, int flags) => unchecked(Call(SYS.unlinkat, dirfd, (long)path, flags));

    public static long readlinkat(int dirfd, byte* path, byte* buffer, long size) =>
        unchecked(Call(SYS.readlinkat, dirfd, (long)path, (long)buffer, size));

    public static long fstat(int fd, stat* buffer) => unchecked(Call(SYS.fstat, fd, (long)buffer));

    public static long newfstatat(int dirfd, byte* path, stat* buffer, int flags) =>
        unchecked(Call(SYS.newfstatat, dirfd, (long)path, (long)buffer, flags));

    public static long fstatfs(int fd, statfs* buffer) => unchecked(Call(SYS.fstatfs, fd, (long)buffer));

    public static long fchownat(int dirfd, byte* path, uint uid, uint gid, int flags) =>
        unchecked(Call(SYS.fchownat, dirfd, (long)path, uid, gid, flags));

    public static long fchmod(int fd, uint mode) => unchecked(Call(SYS.fchmod, fd, mode));

    public static long fchmodat(int dirfd, byte* path, uint mode) => unchecked(Call(SYS.fchmodat, dirfd, (long)path, mode));

    public static long utimensat(int dirfd, byte* path, timespec* times, int flags) =>
        unchecked(Call(SYS.utimensat, dirfd, (long)path, (long)times, flags));

    public static long ftruncate(int fd, long length) => unchecked(Call(SYS.ftruncate, fd, length));

    public static long sendfile(int to, int from, long* offset, long count) =>
        unchecked(Call(SYS.sendfile, to, from, (long)offset, count));

    public static long getdents64(int fd, byte* buffer, long size) => unchecked(Call(SYS.getdents64, fd, (long)buffer, size));

    public static long flistxattr(int fd, byte* names, long size) => unchecked(Call(SYS.flistxattr, fd, (long)names, size));

    public static long fgetxattr(int fd, byte* name, byte* value, long size) =>
        unchecked(Call(SYS.fgetxattr, fd, (long)name, (long)value, size));

    public static long fsetxattr(int fd, byte* name, byte* value, long size) =>
        unchecked(Call(SYS.fsetxattr, fd, (long)name, (long)value, size, 0));

    public static long faccessat2(int dirfd, byte* path, int mode, int flags) =>
        unchecked(Call(SYS.faccessat2, dirfd, (long)path, mode, flags));

    public static long setns(int fd, ulong type) => unchecked(Call(SYS.setns, fd, (long)type));

    public static long unshare(ulong flags) => unchecked(Call(SYS.unshare, (long)flags));

    public static long clone3(clone_args* args, long size) => unchecked(Call(SYS.clone3, (long)args, size));

    /// <summary>clone(2) without a new stack or memory: fork with namespace flags. x86-64 argument order.</summary>
    public static long clone(ulong flags, int* pidfd) => unchecked(Call(SYS.clone, (long)flags, 0, (long)pidfd));

    public static long execve(byte* path, byte** argv, byte** envp) => unchecked(Call(SYS.execve, (long)path, (long)argv, (long)envp));

    public static void exit_group(int status) => Call(SYS.exit_group, status);

    public static long sethostname(byte* name, long length) => unchecked(Call(SYS.sethostname, (long)name, length));

    public static long setdomainname(byte* name, long length) => unchecked(Call(SYS.setdomainname, (long)name, length));

    public static long setsid() => unchecked(Call(SYS.setsid));

    public static long umask(uint mask) => unchecked(Call(SYS.umask, mask));

    public static long prctl(int option, long a = 0, long b = 0, long c = 0, long d = 0) => unchecked(Call(SYS.prctl, option, a, b, c, d));

    public static long capset(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        unchecked(Call(SYS.capset, (long)header, (long)data));

    public static long capget(__user_cap_header_struct* header, __user_cap_data_struct* data) =>
        unchecked(Call(SYS.capget, (long)header, (long)data));

    public static long setresuid(uint real, uint effective, uint saved) => unchecked(Call(SYS.setresuid, real, effective, saved));

    public static long setresgid(uint real, uint effective, uint saved) => unchecked(Call(SYS.setresgid, real, effective, saved));

    public static long getresuid(uint* real, uint* effective, uint* saved) =>
        unchecked(Call(SYS.getresuid, (long)real, (long)effective, (long)saved));

    public static long getresgid(uint* real, uint* effective, uint* saved) =>
        unchecked(Call(SYS.getresgid, (long)real, (long)effective, (long)saved));

    public static long setgroups(long count, uint* list) => unchecked(Call(SYS.setgroups, count, (long)list));

    public static long getgroups(long count, uint* list) => unchecked(Call(SYS.getgroups, count, (long)list));

    public static long ioctl(int fd, uint request, void* argument) => unchecked(Call(SYS.ioctl, fd, request, (long)argument));

    public static long dup3(int oldFd, int newFd, int flags) => unchecked(Call(SYS.dup3, oldFd, newFd, flags));

    public static long memfd_create(byte* name, uint flags) => unchecked(Call(SYS.memfd_create, (long)name, flags));

    public static long pipe2(int* two, int flags) => unchecked(Call(SYS.pipe2, (long)two, flags));

    public static long lseek(int fd, long offset, int whence) => unchecked(Call(SYS.lseek, fd, offset, whence));

    public static long kill(int pid, int signal) => unchecked(Call(SYS.kill, pid, signal));

    public static int getpid() => unchecked((int)Call(SYS.getpid));

    public static int getppid() => unchecked((int)Call(SYS.getppid));

    public static long waitid(int type, int id, siginfo_t* info, int options) =>
        unchecked(Call(SYS.waitid, type, id, (long)info, options));

    public static long clock_gettime(int clock, timespec* time) => unchecked(Call(SYS.clock_gettime, clock, (long)time));

    public static long fcntl(int fd, int command, long argument) => unchecked(Call(SYS.fcntl, fd, command, argument));

    public static long ppoll(pollfd* fds, long count, timespec* timeout, ulong* mask) =>
        unchecked(Call(SYS.ppoll, (long)fds, count, (long)timeout, (long)mask, 8));

    public static long socket(int domain, int type, int protocol) => unchecked(Call(SYS.socket, domain, type, protocol));

    public static long accept4(int fd, int flags) => unchecked(Call(SYS.accept4, fd, 0, 0, flags));

    public static long sendmsg(int fd, msghdr* message, int flags) => unchecked(Call(SYS.sendmsg, fd, (long)message, flags));

    public static long signalfd4(int fd, ulong* mask, int flags) => unchecked(Call(SYS.signalfd4, fd, (long)mask, 8, flags));

    public static long rt_sigprocmask(int how, ulong* set, ulong* old) => unchecked(Call(SYS.rt_sigprocmask, how, (long)set, (long)old, 8));

    public static long rt_sigaction(int signal, sigaction* action, sigaction* old) =>
        unchecked(Call(SYS.rt_sigaction, signal, (long)action, (long)old, 8));

    public static long prlimit64(int pid, int resource, rlimit64* set, rlimit64* old) =>
        unchecked(Call(SYS.prlimit64, pid, resource, (long)set, (long)old));

    public static long seccomp(uint operation, uint flags, void* argument) =>
        unchecked(Call(SYS.seccomp, operation, flags, (long)argument));

    public static long keyctl(int operation, long a, long b = 0) => unchecked(Call(SYS.keyctl, operation, a, b));

    public static long sched_setattr(int pid, sched_attr* attr, uint flags) => unchecked(Call(SYS.sched_setattr, pid, (long)attr, flags));

    public static long ioprio_set(int which, int who, int priority) => unchecked(Call(SYS.ioprio_set, which, who, priority));

    public static long personality(uint persona) => unchecked(Call(SYS.personality, persona));

    public static long set_mempolicy(int mode, ulong* nodes, long bits) => unchecked(Call(SYS.set_mempolicy, mode, (long)nodes, bits));

    public static long sched_setaffinity(int pid, long size, void* mask) => unchecked(Call(SYS.sched_setaffinity, pid, size, (long)mask));

    // Imported as the language runtime imports its own native parts: a plain call, without the transition of a P/Invoke
    // and without the collection poll that the compiler puts behind one that suppresses the transition.
    [MethodImpl(MethodImplOptions.InternalCall)]
    [System.Runtime.RuntimeImport("libc", "syscall")]
    private static extern nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [MethodImpl(MethodImplOptions.InternalCall)]
    [System.Runtime.RuntimeImport("libc", "__errno_location")]
    private static extern int* __errno_location();
}
