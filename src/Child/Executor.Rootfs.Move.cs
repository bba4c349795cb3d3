using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>The root for file systems that pivot_root(2) refuses (initramfs): the old one stays below the new one.</summary>
internal static unsafe partial class Executor
{
    private static long MoveRoot(ChildContext* c, Step* s)
    {
        unchecked
        {
            byte* dot = stackalloc byte[2];
            dot[0] = (byte)'.';
            dot[1] = 0;
            long result = HideHost(c, s->Flags == 0);
            if (result == 0)
                result = Call(c, SYS.fchdir, Raw.fchdir(c->Slots[Slot.Rootfs]));
            byte* slash = stackalloc byte[2];
            slash[0] = (byte)'/';
            slash[1] = 0;
            if (result == 0 && s->Flags == 0)
                result = Call(c, SYS.mount, Raw.mount(dot, slash, null, Uapi.MS_MOVE, null));
            if (result == 0)
                result = Call(c, SYS.chroot, Raw.chroot(dot));
            return result != 0 ? result : Call(c, SYS.chdir, Raw.chdir(slash));
        }
    }

    // Every procfs and sysfs of the host goes first, wherever it is mounted: with one that stays fully visible in the
    // mount namespace the kernel lets a user namespace that a process of the container makes mount another one, without
    // masks (mount_too_revealing() in fs/namespace.c). Lines of mountinfo may be longer than any buffer (proc(5)), so
    // they are taken byte by byte.
    private static long HideHost(ChildContext* c, bool spareRootfs)
    {
        unchecked
        {
            byte* root = stackalloc byte[PATH_MAX];
            byte* path = stackalloc byte[PATH_MAX];
            MountLine line = default;
            line.Path = path;
            FdPath(path, c->Slots[Slot.Rootfs]);
            long length = Raw.readlinkat(Uapi.AT_FDCWD, path, root, PATH_MAX - 1);
            if (length < 0)
                return Fail(c, SYS.readlinkat, length);
            root[spareRootfs ? length : 0] = 0;
            long file;
            fixed (byte* mountinfo = "/proc/self/mountinfo"u8)
                file = Raw.openat(Uapi.AT_FDCWD, mountinfo, Uapi.O_RDONLY | Uapi.O_CLOEXEC);
            if (file < 0)
                return Fail(c, SYS.openat, file);
            long result = 0;
            long n = 0;
            while (result == 0 && (n = Raw.read((int)file, c->Scratch, PATH_MAX)) > 0)
            {
                for (long i = 0; i < n && result == 0; i++)
                {
                    if (!line.Take(c->Scratch[i]))
                        continue;
                    if (line.IsProcOrSys() && !IsBelow(path, root))
                        result = Hide(c, path);
                    line.Begin();
                }
            }

            Raw.close((int)file);
            return n < 0 ? Fail(c, SYS.read, n) : result;
        }
    }

    private static bool IsBelow(byte* path, byte* directory)
    {
        unchecked
        {
            long i = 0;
            while (directory[i] != 0 && path[i] == directory[i])
                i++;
            return i > 0 && directory[i] == 0 && path[i] is 0 or (byte)'/';
        }
    }

    // A path that is gone, or leads to something else, was below one that went before. What a user namespace may not
    // unmount (mount_namespaces(7), locked mounts) is covered, which counts as soon as that is locked in its turn.
    private static long Hide(ChildContext* c, byte* path)
    {
        unchecked
        {
            long fd = Raw.openat(Uapi.AT_FDCWD, path, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
            if (fd < 0)
                return 0;
            statfs fs;
            bool found = Raw.fstatfs((int)fd, &fs) >= 0 && fs.f_type is Uapi.PROC_SUPER_MAGIC or Uapi.SYSFS_MAGIC;
            Raw.close((int)fd);
            if (!found)
                return 0;
            Raw.mount(null, path, null, Uapi.MS_SLAVE | Uapi.MS_REC, null);
            if (Raw.umount2(path, Uapi.MNT_DETACH) >= 0)
                return 0;
            fixed (byte* type = "tmpfs"u8)
                return Call(c, SYS.mount, Raw.mount(type, path, type, Uapi.MS_RDONLY, null));
        }
    }
}
