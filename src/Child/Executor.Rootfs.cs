using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    // /dev/null of the host, as a detached mount: it covers masked files and cannot be replaced by the image's.
    private static long OpenNull(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd = OpenTree(c, Uapi.AT_FDCWD, s->Text, 0);
            if (fd < 0)
                return fd;
            c->Slots[Slot.Null] = (int)fd;
            return IsNull((int)fd) ? 0 : Fail(c, SYS.fstat, -Errno.ENODEV);
        }
    }

    private static bool IsNull(int fd)
    {
        stat st;
        return Raw.fstat(fd, &st) >= 0 && IsNull(&st);
    }

    private static bool IsNull(stat* st) => (st->st_mode & Uapi.S_IFMT) == Uapi.S_IFCHR && st->st_rdev == 0x103;

    // A procfs of the child's own: nobody can mount over parts of it. Where the kernel refuses a new instance
    // (user namespace, host procfs partly covered), the host's, checked to be the root of a procfs.
    private static long OpenProc(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd = -Errno.ENOSYS;
            long fs;
            fixed (byte* type = "proc"u8)
                fs = Raw.fsopen(type, Uapi.FSOPEN_CLOEXEC);
            if (fs >= 0)
            {
                fd = Raw.fsconfig((int)fs, Uapi.FSCONFIG_CMD_CREATE, null, null, 0);
                if (fd >= 0)
                    fd = Raw.fsmount((int)fs, Uapi.FSMOUNT_CLOEXEC, Uapi.MOUNT_ATTR_NOSUID | Uapi.MOUNT_ATTR_NODEV | Uapi.MOUNT_ATTR_NOEXEC);
                Raw.close((int)fs);
            }

            if (fd < 0)
            {
                fd = Raw.openat(Uapi.AT_FDCWD, s->Text, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                if (fd < 0)
                    return Fail(c, SYS.openat, fd);
                statfs type;
                stat st;
                if (Raw.fstatfs((int)fd, &type) < 0 || type.f_type != Uapi.PROC_SUPER_MAGIC
                    || Raw.fstat((int)fd, &st) < 0 || st.st_ino != Uapi.PROC_ROOT_INO)
                    return Fail(c, SYS.fstatfs, -Errno.ENODEV);
            }

            c->Slots[Slot.Proc] = (int)fd;
            return 0;
        }
    }

    // pivot_root(2) needs a mount point: the rootfs is cloned onto itself.
    private static long AttachRootfs(ChildContext* c, Step* s)
    {
        unchecked
        {
            if (s->Number == 0)
            {
                long root = Raw.openat(Uapi.AT_FDCWD, s->Text, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                c->Slots[Slot.Rootfs] = (int)root;
                return Call(c, SYS.openat, root);
            }

            if (s->Flags != 0)
                return AttachGivenRootfs(c);
            long tree = OpenTree(c, Uapi.AT_FDCWD, s->Text, (uint)Uapi.AT_RECURSIVE);
            if (tree < 0)
                return tree;
            long result;
            if (c->HasMountApi != 0)
            {
                long target = Raw.openat(Uapi.AT_FDCWD, s->Text, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                if (target < 0)
                    return Fail(c, SYS.openat, target);
                result = Call(c, SYS.move_mount, Attach((int)tree, (int)target));
                Raw.close((int)target);
            }
            else
            {
                result = Call(c, SYS.mount, Raw.mount(s->Text, s->Text, null, Uapi.MS_BIND | Uapi.MS_REC, null));
                Raw.close((int)tree);
                tree = Raw.openat(Uapi.AT_FDCWD, s->Text, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                if (tree < 0)
                    return Fail(c, SYS.openat, tree);
            }

            if (result != 0)
                return result;
            c->Slots[Slot.Rootfs] = (int)tree;
            return 0;
        }
    }

    // The parent's clone goes over "/": absolute lookups still start below it, so host paths keep working, and no
    // directory on the way to the rootfs needs to admit this user namespace.
    private static long AttachGivenRootfs(ChildContext* c)
    {
        unchecked
        {
            byte* slash = stackalloc byte[2];
            slash[0] = (byte)'/';
            slash[1] = 0;
            int tree = c->Slots[Slot.Rootfs];
            long result = 0;
            if (c->HasMountSetattr != 0)
                result = SetOnePropagation(c, tree, Uapi.MS_SLAVE | Uapi.MS_REC);
            if (result != 0)
                return result;
            byte empty = 0;
            result = Call(
                c, SYS.move_mount, Raw.move_mount(tree, &empty, Uapi.AT_FDCWD, slash, Uapi.MOVE_MOUNT_F_EMPTY_PATH));

            // mount(2) changes attached mounts only.
            if (result == 0 && c->HasMountSetattr == 0)
                result = SetOnePropagation(c, tree, Uapi.MS_SLAVE | Uapi.MS_REC);
            return result;
        }
    }

    private static long PivotRoot(ChildContext* c, Step* s)
    {
        unchecked
        {
            byte* dot = stackalloc byte[2];
            byte* slash = stackalloc byte[2];
            dot[0] = (byte)'.';
            dot[1] = 0;
            slash[0] = (byte)'/';
            slash[1] = 0;
            long old = Raw.openat(Uapi.AT_FDCWD, slash, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
            if (old < 0)
                return Fail(c, SYS.openat, old);
            long result = Call(c, SYS.fchdir, Raw.fchdir(c->Slots[Slot.Rootfs]));
            if (result == 0)
                result = Call(c, SYS.pivot_root, Raw.pivot_root(dot, dot));
            if (result == 0)
                result = Call(c, SYS.fchdir, Raw.fchdir((int)old));

            // A slave, so that the unmount below does not travel back to the host.
            if (result == 0)
                result = Call(c, SYS.mount, Raw.mount(null, dot, null, Uapi.MS_SLAVE | Uapi.MS_REC, null));

            // The top-most mount on the old root directory goes first, the old root last.
            for (int i = 0; i <= s->Number && result == 0; i++)
                result = Call(c, SYS.umount2, Raw.umount2(dot, Uapi.MNT_DETACH));
            Raw.close((int)old);
            return result != 0 ? result : Call(c, SYS.chdir, Raw.chdir(slash));
        }
    }

    // Without a mount namespace there is nothing to pivot.
    private static long ChangeRoot(ChildContext* c)
    {
        unchecked
        {
            byte* dot = stackalloc byte[2];
            dot[0] = (byte)'.';
            dot[1] = 0;
            long result = Call(c, SYS.fchdir, Raw.fchdir(c->Slots[Slot.Rootfs]));
            return result != 0 ? result : Call(c, SYS.chroot, Raw.chroot(dot));
        }
    }

    private static long Sysctl(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd = OpenInProc(c, s->Text, Uapi.O_WRONLY, noLinks: true);
            if (fd < 0)
                return Fail(c, SYS.openat2, fd);
            long n = Raw.write((int)fd, s->Second, s->Number);
            Raw.close((int)fd);
            return n == s->Number ? 0 : Fail(c, SYS.write, n < 0 ? n : -Errno.EIO);
        }
    }

    // EBUSY: something has a file open for writing there, such as a process that a hook left running. The kernel tells nobody when
    // the last of them is closed, so it is asked again for half a second.
    private static long ReadonlyMount(ChildContext* c, Step* s)
    {
        unchecked
        {
            const int tries = 50;
            long result = SetReadonly(c, c->Slots[s->Slot]);
            for (int i = 0; result == -Errno.EBUSY && i < tries; i++)
            {
                timespec pause = default;
                pause.tv_nsec = 10_000_000;
                Raw.ppoll(null, 0, &pause, null);
                result = SetReadonly(c, c->Slots[s->Slot]);
            }

            return result;
        }
    }

    private static long SetReadonly(ChildContext* c, int mount)
    {
        unchecked
        {
            mount_attr attr = default;
            attr.attr_set = Uapi.MOUNT_ATTR_RDONLY;
            byte empty = 0;
            if (c->HasMountSetattr == 0)
            {
                byte* path = stackalloc byte[32];
                FdPath(path, mount);
                ulong flags = Uapi.MS_BIND | Uapi.MS_REMOUNT | Uapi.MS_RDONLY | HeldFlags(mount);
                return Call(c, SYS.mount, Raw.mount(null, path, null, flags, null));
            }

            return Call(c, SYS.mount_setattr, Raw.mount_setattr(mount, &empty, Uapi.AT_EMPTY_PATH, &attr));
        }
    }

    // A clone of the subtree made read-only before it is attached over it.
    private static long ReadonlyPath(ChildContext* c, Step* s)
    {
        unchecked
        {
            long target = OpenInRoot(c, c->Slots[Slot.Rootfs], s->Text, Uapi.O_PATH, 0);
            if (target is -Errno.ENOENT or -Errno.ENOTDIR)
                return 0;
            if (target < 0)
                return Fail(c, SYS.openat2, target);
            long result;
            if (c->HasMountSetattr == 0)
            {
                result = LegacyReadonly(c, s->Text, (int)target);
            }
            else
            {
                byte empty = 0;
                long tree = OpenTree(c, (int)target, &empty, (uint)(Uapi.AT_EMPTY_PATH | Uapi.AT_RECURSIVE));
                result = tree < 0 ? tree : SetAttributes(c, (int)tree, Uapi.MOUNT_ATTR_RDONLY, 0, 0, recursive: false);
                if (result >= 0)
                    result = Call(c, SYS.move_mount, Attach((int)tree, (int)target));
                Close((int)tree);
            }

            Raw.close((int)target);
            return result;
        }
    }

    private static long LegacyReadonly(ChildContext* c, byte* path, int target)
    {
        unchecked
        {
            byte* link = stackalloc byte[32];
            FdPath(link, target);
            long result = Raw.mount(link, link, null, Uapi.MS_BIND | Uapi.MS_REC, null);
            if (result < 0)
                return Fail(c, SYS.mount, result);
            long mounted = OpenInRoot(c, c->Slots[Slot.Rootfs], path, Uapi.O_PATH, 0);
            if (mounted < 0)
                return Fail(c, SYS.openat2, mounted);
            if (!IsSame(target, (int)mounted))
            {
                Raw.close((int)mounted);
                return Fail(c, SYS.openat2, -Errno.EXDEV);
            }

            FdPath(link, (int)mounted);
            ulong flags = Uapi.MS_BIND | Uapi.MS_REMOUNT | Uapi.MS_RDONLY | HeldFlags((int)mounted);
            result = Raw.mount(null, link, null, flags, null);
            Raw.close((int)mounted);
            return Call(c, SYS.mount, result);
        }
    }

    // Only the target may be missing; the cover was opened and checked long before.
    private static long MaskPath(ChildContext* c, Step* s)
    {
        unchecked
        {
            long target = OpenInRoot(c, c->Slots[Slot.Rootfs], s->Text, Uapi.O_PATH, 0);
            if (target is -Errno.ENOENT or -Errno.ENOTDIR)
                return 0;
            if (target < 0)
                return Fail(c, SYS.openat2, target);
            stat st;
            long result = Raw.fstat((int)target, &st);
            if (result >= 0)
            {
                bool directory = (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR;
                result = directory ? MaskDirectory(c, s, (int)target) : Cover(c, Slot.Null, (int)target);
            }

            Raw.close((int)target);
            return result;
        }
    }

    // One empty tmpfs serves all masked directories: the first use attaches it, later ones clone it.
    private static long MaskDirectory(ChildContext* c, Step* s, int target)
    {
        unchecked
        {
            MountStep* m = (MountStep*)s->Data;
            if (c->HasMountApi == 0)
            {
                byte* path = stackalloc byte[32];
                FdPath(path, target);
                return Call(c, SYS.mount, Raw.mount(m->Source, path, m->Type, m->Flags, m->Data));
            }

            if (c->Slots[Slot.Mask] < 0)
            {
                long mask = CreateFilesystem(c, m, target);
                if (mask < 0)
                    return mask;
                c->Slots[Slot.Mask] = (int)mask;
            }

            return Cover(c, Slot.Mask, target);
        }
    }

    private static long Cover(ChildContext* c, int slot, int target)
    {
        unchecked
        {
            int cover = c->Slots[slot];
            if (c->HasMountApi == 0)
            {
                byte* from = stackalloc byte[32];
                byte* to = stackalloc byte[32];
                FdPath(from, cover);
                FdPath(to, target);
                return Call(c, SYS.mount, Raw.mount(from, to, null, Uapi.MS_BIND, null));
            }

            if ((c->Attached & (1 << slot)) == 0)
            {
                c->Attached |= 1 << slot;
                return Call(c, SYS.move_mount, Attach(cover, target));
            }

            byte empty = 0;
            long clone = OpenTree(c, cover, &empty, (uint)Uapi.AT_EMPTY_PATH);
            if (clone < 0)
                return clone;
            long result = Call(c, SYS.move_mount, Attach((int)clone, target));
            Raw.close((int)clone);
            return result;
        }
    }
}
