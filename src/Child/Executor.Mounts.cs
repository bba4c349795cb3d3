using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>
/// Mounts are made detached, get their attributes there, and are attached by descriptor, so that no path is walked
/// twice and nothing is ever visible half-configured. Kernels without the mount API (before 5.2) or mount_setattr
/// (before 5.12) get mount(2) onto /proc/self/fd/N.
/// </summary>
internal static unsafe partial class Executor
{
    private static long Propagation(ChildContext* c, Step* s)
    {
        unchecked
        {
            byte slash = (byte)'/';
            byte* root = stackalloc byte[2];
            root[0] = slash;
            root[1] = 0;
            return Call(c, SYS.mount, Raw.mount(null, root, null, (ulong)s->Flags, null));
        }
    }

    // Asked once, after the namespaces are made: with nothing to act on, a call that exists complains about its
    // arguments. A seccomp filter around us may answer EPERM instead of ENOSYS.
    private static long ProbeMountApi(ChildContext* c)
    {
        unchecked
        {
            c->HasMountApi = Exists(Raw.open_tree(-1, null, 0)) && Exists(Raw.fsopen(null, 0))
                && Exists(Raw.fsconfig(-1, 0, null, null, 0)) && Exists(Raw.fsmount(-1, 0, 0))
                && Exists(Raw.move_mount(-1, null, -1, null, 0)) ? 1 : 0;
            c->HasMountSetattr = c->HasMountApi != 0 && Exists(Raw.Call(SYS.mount_setattr, -1)) ? 1 : 0;
            return 0;
        }
    }

    private static bool Exists(long result) => result is not -Errno.ENOSYS and not -Errno.EPERM;

    // A detached clone of a tree, or without the mount API a descriptor to bind from.
    private static long OpenTree(ChildContext* c, int dirfd, byte* path, uint flags)
    {
        unchecked
        {
            if (c->HasMountApi == 0)
            {
                long fd = Raw.openat(dirfd, path, Uapi.O_PATH | Uapi.O_CLOEXEC);
                return fd < 0 ? Fail(c, SYS.openat, fd) : fd;
            }

            long tree = Raw.open_tree(dirfd, path, Uapi.OPEN_TREE_CLONE | Uapi.OPEN_TREE_CLOEXEC | flags);
            return tree < 0 ? Fail(c, SYS.open_tree, tree) : tree;
        }
    }

    private static long MountFilesystem(ChildContext* c, Step* s)
    {
        unchecked
        {
            MountStep* m = (MountStep*)s->Data;
            long target = OpenTarget(c, m, directory: true);
            if (target < 0)
                return c->Syscall != 0 ? target : Fail(c, SYS.openat2, target);
            long mount;
            long result;
            if (m->Legacy != 0 || c->HasMountApi == 0)
            {
                mount = result = LegacyMount(c, m, (int)target);
            }
            else
            {
                mount = result = CreateFilesystem(c, m, (int)target);
                if (result >= 0)
                    result = Call(c, SYS.move_mount, Attach((int)mount, (int)target));
            }

            Raw.close((int)target);
            if (result < 0)
                return result;
            result = SetPropagation(c, m, (int)mount);
            Keep(c, s, (int)mount);
            return result;
        }
    }

    private static long OpenTarget(ChildContext* c, MountStep* m, bool directory)
    {
        unchecked
        {
            ulong resolve = m->PlainTarget != 0 ? Uapi.RESOLVE_NO_SYMLINKS : 0;
            return OpenOrCreate(c, c->Slots[Slot.Rootfs], m->Target, directory, resolve);
        }
    }

    // fsopen, one fsconfig per option, create, fsmount: a detached mount.
    private static long CreateFilesystem(ChildContext* c, MountStep* m, int target)
    {
        unchecked
        {
            long fs = Raw.fsopen(m->Type, Uapi.FSOPEN_CLOEXEC);
            if (fs < 0)
                return Fail(c, SYS.fsopen, fs);
            c->Syscall = SYS.fsconfig;
            long result = m->Source is null ? 0 : Configure((int)fs, "source"u8, m->Source);
            if (result >= 0 && m->InheritMode != 0)
                result = InheritMode((int)fs, target);
            for (int i = 0; i < m->ParameterCount && result >= 0; i++)
            {
                byte* value = m->Parameters[(2 * i) + 1];
                uint command = value is null ? Uapi.FSCONFIG_SET_FLAG : Uapi.FSCONFIG_SET_STRING;
                result = Raw.fsconfig((int)fs, command, m->Parameters[2 * i], value, 0);
                c->Extra = i + 1;
            }

            if (result >= 0)
            {
                c->Extra = 0;
                result = Raw.fsconfig((int)fs, Uapi.FSCONFIG_CMD_CREATE, null, null, 0);
            }

            if (result >= 0)
            {
                c->Syscall = SYS.fsmount;
                result = Raw.fsmount((int)fs, Uapi.FSMOUNT_CLOEXEC, m->AttributesSet);
                if (result >= 0)
                    c->Syscall = 0;
            }
            else
            {
                ReadMessage(c, (int)fs);
            }

            Raw.close((int)fs);
            return result;
        }
    }

    private static long Configure(int fs, System.ReadOnlySpan<byte> key, byte* value)
    {
        unchecked
        {
            fixed (byte* k = key)
                return Raw.fsconfig(fs, Uapi.FSCONFIG_SET_STRING, k, value, 0);
        }
    }

    // The mode of the directory that a tmpfs covers, before the config's own mode= so that the latter wins.
    private static long InheritMode(int fs, int target)
    {
        unchecked
        {
            stat st;
            long result = Raw.fstat(target, &st);
            if (result < 0)
                return result;
            byte* octal = stackalloc byte[5];
            for (int i = 0; i < 4; i++)
                octal[i] = (byte)('0' + ((st.st_mode >> (9 - (3 * i))) & 7));
            octal[4] = 0;
            return Configure(fs, "mode"u8, octal);
        }
    }

    // What the file system said, e.g. "e tmpfs: Bad value for 'size'" (fsopen(2), "Message retrieval").
    private static void ReadMessage(ChildContext* c, int fs)
    {
        unchecked
        {
            long n = Raw.read(fs, c->Message, 255);
            c->Message[n > 0 ? n : 0] = 0;
        }
    }

    private static long Attach(int mount, int target)
    {
        byte empty = 0;
        return Raw.move_mount(
            mount, &empty, target, &empty, Uapi.MOVE_MOUNT_F_EMPTY_PATH | Uapi.MOVE_MOUNT_T_EMPTY_PATH);
    }

    // mount(2) onto the descriptor, then the descriptor of what is mounted there now.
    private static long LegacyMount(ChildContext* c, MountStep* m, int target)
    {
        unchecked
        {
            byte* path = stackalloc byte[32];
            FdPath(path, target);
            long result = Raw.mount(m->Source, path, m->Type, m->Flags, m->Data);
            if (result < 0)
                return Fail(c, SYS.mount, result);
            return Mounted(c, m);
        }
    }

    // Opening the target again leads onto the mount; the old descriptor still denotes what it covers.
    private static long Mounted(ChildContext* c, MountStep* m)
    {
        unchecked
        {
            long fd = OpenInRoot(c, c->Slots[Slot.Rootfs], m->Target, Uapi.O_PATH, 0);
            return fd < 0 ? Fail(c, SYS.openat2, fd) : fd;
        }
    }

    private static long SetPropagation(ChildContext* c, MountStep* m, int mount)
    {
        unchecked
        {
            for (int i = 0; i < m->PropagationCount; i++)
            {
                long result = SetOnePropagation(c, mount, m->Propagation[i]);
                if (result < 0)
                    return result;
            }

            return 0;
        }
    }

    private static long SetOnePropagation(ChildContext* c, int mount, ulong flags)
    {
        unchecked
        {
            if (c->HasMountSetattr != 0)
            {
                mount_attr attr = default;
                attr.propagation = flags & ~(ulong)Uapi.MS_REC;
                byte empty = 0;
                uint recursive = (flags & Uapi.MS_REC) != 0 ? (uint)Uapi.AT_RECURSIVE : 0;
                return Call(
                    c, SYS.mount_setattr, Raw.mount_setattr(mount, &empty, Uapi.AT_EMPTY_PATH | recursive, &attr));
            }

            byte* path = stackalloc byte[32];
            FdPath(path, mount);
            return Call(c, SYS.mount, Raw.mount(null, path, null, flags, null));
        }
    }

    private static void Keep(ChildContext* c, Step* s, int fd)
    {
        unchecked
        {
            if (s->Slot >= 0)
                c->Slots[s->Slot] = fd;
            else
                Raw.close(fd);
        }
    }

    // A cgroup2 mount; where the kernel refuses it (no right over the cgroup namespace), the directory itself.
    private static long MountCgroup(ChildContext* c, Step* s)
    {
        unchecked
        {
            long result = MountFilesystem(c, s);
            if (result is not -Errno.EPERM and not -Errno.EBUSY || s->Second is null)
                return result;
            MountStep* m = (MountStep*)s->Data;
            long tree = OpenTree(c, Uapi.AT_FDCWD, s->Second, (uint)Uapi.AT_RECURSIVE);
            if (tree < 0)
                return tree;
            c->Syscall = 0;
            return AttachBind(c, s, m, (int)tree);
        }
    }

    private static long OpenSource(ChildContext* c, Step* s)
    {
        unchecked
        {
            long tree = OpenTree(c, Uapi.AT_FDCWD, s->Text, s->Number != 0 ? (uint)Uapi.AT_RECURSIVE : 0);
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
            int tree = c->Slots[s->Number];
            c->Slots[s->Number] = -1;
            return AttachBind(c, s, m, tree);
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
            bool directory = (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR;
            long target = OpenTarget(c, m, directory);
            if (target < 0)
                return c->Syscall != 0 ? target : Fail(c, SYS.openat2, target);
            stat covered;
            result = Call(c, SYS.fstat, Raw.fstat((int)target, &covered));
            if (result == 0 && directory != ((covered.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR))
                result = Fail(c, SYS.move_mount, -Errno.ENOTDIR);
            if (result >= 0 && c->HasMountApi == 0)
                result = LegacyBind(c, m, &tree, (int)target);
            if (result >= 0 && m->Enslave != 0 && c->HasMountSetattr != 0)
                result = SetOnePropagation(c, tree, Uapi.MS_SLAVE | Uapi.MS_REC);
            if (result >= 0 && c->HasMountSetattr != 0)
                result = SetAttributes(c, tree, m->AttributesSet, m->AttributesClear, m->AttributesForbidden, recursive: false);
            if (result >= 0 && (c->HasMountSetattr != 0 || (m->RecursiveSet | m->RecursiveClear) != 0))
                result = SetAttributes(c, tree, m->RecursiveSet, m->RecursiveClear, m->RecursiveClear, recursive: true);
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
            Keep(c, s, tree);
            return result;
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
            Raw.close(*tree);
            *tree = (int)result;
            return 0;
        }
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
