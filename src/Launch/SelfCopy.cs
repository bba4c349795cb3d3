using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>
/// Runs the program again from a copy of itself that cannot be written to. A process that enters a container shows its
/// executable there as /proc/PID/exe; through it a hostile image could overwrite the runtime on the host
/// (CVE-2019-5736). Whether the copy runs already is read from the file itself, not from a variable that lies.
/// </summary>
internal static unsafe class SelfCopy
{
    // Not blocked: what the program does itself, and what the language runtime uses between its threads.
    private const ulong Unblockable = (1UL << (Uapi.SIGSEGV - 1)) | (1UL << (Uapi.SIGBUS - 1)) | (1UL << (Uapi.SIGFPE - 1))
        | (1UL << (Uapi.SIGILL - 1)) | (1UL << (Uapi.SIGABRT - 1)) | (0xffUL << 31);

    private const int RequiredSeals = Uapi.F_SEAL_SEAL | Uapi.F_SEAL_SHRINK | Uapi.F_SEAL_GROW | Uapi.F_SEAL_WRITE;

    // A second lower layer, which overlayfs demands when there is no upper one. It must not contain the first.
    private static ReadOnlySpan<byte> SecondLayers => "/run\0/tmp\0/var\0/etc\0"u8;

    // The collector's first generation, in hexadecimal: given, its start-up does not read cache sizes from sysfs. It only
    // takes this setting from the environment. Nothing of it reaches the container.
    private static ReadOnlySpan<byte> RuntimeSettings => "DOTNET_GCgen0size=400000\0"u8;

    /// <summary>
    /// Returns in the sealed copy, with all signals blocked in every thread: they are then read from a descriptor, so
    /// none is lost between clone and start and none ends the program half-way. Else replaces the process.
    /// </summary>
    /// <exception cref="FaultException">Neither an overlay nor a memfd can be made.</exception>
    public static void Ensure()
    {
        Sys.rt_sigprocmask(Uapi.SIG_BLOCK, 0, out ulong mask);
        using Fd exe = new(Sys.openat(Uapi.AT_FDCWD, "/proc/self/exe"u8, Uapi.O_RDONLY));
        if (exe.Number < 0)
        {
            throw new FaultException(new Fault("cannot open the runtime's own executable")
            {
                Syscall = "openat",
                Errno = -exe.Number,
                Hint = "is /proc mounted?",
            });
        }

        bool blocked = (mask & (1UL << (Uapi.SIGTERM - 1))) != 0;
        if (blocked && IsSealed(exe.Number))
            return;
        Sys.rt_sigprocmask(Uapi.SIG_SETMASK, ~Unblockable, out _);
        int overlay = Overlay();
        int copy = overlay >= 0 ? overlay : Memory(exe.Number);
        int error = copy >= 0 ? Execute(copy) : copy;
        throw new FaultException(new Fault("cannot run a protected copy of the runtime")
        {
            Syscall = copy >= 0 ? "execveat" : "memfd_create",
            Errno = -error,
            Hint = "the kernel must allow a read-only overlayfs mount or an executable memfd",
        });
    }

    /// <summary>Whether a file is a sealed memfd or lies on a read-only overlay that nobody can reach by path.</summary>
    public static bool IsSealed(int fd)
    {
        int seals = Sys.fcntl(fd, Uapi.F_GET_SEALS);
        if (seals >= 0 && (seals & RequiredSeals) == RequiredSeals)
            return true;
        const long flags = Uapi.ST_RDONLY | Uapi.ST_NOSUID | Uapi.ST_NODEV;
        return Sys.fstatfs(fd, out statfs fs) == 0 && fs.f_type == Uapi.OVERLAYFS_SUPER_MAGIC && (fs.f_flags & flags) == flags;
    }

    // A detached read-only overlay of the directory that holds the executable: nothing is copied. -1 when the kernel
    // does not let us.
    private static int Overlay()
    {
        Span<byte> path = stackalloc byte[4096];
        int length = Sys.readlinkat(Uapi.AT_FDCWD, "/proc/self/exe"u8, path);
        int slash = length <= 0 ? -1 : path[..length].LastIndexOf((byte)'/');
        if (slash < 0)
            return -1;
        ReadOnlySpan<byte> directory = slash == 0 ? "/"u8 : path[..slash];
        ReadOnlySpan<byte> name = path[(slash + 1)..length];
        ReadOnlySpan<byte> seconds = SecondLayers;
        while (!seconds.IsEmpty)
        {
            ReadOnlySpan<byte> second = seconds[..seconds.IndexOf((byte)0)];
            seconds = seconds[(second.Length + 1)..];
            if (IsWithin(directory, second) || IsWithin(second, directory))
                continue;
            int mount = Overlay(directory, second);
            if (mount < 0)
                return -1;
            int file = Sys.openat(mount, name, Uapi.O_PATH | Uapi.O_NOFOLLOW);
            Sys.close(mount);
            return file;
        }

        return -1;
    }

    private static bool IsWithin(ReadOnlySpan<byte> path, ReadOnlySpan<byte> directory) =>
        directory.SequenceEqual("/"u8)
        || (path.StartsWith(directory) && (path.Length == directory.Length || path[directory.Length] == (byte)'/'));

    private static int Overlay(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int fs = Sys.fsopen("overlay"u8);
        if (fs < 0)
            return fs;

        // "lowerdir+" (Linux 6.7) takes a path as it is; before, a list with escapes.
        int result = Sys.fsconfig(fs, Uapi.FSCONFIG_SET_STRING, "lowerdir+"u8, first);
        if (result == 0)
        {
            result = Sys.fsconfig(fs, Uapi.FSCONFIG_SET_STRING, "lowerdir+"u8, second);
        }
        else if (first.IndexOfAny((byte)':', (byte)',', (byte)'\\') < 0)
        {
            byte[] both = [.. first, (byte)':', .. second];
            result = Sys.fsconfig(fs, Uapi.FSCONFIG_SET_STRING, "lowerdir"u8, both);
        }

        if (result == 0)
            result = Sys.fsconfig(fs, Uapi.FSCONFIG_CMD_CREATE, default, default);
        if (result == 0)
            result = Sys.fsmount(fs, Uapi.MOUNT_ATTR_RDONLY | Uapi.MOUNT_ATTR_NOSUID | Uapi.MOUNT_ATTR_NODEV);
        Sys.close(fs);
        return result;
    }

    private static int Memory(int exe)
    {
        // MFD_EXEC (Linux 6.3) asks for what older kernels give anyway.
        const uint executable = 0x10;
        int fd = Sys.memfd_create("ocirun"u8, Uapi.MFD_CLOEXEC | Uapi.MFD_ALLOW_SEALING | executable);
        if (fd == -Errno.EINVAL)
            fd = Sys.memfd_create("ocirun"u8, Uapi.MFD_CLOEXEC | Uapi.MFD_ALLOW_SEALING);
        if (fd < 0)
            return fd;
        long sent;
        do
            sent = Sys.sendfile(fd, exe, 1 << 30);
        while (sent > 0 || sent == -Errno.EINTR);
        if (sent < 0)
            return (int)sent;
        int result = Sys.fcntl(fd, Uapi.F_ADD_SEALS, RequiredSeals);
        return result < 0 ? result : fd;
    }

    // The same arguments and environment, byte for byte.
    private static int Execute(int fd)
    {
        byte[]? arguments = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/cmdline"u8, 8 << 20, out int errno);
        byte[]? environment = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/environ"u8, 8 << 20, out int other);
        if (arguments is null || environment is null)
            return -(arguments is null ? errno : other);
        environment = [.. environment, .. RuntimeSettings];
        byte empty = 0;
        fixed (byte* a = arguments)
        fixed (byte* e = environment)
        fixed (byte** argv = new byte*[Count(arguments) + 1])
        fixed (byte** envp = new byte*[Count(environment) + 1])
        {
            Split(a, arguments.Length, argv);
            Split(e, environment.Length, envp);
            return Sys.execveat(fd, &empty, argv, envp, Uapi.AT_EMPTY_PATH);
        }
    }

    private static int Count(byte[] list) => list.AsSpan().Count((byte)0);

    private static void Split(byte* list, int length, byte** into)
    {
        int count = 0;
        byte* start = list;
        for (int i = 0; i < length; i++)
        {
            if (list[i] != 0)
                continue;
            into[count++] = start;
            start = list + i + 1;
        }

        into[count] = null;
    }
}
