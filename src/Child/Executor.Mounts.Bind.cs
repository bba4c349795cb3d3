using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    private static long OpenSource(ChildContext* c, Step* s)
    {
        unchecked
        {
            long tree = OpenTree(c, Uapi.AT_FDCWD, s->Text, (s->Number != 0 ? (uint)Uapi.AT_RECURSIVE : 0) | (uint)s->Flags);
            if (tree < 0)
                return tree;
            c->Slots[s->Slot] = (int)tree;
            return 0;
        }
    }

    private static long MountBind(ChildContext* c, Step* s)
    {
        unchecked
        {
            MountStep* m = (MountStep*)s->Data;
            if (s->Second != null)
                return BindInside(c, s, m);
            if (s->Number < 0)
                return RemountTarget(c, m);
            int tree = c->Slots[s->Number];
            c->Slots[s->Number] = -1;
            return AttachBind(c, s, m, tree);
        }
    }

    // A source among the container's own mounts, opened now that those before it are there. A mapping is the parent's
    // work, which has the rights over the file system.
    private static long BindInside(ChildContext* c, Step* s, MountStep* m)
    {
        unchecked
        {
            long fd = OpenInRoot(c, c->Slots[Slot.Rootfs], s->Second, Uapi.O_PATH | (int)s->Flags, 0);
            if (fd < 0)
                return Fail(c, SYS.open_tree, fd);
            long tree = fd;
            if (c->HasMountApi != 0)
            {
                byte empty = 0;
                tree = OpenTree(c, (int)fd, &empty, (uint)Uapi.AT_EMPTY_PATH | (m->Recursive != 0 ? (uint)Uapi.AT_RECURSIVE : 0));
                Raw.close((int)fd);
                if (tree < 0)
                    return tree;
            }

            if (s->Number >= 0)
            {
                long result = SendDescriptor(c, ReportKind.MapIds, (int)tree);
                if (result >= 0)
                    result = AwaitParent(c);
                if (result < 0)
                    return result;
            }

            return AttachBind(c, s, m, (int)tree);
        }
    }

    private static long AttachBind(ChildContext* c, Step* s, MountStep* m, int tree)
    {
        unchecked
        {
            stat st;
            long result = Raw.fstat(tree, &st);
            if (result < 0)
                return Fail(c, SYS.fstat, result);
            if (m->OnlyProc != 0 && !IsProc(tree))
                return Fail(c, SYS.fstatfs, -Errno.ENODEV);
            if (m->CopySymlink != 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFLNK)
            {
                result = CopyLink(c, m, tree);
                Raw.close(tree);
                return result;
            }

            bool directory = (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR;
            long target = OpenTarget(c, m, directory);
            if (target < 0)
                return c->Syscall != Report.NoSyscall ? target : Fail(c, SYS.openat2, target);
            stat covered;
            result = Call(c, SYS.fstat, Raw.fstat((int)target, &covered));
            if (result == 0 && directory != ((covered.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR))
                result = Fail(c, SYS.move_mount, -Errno.ENOTDIR);
            if (result >= 0 && c->HasMountApi == 0)
                result = LegacyBind(c, m, &tree, (int)target);
            if (result >= 0 && m->Enslave != 0 && c->HasMountSetattr != 0)
                result = SetOnePropagation(c, tree, Uapi.MS_SLAVE | Uapi.MS_REC);
            if (result >= 0 && m->KeepsLocked != 0)
                result = KeepLocked(c, m, tree);
            if (result >= 0 && c->HasMountSetattr != 0)
                result = SetAttributes(c, tree, m->AttributesSet, m->AttributesClear, m->AttributesForbidden, recursive: false);
            if (result >= 0 && (c->HasMountSetattr != 0 || (m->RecursiveSet | m->RecursiveClear) != 0))
                result = SetAttributes(c, tree, m->RecursiveSet, m->RecursiveClear, m->RecursiveClear, recursive: true);
            if (result >= 0)
                result = CopyUp(c, m, (int)target, tree);
            if (result >= 0 && c->HasMountApi != 0)
                result = Call(c, SYS.move_mount, Attach(tree, (int)target));
            Raw.close((int)target);

            // mount(2) changes attached mounts only.
            if (result >= 0 && m->Enslave != 0 && c->HasMountSetattr == 0)
                result = SetOnePropagation(c, tree, Uapi.MS_SLAVE | Uapi.MS_REC);
            if (result >= 0 && c->HasMountSetattr == 0)
                result = RemountBind(c, m, tree);
            if (result >= 0)
                result = SetPropagation(c, m, tree);
            if (result >= 0 && m->OverRoot != 0)
                result = TakeRoot(c, tree);
            Keep(c, s, tree);
            return result;
        }
    }

    // "remount" with "bind": new flags for the mount that is at the destination already.
    private static long RemountTarget(ChildContext* c, MountStep* m)
    {
        unchecked
        {
            int flags = m->TargetNofollow == 0 ? 0 : Uapi.O_NOFOLLOW;
            long mount = OpenInRoot(c, c->Slots[Slot.Rootfs], m->Target, Uapi.O_PATH | flags, 0);
            if (mount < 0)
                return Fail(c, SYS.openat2, mount);
            if (m->InProc == 0 && IsProc((int)mount))
                mount = WithoutLinks(c, m, (int)mount);
            if (mount < 0)
                return mount;
            long result = c->HasMountSetattr == 0
                ? RemountBind(c, m, (int)mount)
                : SetAttributes(c, (int)mount, m->AttributesSet, m->AttributesClear, m->AttributesForbidden, recursive: false);
            if (result >= 0)
                result = SetAttributes(c, (int)mount, m->RecursiveSet, m->RecursiveClear, m->RecursiveClear, recursive: true);
            if (result >= 0)
                result = SetPropagation(c, m, (int)mount);
            Raw.close((int)mount);
            return result;
        }
    }

    // The same link may be there already, as in a root file system that is used again.
    private static long CopyLink(ChildContext* c, MountStep* m, int link)
    {
        unchecked
        {
            byte* name;
            long parent = OpenParent(c, c->Slots[Slot.Rootfs], m->Target, &name);
            if (parent < 0)
                return parent;
            byte empty = 0;
            byte* text = c->Scratch;
            byte* there = c->Scratch + PATH_MAX;
            long length = Raw.readlinkat(link, &empty, text, PATH_MAX - 1);
            long result = length;
            if (length >= 0)
            {
                text[length] = 0;
                result = Raw.symlinkat(text, (int)parent, name);
            }

            if (result == -Errno.EEXIST && Raw.readlinkat((int)parent, name, there, PATH_MAX - 1) == length)
            {
                long i = 0;
                while (i < length && text[i] == there[i])
                    i++;
                if (i == length)
                    result = 0;
            }

            Raw.close((int)parent);
            return Call(c, SYS.symlinkat, result);
        }
    }

    private static bool IsProc(int fd)
    {
        statfs fs;
        return Raw.fstatfs(fd, &fs) >= 0 && fs.f_type == Uapi.PROC_SUPER_MAGIC;
    }

    // Attributes of a detached tree. A flag that the kernel holds locked (user_namespaces(7), mount_namespaces(7)) is
    // kept unless the config clears it by name, which is the config's error.
    private static long SetAttributes(
        ChildContext* c, int mount, ulong set, ulong clear, ulong forbidden, bool recursive)
    {
        unchecked
        {
            if ((set | clear) == 0)
                return 0;
            mount_attr attr = default;
            attr.attr_set = set;
            attr.attr_clr = clear;
            byte empty = 0;
            uint flags = Uapi.AT_EMPTY_PATH | (recursive ? (uint)Uapi.AT_RECURSIVE : 0);
            long result = Raw.mount_setattr(mount, &empty, flags, &attr);
            if (result == -Errno.EPERM && !recursive)
            {
                ulong held = Held(mount);
                if ((held & forbidden) == 0)
                {
                    attr.attr_clr &= ~held;
                    result = Raw.mount_setattr(mount, &empty, flags, &attr);
                }
            }

            return Call(c, SYS.mount_setattr, result);
        }
    }

    // A mount that the parent cloned has no locks yet, so the child observes those that the kernel would set for a mount
    // namespace of this user namespace: ro, nosuid, nodev, noexec, nodiratime and the access-time mode.
    private static long KeepLocked(ChildContext* c, MountStep* m, int tree)
    {
        unchecked
        {
            ulong held = Held(tree);
            bool times = (m->AttributesClear & Uapi.MOUNT_ATTR__ATIME) != 0
                && (m->AttributesSet & Uapi.MOUNT_ATTR__ATIME) != HeldTimes(tree);
            if ((held & (m->AttributesForbidden | m->RecursiveClear)) != 0 || times)
                return Fail(c, SYS.mount_setattr, -Errno.EPERM);
            m->AttributesClear &= ~held;
            m->Flags |= HeldFlags(tree);
            return 0;
        }
    }

    private static ulong HeldTimes(int mount)
    {
        statfs fs;
        if (Raw.fstatfs(mount, &fs) < 0 || (fs.f_flags & Uapi.ST_RELATIME) != 0)
            return Uapi.MOUNT_ATTR_RELATIME;
        return (fs.f_flags & Uapi.ST_NOATIME) != 0 ? Uapi.MOUNT_ATTR_NOATIME : Uapi.MOUNT_ATTR_STRICTATIME;
    }

    private static ulong Held(int mount)
    {
        statfs fs;
        if (Raw.fstatfs(mount, &fs) < 0)
            return 0;
        ulong held = 0;
        if ((fs.f_flags & Uapi.ST_RDONLY) != 0)
            held |= Uapi.MOUNT_ATTR_RDONLY;
        if ((fs.f_flags & Uapi.ST_NOSUID) != 0)
            held |= Uapi.MOUNT_ATTR_NOSUID;
        if ((fs.f_flags & Uapi.ST_NODEV) != 0)
            held |= Uapi.MOUNT_ATTR_NODEV;
        if ((fs.f_flags & Uapi.ST_NOEXEC) != 0)
            held |= Uapi.MOUNT_ATTR_NOEXEC;
        if ((fs.f_flags & Uapi.ST_NODIRATIME) != 0)
            held |= Uapi.MOUNT_ATTR_NODIRATIME;
        return held;
    }

    private static long LegacyBind(ChildContext* c, MountStep* m, int* tree, int target)
    {
        unchecked
        {
            byte* from = stackalloc byte[32];
            byte* to = stackalloc byte[32];
            FdPath(from, *tree);
            FdPath(to, target);
            ulong flags = Uapi.MS_BIND | (m->Recursive != 0 ? Uapi.MS_REC : 0u);
            long result = Raw.mount(from, to, null, flags, null);
            if (result < 0)
                return Fail(c, SYS.mount, result);
            result = Mounted(c, m);
            if (result < 0)
                return result;
            if (!IsSame(*tree, (int)result))
            {
                Raw.close((int)result);
                return Fail(c, SYS.openat2, -Errno.EXDEV);
            }

            Raw.close(*tree);
            *tree = (int)result;
            return 0;
        }
    }

    // A new mount is found by its path again, which may have been exchanged meanwhile: the flags would go to another
    // mount, and the new one would stay as it is.
    private static bool IsSame(int one, int other)
    {
        stat a, b;
        return Raw.fstat(one, &a) >= 0 && Raw.fstat(other, &b) >= 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    }

    // Without mount_setattr: the flags by a bind remount of what is attached now.
    private static long RemountBind(ChildContext* c, MountStep* m, int mount)
    {
        unchecked
        {
            if ((m->AttributesSet | m->AttributesClear) == 0)
                return 0;
            byte* path = stackalloc byte[32];
            FdPath(path, mount);
            ulong flags = (m->Flags & ~(ulong)Uapi.MS_REC) | Uapi.MS_BIND | Uapi.MS_REMOUNT;
            long result = Raw.mount(null, path, null, flags, null);
            if (result == -Errno.EPERM && (Held(mount) & m->AttributesForbidden) == 0)
                result = Raw.mount(null, path, null, flags | HeldFlags(mount), null);
            return Call(c, SYS.mount, result);
        }
    }

    // MOUNT_ATTR_* and MS_* share the values of these flags.
    private static ulong HeldFlags(int mount) =>
        Held(mount) & (Uapi.MOUNT_ATTR_RDONLY | Uapi.MOUNT_ATTR_NOSUID | Uapi.MOUNT_ATTR_NODEV | Uapi.MOUNT_ATTR_NOEXEC);
}
