using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>What only a process that joins a running container does.</summary>
internal static unsafe partial class Executor
{
    // The parent may be gone already; its end of the socket tells, whatever pid namespaces lie between.
    private static long DieWithParent(ChildContext* c)
    {
        unchecked
        {
            long result = Raw.prctl(Uapi.PR_SET_PDEATHSIG, Uapi.SIGKILL);
            if (result < 0)
                return Fail(c, SYS.prctl, result);
            pollfd wait;
            wait.fd = c->Slots[Slot.Sync];
            wait.events = 0;
            wait.revents = 0;
            timespec none = default;
            if (Raw.ppoll(&wait, 1, &none, null) > 0)
                End(1);
            return 0;
        }
    }

    // setns(2) takes a pidfd from Linux 5.8 on. Before, each namespace is a file of the process in a procfs that nothing
    // is mounted over; all are opened before one is joined, and the pidfd says that they were its.
    private static long JoinProcess(ChildContext* c, Step* s)
    {
        unchecked
        {
            int pidfd = c->Slots[s->Slot];
            long result = Raw.setns(pidfd, (ulong)s->Flags);
            if (result is not -Errno.EINVAL and not -Errno.EBADF)
                return Call(c, SYS.setns, result);
            if (c->Slots[Slot.Proc] < 0)
            {
                long proc = OpenProc(c, s);
                if (proc < 0)
                    return proc;
            }

            int* files = stackalloc int[KindCount];
            for (int i = 0; i < KindCount; i++)
            {
                files[i] = -1;
                if (((ulong)s->Flags & Kind(i)) == 0)
                    continue;
                long file = OpenNamespace(c, (int)s->Number, i);
                if (file < 0)
                    return Fail(c, SYS.openat, file);
                files[i] = (int)file;
            }

            result = Raw.Call(SYS.pidfd_send_signal, pidfd, 0, 0, 0);
            if (result < 0)
                return Fail(c, SYS.pidfd_send_signal, result);
            // Root joins the user namespace last, with its own rights over the others; without them it is that one which
            // gives the rights.
            int first = s->Value != 0 ? 0 : 1;
            for (int i = 0; i < KindCount; i++)
            {
                int kind = (first + i) % KindCount;
                if (files[kind] < 0)
                    continue;
                result = Raw.setns(files[kind], Kind(kind));
                Raw.close(files[kind]);
                if (result < 0)
                    return Fail(c, SYS.setns, result);
            }

            return 0;
        }
    }

    private const int KindCount = 8;

    private static ulong Kind(int index) => index switch
    {
        0 => Uapi.CLONE_NEWUSER,
        1 => Uapi.CLONE_NEWPID,
        2 => Uapi.CLONE_NEWCGROUP,
        3 => Uapi.CLONE_NEWIPC,
        4 => Uapi.CLONE_NEWUTS,
        5 => Uapi.CLONE_NEWNET,
        6 => Uapi.CLONE_NEWTIME,
        _ => Uapi.CLONE_NEWNS,
    };

    // PID/ns/NAME below the procfs: a magic link, followed only here.
    private static long OpenNamespace(ChildContext* c, int pid, int index)
    {
        unchecked
        {
            byte* path = stackalloc byte[40];
            byte* digits = stackalloc byte[12];
            int n = 0;
            for (int rest = pid; rest > 0; rest /= 10)
                digits[n++] = (byte)('0' + (rest % 10));
            int length = 0;
            while (n > 0)
                path[length++] = digits[--n];
            path[length] = 0;
            System.ReadOnlySpan<byte> name = index switch
            {
                0 => "/ns/user"u8,
                1 => "/ns/pid"u8,
                2 => "/ns/cgroup"u8,
                3 => "/ns/ipc"u8,
                4 => "/ns/uts"u8,
                5 => "/ns/net"u8,
                6 => "/ns/time"u8,
                _ => "/ns/mnt"u8,
            };
            fixed (byte* text = name)
            {
                if (!Append(path, length, text))
                    return -Errno.ENAMETOOLONG;
            }

            return Raw.openat(c->Slots[Slot.Proc], path, Uapi.O_RDONLY | Uapi.O_CLOEXEC);
        }
    }
}
