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
    private static long ProbeMountApi(ChildContext* c, Step* s)
    {
        unchecked
        {
            c->HasMountApi = Exists(Raw.open_tree(-1, null, 0)) && Exists(Raw.fsopen(null, 0))
                && Exists(Raw.fsconfig(-1, 0, null, null, 0)) && Exists(Raw.fsmount(-1, 0, 0))
                && Exists(Raw.move_mount(-1, null, -1, null, 0)) ? 1 : 0;
            c->HasMountSetattr = c->HasMountApi != 0 && Exists(Raw.Call(SYS.mount_setattr, -1)) ? 1 : 0;
            return s->Number != 0 && c->HasMountSetattr == 0 ? Fail(c, SYS.mount_setattr, -Errno.ENOSYS) : 0;
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
                long fd = Raw.openat(
                    dirfd,
                    path,
                    Uapi.O_PATH | Uapi.O_CLOEXEC | ((flags & Uapi.AT_SYMLINK_NOFOLLOW) != 0 ? Uapi.O_NOFOLLOW : 0));
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
                return c->Syscall != Report.NoSyscall ? target : Fail(c, SYS.openat2, target);
            long mount;
            long result;
            if (m->Legacy != 0 || c->HasMountApi == 0)
            {
                mount = result = LegacyMount(c, m, (int)target);
                if (result >= 0)
                    result = CopyUp(c, m, (int)target, (int)mount);
            }
            else
            {
                mount = result = CreateFilesystem(c, m, (int)target);
                if (result >= 0)
                    result = CopyUp(c, m, (int)target, (int)mount);
                if (result >= 0)
                    result = Call(c, SYS.move_mount, Attach((int)mount, (int)target));
            }

            Raw.close((int)target);
            if (result >= 0)
                result = LabelRoot(c, m, (int)mount);
            if (result < 0)
                return result;
            result = SetPropagation(c, m, (int)mount);
            if (result >= 0 && m->OverRoot != 0)
                result = TakeRoot(c, (int)mount);
            Keep(c, s, (int)mount);
            return result;
        }
    }

    private static long OpenTarget(ChildContext* c, MountStep* m, bool directory)
    {
        unchecked
        {
            ulong resolve = m->PlainTarget != 0 ? Uapi.RESOLVE_NO_SYMLINKS : 0;
            int flags = m->TargetNofollow == 0 ? 0 : Uapi.O_NOFOLLOW | (directory ? Uapi.O_DIRECTORY : 0);

            // Nothing but a descriptor leads onto a mount over the directory where lookups start.
            if (m->OverRoot != 0 && (c->HasMountApi == 0 || m->Legacy != 0))
                return Fail(c, SYS.move_mount, -Errno.ENOSYS);
            long fd = OpenOrCreate(c, c->Slots[Slot.Rootfs], m->Target, directory, resolve, flags);
            return fd < 0 || m->InProc != 0 || !IsProc((int)fd) ? fd : WithoutLinks(c, m, (int)fd);
        }
    }

    // The config speaks of a place outside /proc and a procfs was found there: the image's links must not have led to
    // it (CVE-2019-16884). Comparing what is open already leaves no time for an exchange.
    private static long WithoutLinks(ChildContext* c, MountStep* m, int found)
    {
        unchecked
        {
            long plain = OpenInRoot(c, c->Slots[Slot.Rootfs], m->Target, Uapi.O_PATH, Uapi.RESOLVE_NO_SYMLINKS);
            stat a;
            stat b;
            bool same = plain >= 0 && Raw.fstat(found, &a) >= 0 && Raw.fstat((int)plain, &b) >= 0
                && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
            Close((int)plain);
            if (same)
                return found;
            Raw.close(found);
            return Fail(c, SYS.fstatfs, -Errno.EPERM);
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
            if (result >= 0 && m->InheritMode != 0 && c->TargetIsNew == 0)
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
                    c->Syscall = Report.NoSyscall;
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
            int flags = m->TargetNofollow == 0 ? 0 : Uapi.O_NOFOLLOW;
            long fd = OpenInRoot(c, c->Slots[Slot.Rootfs], m->Target, Uapi.O_PATH | flags, 0);
            return fd < 0 ? Fail(c, SYS.openat2, fd) : fd;
        }
    }

    // Where no option of the file system gives the label.
    private static long LabelRoot(ChildContext* c, MountStep* m, int mount)
    {
        unchecked
        {
            if (m->Label is null)
                return 0;
            long root = OpenDirectory(c, mount);
            if (root < 0)
                return root;
            long result;
            fixed (byte* name = "security.selinux"u8)
                result = Raw.fsetxattr((int)root, name, m->Label, m->LabelLength);
            Raw.close((int)root);
            return Call(c, SYS.fsetxattr, result);
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

    // What is mounted over the root is the root of all that follows.
    private static long TakeRoot(ChildContext* c, int mount)
    {
        unchecked
        {
            long root = Raw.fcntl(mount, Uapi.F_DUPFD_CLOEXEC, 3);
            if (root < 0)
                return Fail(c, SYS.fcntl, root);
            Raw.close(c->Slots[Slot.Rootfs]);
            c->Slots[Slot.Rootfs] = (int)root;
            return 0;
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

    // A cgroup2 mount; where the kernel refuses it (no right over the cgroup namespace, or the same one is there already),
    // the directory itself; and what the plan has in place of one that is not there.
    private static long MountCgroup(ChildContext* c, Step* s)
    {
        unchecked
        {
            MountStep* m = (MountStep*)s->Data;
            long result = MountFilesystem(c, s);
            if (result is not -Errno.EPERM and not -Errno.EBUSY)
                return result;
            if (s->Second is not null)
            {
                long tree = OpenTree(c, Uapi.AT_FDCWD, s->Second, (uint)Uapi.AT_RECURSIVE);
                if (tree >= 0)
                {
                    c->Syscall = Report.NoSyscall;
                    c->Message[0] = 0;
                    return AttachBind(c, s, m, (int)tree);
                }

                result = tree;
            }

            if (m->Mask is null || (result != -Errno.ENOENT && s->Second is not null))
                return result;
            c->Syscall = Report.NoSyscall;
            c->Message[0] = 0;
            Step mask = *s;
            mask.Data = m->Mask;
            return MountFilesystem(c, &mask);
        }
    }
}
