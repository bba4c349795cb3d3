using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    private static long OpenDev(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd = OpenOrCreate(c, c->Slots[Slot.Rootfs], s->Text, directory: true, 0);
            if (fd < 0)
                return c->Syscall != Report.NoSyscall ? fd : Fail(c, SYS.openat2, fd);
            c->Slots[Slot.Dev] = (int)fd;
            return 0;
        }
    }

    // The directory that holds the last component of a path below the slot, and that component.
    private static long OpenParent(ChildContext* c, Step* s, byte* path, byte** name)
    {
        unchecked
        {
            return OpenParent(c, c->Slots[s->Slot], path, name);
        }
    }

    private static long OpenParent(ChildContext* c, int root, byte* path, byte** name)
    {
        unchecked
        {
            byte* cut = null;
            for (byte* at = path; *at != 0; at++)
            {
                if (*at == (byte)'/')
                    cut = at;
            }

            *name = cut is null ? path : cut + 1;
            if (cut is null)
                return Raw.fcntl(root, Uapi.F_DUPFD_CLOEXEC, 3);
            *cut = 0;
            long fd = OpenOrCreate(c, root, path, directory: true, 0);
            *cut = (byte)'/';
            return fd < 0 && c->Syscall == Report.NoSyscall ? Fail(c, SYS.openat2, fd) : fd;
        }
    }

    // umask is 0 here, so the mode is exact. What exists already is accepted only if it is that very device.
    private static long MakeDevice(ChildContext* c, Step* s)
    {
        unchecked
        {
            DeviceStep* d = (DeviceStep*)s->Data;
            byte* name;
            long parent = OpenParent(c, s, d->Path, &name);
            if (parent < 0)
                return parent;
            long result = Raw.mknodat((int)parent, name, d->Mode, d->Device);
            if (result == -Errno.EEXIST)
                result = CheckDevice(c, (int)parent, name, d);
            else if (result == -Errno.EPERM)
                result = BindOver(c, (int)parent, name, d);
            else if (result < 0)
                c->Syscall = SYS.mknodat;
            else if ((d->Uid | d->Gid) != 0)
                result = Call(c, SYS.fchownat, Raw.fchownat((int)parent, name, d->Uid, d->Gid, Uapi.AT_SYMLINK_NOFOLLOW));
            Raw.close((int)parent);
            return result;
        }
    }

    private static long CheckDevice(ChildContext* c, int parent, byte* name, DeviceStep* d)
    {
        unchecked
        {
            stat st;
            long result = Raw.newfstatat(parent, name, &st, Uapi.AT_SYMLINK_NOFOLLOW);
            if (result < 0)
                return Fail(c, SYS.newfstatat, result);
            bool same = (st.st_mode & Uapi.S_IFMT) == (d->Mode & Uapi.S_IFMT)
                && ((d->Mode & Uapi.S_IFMT) == Uapi.S_IFIFO || st.st_rdev == d->Device);
            return same ? 0 : Fail(c, SYS.mknodat, -Errno.EEXIST);
        }
    }

    private static long BindDevice(ChildContext* c, Step* s)
    {
        unchecked
        {
            DeviceStep* d = (DeviceStep*)s->Data;
            byte* name;
            long parent = OpenParent(c, s, d->Path, &name);
            if (parent < 0)
                return parent;
            long result = BindOver(c, (int)parent, name, d);
            Raw.close((int)parent);
            return result;
        }
    }

    // A user namespace may not make device nodes: the host's node is bound over an empty file.
    private static long BindOver(ChildContext* c, int parent, byte* name, DeviceStep* d)
    {
        unchecked
        {
            if ((d->Mode & Uapi.S_IFMT) == Uapi.S_IFIFO)
                return Fail(c, SYS.mknodat, -Errno.EPERM);
            long tree = OpenTree(c, Uapi.AT_FDCWD, d->HostPath, 0);
            if (tree < 0)
                return tree;
            stat st;
            long result = Raw.fstat((int)tree, &st);
            if (result >= 0 && ((st.st_mode & Uapi.S_IFMT) != (d->Mode & Uapi.S_IFMT) || st.st_rdev != d->Device))
                result = -Errno.ENODEV;
            if (result < 0)
            {
                Raw.close((int)tree);
                return Fail(c, SYS.fstat, result);
            }

            result = Raw.mknodat(parent, name, Uapi.S_IFREG | 0x1b6, 0);
            if (result is -Errno.EEXIST)
                result = 0;
            long target = result < 0
                ? Fail(c, SYS.mknodat, result)
                : Raw.openat(parent, name, Uapi.O_PATH | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC);
            if (target < 0)
            {
                Raw.close((int)tree);
                return c->Syscall != Report.NoSyscall ? target : Fail(c, SYS.openat, target);
            }

            if (c->HasMountApi != 0)
            {
                result = Call(c, SYS.move_mount, Attach((int)tree, (int)target));
            }
            else
            {
                byte* from = stackalloc byte[32];
                byte* to = stackalloc byte[32];
                FdPath(from, (int)tree);
                FdPath(to, (int)target);
                result = Call(c, SYS.mount, Raw.mount(from, to, null, Uapi.MS_BIND, null));
            }

            Raw.close((int)tree);
            Raw.close((int)target);
            return result;
        }
    }

    // Links of /dev, relative to its descriptor. An entry that exists stays, but for ptmx.
    private static long MakeSymlink(ChildContext* c, Step* s, bool replace)
    {
        unchecked
        {
            int dev = c->Slots[s->Slot];
            if (replace)
                Raw.unlinkat(dev, s->Text, 0);
            long result = Raw.symlinkat(s->Second, dev, s->Text);
            bool stays = result == -Errno.EEXIST && (!replace || Says(c, dev, s->Text, s->Second));
            return stays ? 0 : Call(c, SYS.symlinkat, result);
        }
    }

    // In a root that cannot be written to, the link that is there may be the very one.
    private static bool Says(ChildContext* c, int dev, byte* name, byte* target)
    {
        unchecked
        {
            long length = Raw.readlinkat(dev, name, c->Scratch, PATH_MAX - 1);
            if (length < 0)
                return false;
            c->Scratch[length] = 0;
            long i = 0;
            while (target[i] != 0 && target[i] == c->Scratch[i])
                i++;
            return target[i] == 0 && i == length;
        }
    }

    // The terminal comes from the container's own devpts. The multiplexer is checked before it is opened, and the
    // slave is taken from the master's descriptor, never by name.
    private static long OpenConsole(ChildContext* c, Step* s)
    {
        unchecked
        {
            long path;
            fixed (byte* ptmx = "dev/pts/ptmx"u8)
                path = OpenInRoot(c, c->Slots[Slot.Rootfs], ptmx, Uapi.O_PATH | Uapi.O_NOFOLLOW, Uapi.RESOLVE_NO_SYMLINKS);
            if (path < 0)
                return Fail(c, SYS.openat2, path);
            stat st;
            statfs fs;
            if (Raw.fstat((int)path, &st) < 0 || Raw.fstatfs((int)path, &fs) < 0 || fs.f_type != Uapi.DEVPTS_SUPER_MAGIC
                || st.st_rdev != 0x502 || st.st_ino != 2)
                return Fail(c, SYS.fstat, -Errno.ENODEV);
            long master = s->Number != 0 ? OpenMultiplexer(c) : Multiplexer((int)path);
            Raw.close((int)path);
            if (master < 0)
                return c->Syscall != Report.NoSyscall ? master : Fail(c, SYS.openat, master);
            int unlock = 0;
            long result = Raw.ioctl((int)master, Uapi.TIOCSPTLCK, &unlock);
            if (result >= 0)
                result = Raw.Call(SYS.ioctl, master, Uapi.TIOCGPTPEER, Uapi.O_RDWR | Uapi.O_NOCTTY | Uapi.O_CLOEXEC);
            if (result < 0)
                return Fail(c, SYS.ioctl, result);
            int slave = (int)result;
            if (s->Value != 0)
                Raw.ioctl(slave, Uapi.TIOCSWINSZ, &s->Value);
            byte empty = 0;
            result = Raw.fchownat(slave, &empty, (uint)s->Flags, uint.MaxValue, Uapi.AT_EMPTY_PATH);
            if (result < 0)
                return Fail(c, SYS.fchownat, result);
            result = s->Number != 0 ? 0 : BindConsole(c, slave);
            if (result >= 0)
                result = SendDescriptor(c, ReportKind.Console, (int)master);
            Raw.close((int)master);
            if (result < 0)
                return result;

            // In an exec the session is that of the final process, which is yet to come.
            result = s->Number != 0 ? 0 : Raw.Call(SYS.ioctl, slave, Uapi.TIOCSCTTY, 0);
            for (int fd = 0; fd < 3 && result >= 0; fd++)
                result = Raw.dup3(slave, fd, 0);
            Raw.close(slave);
            return Call(c, SYS.ioctl, result);
        }
    }

    private static long Multiplexer(int path)
    {
        byte* link = stackalloc byte[32];
        FdPath(link, path);
        return Raw.openat(Uapi.AT_FDCWD, link, Uapi.O_RDWR | Uapi.O_NOCTTY | Uapi.O_CLOEXEC);
    }

    // In a running container /proc is not to be trusted, so the node is opened by its path again and checked again.
    private static long OpenMultiplexer(ChildContext* c)
    {
        unchecked
        {
            long master;
            fixed (byte* ptmx = "dev/pts/ptmx"u8)
                master = OpenInRoot(c, c->Slots[Slot.Rootfs], ptmx, Uapi.O_RDWR | Uapi.O_NOCTTY | Uapi.O_NONBLOCK, Uapi.RESOLVE_NO_SYMLINKS);
            if (master < 0)
                return Fail(c, SYS.openat2, master);
            stat st;
            statfs fs;
            if (Raw.fstat((int)master, &st) < 0 || Raw.fstatfs((int)master, &fs) < 0 || fs.f_type != Uapi.DEVPTS_SUPER_MAGIC
                || st.st_rdev != 0x502 || st.st_ino != 2)
            {
                Raw.close((int)master);
                return Fail(c, SYS.fstat, -Errno.ENODEV);
            }

            Raw.fcntl((int)master, Uapi.F_SETFL, 0);
            return master;
        }
    }

    private static long BindConsole(ChildContext* c, int slave)
    {
        unchecked
        {
            int dev = c->Slots[Slot.Dev];
            byte empty = 0;
            fixed (byte* name = "console"u8)
            {
                long result = Raw.mknodat(dev, name, Uapi.S_IFREG | 0x180, 0);
                if (result is < 0 and not -Errno.EEXIST)
                    return Fail(c, SYS.mknodat, result);
                long target = Raw.openat(dev, name, Uapi.O_PATH | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC);
                if (target < 0)
                    return Fail(c, SYS.openat, target);
                stat st;
                result = Raw.fstat((int)target, &st);
                if (result >= 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFLNK)
                    result = -Errno.ELOOP;
                if (result < 0)
                {
                    c->Syscall = SYS.openat;
                }
                else if (c->HasMountApi != 0)
                {
                    long tree = OpenTree(c, slave, &empty, (uint)Uapi.AT_EMPTY_PATH);
                    result = tree < 0 ? tree : Call(c, SYS.move_mount, Attach((int)tree, (int)target));
                    Close((int)tree);
                }
                else
                {
                    byte* from = stackalloc byte[32];
                    byte* to = stackalloc byte[32];
                    FdPath(from, slave);
                    FdPath(to, (int)target);
                    result = Call(c, SYS.mount, Raw.mount(from, to, null, Uapi.MS_BIND, null));
                }

                Raw.close((int)target);
                return result;
            }
        }
    }

    private static long SendDescriptor(ChildContext* c, ReportKind kind, int descriptor)
    {
        unchecked
        {
            Report report = default;
            report.Kind = kind;
            report.Step = c->Current;
            byte* control = stackalloc byte[24];
            cmsghdr* header = (cmsghdr*)control;
            header->cmsg_len = 20;
            header->cmsg_level = Uapi.SOL_SOCKET;
            header->cmsg_type = Uapi.SCM_RIGHTS;
            *(long*)(control + 16) = descriptor;
            iovec part;
            part.iov_base = &report;
            part.iov_len = (nuint)sizeof(Report);
            msghdr message = default;
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            message.msg_control = control;
            message.msg_controllen = 24;
            return Call(c, SYS.sendmsg, Raw.sendmsg(c->Slots[Slot.Sync], &message, Uapi.MSG_NOSIGNAL));
        }
    }

    // Standard streams on the host's /dev/null move to the container's, if that is the real device: through the host's
    // node the container could change the mode of a host file.
    private static long ReopenNullStdio(ChildContext* c)
    {
        unchecked
        {
            int fresh = -1;
            for (int fd = 0; fd < 3; fd++)
            {
                if (!IsNull(fd))
                    continue;
                if (fresh < 0)
                    fresh = OpenContainerNull(c);
                if (fresh < 0)
                    return 0;
                long result = Raw.dup3(fresh, fd, 0);
                if (result < 0)
                    return Fail(c, SYS.dup3, result);
            }

            Close(fresh);
            return 0;
        }
    }

    private static int OpenContainerNull(ChildContext* c)
    {
        unchecked
        {
            fixed (byte* name = "dev/null"u8)
            {
                int root = c->Slots[Slot.Rootfs];
                long path = OpenInRoot(c, root, name, Uapi.O_PATH | Uapi.O_NOFOLLOW, Uapi.RESOLVE_NO_SYMLINKS);
                bool genuine = path >= 0 && IsNull((int)path);
                Close((int)path);
                if (!genuine)
                    return -1;
                long fd = OpenInRoot(c, root, name, Uapi.O_RDWR | Uapi.O_NONBLOCK | Uapi.O_NOCTTY, Uapi.RESOLVE_NO_SYMLINKS);
                if (fd < 0)
                    return -1;
                if (!IsNull((int)fd))
                {
                    Raw.close((int)fd);
                    return -1;
                }

                Raw.fcntl((int)fd, Uapi.F_SETFL, 0);
                return (int)fd;
            }
        }
    }
}
