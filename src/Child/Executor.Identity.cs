using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    // A directory that root may not enter (FUSE, NFS, an owner that the user namespace does not map) its user may.
    private static long WorkingDirectory(ChildContext* c, Step* s)
    {
        unchecked
        {
            long result = EnterDirectory(c, s);
            if (result is not -Errno.EACCES and not -Errno.EPERM)
                return result;
            c->LateDirectory = 1;
            return 0;
        }
    }

    // The directory is resolved inside the root without magic links, so /proc/self/fd/N is no way out.
    private static long EnterDirectory(ChildContext* c, Step* s)
    {
        unchecked
        {
            int root = c->Slots[Slot.Rootfs];
            long fd = s->Number != 0
                ? OpenInRoot(c, root, s->Text, Uapi.O_PATH | Uapi.O_DIRECTORY, 0)
                : OpenOrCreate(c, root, s->Text, directory: true, 0);
            if (fd < 0)
                return c->Syscall != Report.NoSyscall ? fd : Fail(c, SYS.openat2, fd);
            long result = Raw.fchdir((int)fd);
            Raw.close((int)fd);
            return Call(c, SYS.fchdir, result);
        }
    }

    // The kernel prefixes "(unreachable)" when the directory is not below the root (getcwd(2)).
    private static long VerifyWorkingDirectory(ChildContext* c, Step* s)
    {
        unchecked
        {
            if (c->LateDirectory != 0)
            {
                long result = EnterDirectory(c, s);
                if (result < 0)
                    return result;
            }

            long n = Raw.getcwd(c->Scratch, PATH_MAX);
            if (n < 0)
                return Fail(c, SYS.getcwd, n);
            return c->Scratch[0] == (byte)'/' ? 0 : Fail(c, SYS.getcwd, -Errno.EXDEV);
        }
    }

    private static long DropBounding(ChildContext* c, Step* s)
    {
        unchecked
        {
            IdentityStep* id = (IdentityStep*)s->Data;
            int dropped = -1;
            for (int cap = 0; cap <= id->LastCapability; cap++)
            {
                if (((id->Bounding >> cap) & 1) != 0)
                    continue;
                long result = Raw.prctl(Uapi.PR_CAPBSET_DROP, cap);
                if (result < 0)
                    return Fail(c, SYS.prctl, result);
                dropped = cap;
            }

            // Who says yes to all of them without doing it says so of the last one too.
            return dropped >= 0 && Raw.prctl(Uapi.PR_CAPBSET_READ, dropped) != 0 ? Fail(c, SYS.prctl, -Errno.EPERM) : 0;
        }
    }

    // The standard streams belong to the process's user, so that it can reopen /dev/stdout; devices keep their owner
    // where the kernel or the file system refuses.
    private static long OwnStdio(ChildContext* c, Step* s)
    {
        unchecked
        {
            byte empty = 0;
            for (int fd = 0; fd < 3; fd++)
            {
                stat st;
                if (Raw.fstat(fd, &st) < 0 || st.st_uid == (uint)s->Flags || IsNull(&st))
                    continue;
                long result = Raw.fchownat(fd, &empty, (uint)s->Flags, uint.MaxValue, Uapi.AT_EMPTY_PATH);
                if (result is < 0 and not -Errno.EPERM and not -Errno.EROFS and not -Errno.EINVAL)
                    return Fail(c, SYS.fchownat, result);
            }

            return 0;
        }
    }

    private static long SetIds(ChildContext* c, Step* s)
    {
        unchecked
        {
            IdentityStep* id = (IdentityStep*)s->Data;
            long result = 0;
            if (id->SetGroups != 0)
                result = Call(c, SYS.setgroups, Raw.setgroups(id->GroupCount, id->Groups));

            // The user namespace that was joined denies it (user_namespaces(7)); nothing was asked for, so go on.
            if (result == -Errno.EPERM && id->GroupCount == 0 && id->MayDenyGroups != 0)
            {
                id->SetGroups = 0;
                result = 0;
            }

            if (result == 0)
                result = Call(c, SYS.setresgid, Raw.setresgid(id->Gid, id->Gid, id->Gid));
            if (result == 0 && s->Flags != 0)
                result = Call(c, SYS.prctl, Raw.prctl(Uapi.PR_SET_KEEPCAPS, 1));
            if (result == 0)
                result = Call(c, SYS.setresuid, Raw.setresuid(id->Uid, id->Uid, id->Uid));
            if (result == 0 && s->Flags != 0)
                result = Call(c, SYS.prctl, Raw.prctl(Uapi.PR_SET_KEEPCAPS, 0));

            // Changing ids restores the default; nobody may trace the process before its own program runs.
            return result != 0 ? result : Call(c, SYS.prctl, Raw.prctl(Uapi.PR_SET_DUMPABLE, 0));
        }
    }

    private static long SetCapabilities(ChildContext* c, Step* s)
    {
        unchecked
        {
            IdentityStep* id = (IdentityStep*)s->Data;
            ulong kept = s->Flags != 0 ? id->Temporary : 0;
            __user_cap_header_struct header;
            header.version = Uapi._LINUX_CAPABILITY_VERSION_3;
            header.pid = 0;
            __user_cap_data_struct* data = stackalloc __user_cap_data_struct[2];
            Split(data, id->Effective | kept, id->Permitted | kept, id->Inheritable);
            return Call(c, SYS.capset, Raw.capset(&header, data));
        }
    }

    // The kernel keeps them sorted, the config does not; some may be named twice.
    private static bool HasGroups(ChildContext* c, IdentityStep* id)
    {
        unchecked
        {
            const int room = 2 * PATH_MAX / sizeof(uint);
            uint* found = (uint*)c->Scratch;
            long count = Raw.getgroups(0, null);
            if (count != id->GroupCount)
                return false;
            Raw.getgroups(room, found);
            for (int i = 0; i < count && count <= room; i++)
            {
                bool isFound = false;
                for (int j = 0; j < count && !isFound; j++)
                    isFound = found[j] == id->Groups[i];
                if (!isFound)
                    return false;
            }

            return true;
        }
    }

    private static void Split(__user_cap_data_struct* data, ulong effective, ulong permitted, ulong inheritable)
    {
        unchecked
        {
            for (int i = 0; i < 2; i++)
            {
                data[i].effective = (uint)(effective >> (32 * i));
                data[i].permitted = (uint)(permitted >> (32 * i));
                data[i].inheritable = (uint)(inheritable >> (32 * i));
            }
        }
    }

    // One that cannot be raised (not permitted and inheritable) is a warning, as the config may come from elsewhere.
    private static long RaiseAmbient(ChildContext* c, Step* s)
    {
        unchecked
        {
            IdentityStep* id = (IdentityStep*)s->Data;
            long result = Raw.prctl(Uapi.PR_CAP_AMBIENT, Uapi.PR_CAP_AMBIENT_CLEAR_ALL);
            if (result < 0 && id->Ambient != 0)
                return Fail(c, SYS.prctl, result);
            for (int cap = 0; cap <= id->LastCapability; cap++)
            {
                if (((id->Ambient >> cap) & 1) == 0)
                    continue;
                result = Raw.prctl(Uapi.PR_CAP_AMBIENT, Uapi.PR_CAP_AMBIENT_RAISE, cap);
                if (result < 0 && c->WarningsAllowed != 0)
                {
                    c->Syscall = SYS.prctl;
                    Send(c, ReportKind.Warning, (int)-result, cap);
                }
            }

            return 0;
        }
    }

    // A kernel or tracer that says yes without doing it must not lead to a program with the wrong rights.
    private static long VerifyIdentity(ChildContext* c, Step* s)
    {
        unchecked
        {
            IdentityStep* id = (IdentityStep*)s->Data;
            uint real, effective, saved;
            if (Raw.getresuid(&real, &effective, &saved) < 0 || real != id->Uid || effective != id->Uid || saved != id->Uid)
                return Fail(c, SYS.getresuid, -Errno.EPERM);
            if (Raw.getresgid(&real, &effective, &saved) < 0 || real != id->Gid || effective != id->Gid || saved != id->Gid)
                return Fail(c, SYS.getresgid, -Errno.EPERM);
            if (id->SetGroups != 0 && !HasGroups(c, id))
                return Fail(c, SYS.getgroups, -Errno.EPERM);
            if (id->NoNewPrivileges != 0 && Raw.prctl(Uapi.PR_GET_NO_NEW_PRIVS) != 1)
                return Fail(c, SYS.prctl, -Errno.EPERM);
            if (id->SetCapabilities == 0)
                return 0;
            __user_cap_header_struct header;
            header.version = Uapi._LINUX_CAPABILITY_VERSION_3;
            header.pid = 0;
            __user_cap_data_struct* wanted = stackalloc __user_cap_data_struct[2];
            __user_cap_data_struct* found = stackalloc __user_cap_data_struct[2];
            ulong kept = s->Flags != 0 ? id->Temporary : 0;
            Split(wanted, id->Effective | kept, id->Permitted | kept, id->Inheritable);
            if (Raw.capget(&header, found) < 0)
                return Fail(c, SYS.capget, -Errno.EPERM);
            for (int i = 0; i < 2; i++)
            {
                if (wanted[i].effective != found[i].effective || wanted[i].permitted != found[i].permitted
                    || wanted[i].inheritable != found[i].inheritable)
                    return Fail(c, SYS.capget, -Errno.EPERM);
            }

            return 0;
        }
    }
}
