using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    private const int PasswdLimit = 1 << 20;

    // HOME from the image's /etc/passwd. The file is hostile: it may be a fifo, a device or endless, so it is looked at
    // before it is opened and read to a limit. Anything odd leaves "/".
    private static long Home(ChildContext* c, Step* s)
    {
        unchecked
        {
            byte* into = s->Text;
            long path;
            fixed (byte* name = "etc/passwd"u8)
                path = OpenInRoot(c, c->Slots[Slot.Rootfs], name, Uapi.O_PATH, 0);
            if (path < 0)
                return 0;
            stat st;
            bool regular = Raw.fstat((int)path, &st) >= 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFREG;
            Raw.close((int)path);
            if (!regular)
                return 0;
            long fd;
            fixed (byte* name = "etc/passwd"u8)
                fd = OpenInRoot(c, c->Slots[Slot.Rootfs], name, Uapi.O_RDONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY, 0);
            if (fd < 0)
                return 0;
            FindHome((int)fd, c->Scratch, (uint)s->Flags, into);
            Raw.close((int)fd);
            return 0;
        }
    }

    // LISTEN_PID has to be the program's own pid as it sees it (sd_listen_fds(3)).
    private static long ListenPid(Step* s)
    {
        unchecked
        {
            byte* digits = stackalloc byte[12];
            int n = 0;
            for (int rest = Raw.getpid(); rest > 0; rest /= 10)
                digits[n++] = (byte)('0' + (rest % 10));
            byte* to = s->Text;
            while (n > 0)
                *to++ = digits[--n];
            *to = 0;
            return 0;
        }
    }

    // name:password:uid:gid:gecos:home:shell, read block by block; only the uid and the home are looked at.
    private static void FindHome(int fd, byte* block, uint uid, byte* into)
    {
        unchecked
        {
            int field = 0;
            ulong number = 0;
            int digits = 0;
            bool numeric = true;
            int length = 0;
            long total = 0;
            byte* home = into + 5;
            while (total < PasswdLimit)
            {
                long n = Raw.read(fd, block, PATH_MAX);
                if (n <= 0)
                {
                    home[length] = length > 0 ? (byte)0 : home[length];
                    return;
                }

                total += n;
                for (long i = 0; i < n; i++)
                {
                    byte ch = block[i];
                    if (ch is (byte)':' or (byte)'\n')
                    {
                        bool mine = numeric && digits > 0 && number == uid;
                        if (field == 5 && mine && length > 0)
                        {
                            home[length] = 0;
                            return;
                        }

                        field = ch == (byte)'\n' ? 0 : field + 1;
                        if (ch == (byte)'\n')
                        {
                            number = 0;
                            digits = 0;
                            numeric = true;
                            home[0] = (byte)'/';
                            home[1] = 0;
                            length = 0;
                        }

                        continue;
                    }

                    if (field == 2)
                    {
                        if (ch is >= (byte)'0' and <= (byte)'9' && digits < 11)
                        {
                            number = (number * 10) + (uint)(ch - '0');
                            digits++;
                        }
                        else
                        {
                            numeric = false;
                        }
                    }
                    else if (field == 5 && numeric && digits > 0 && number == uid && length < PATH_MAX - 8 && ch != 0)
                    {
                        home[length++] = ch;
                    }
                }
            }

            home[0] = (byte)'/';
            home[1] = 0;
        }
    }

    // execvp's rules, under the final ids: a name with a slash is taken as it is, another is looked up in the
    // container's PATH. The reason goes back in Extra: 1 not found in PATH, 2 not found, 3 not executable, 4 a directory.
    private static long FindExecutable(ChildContext* c, Step* s)
    {
        unchecked
        {
            ExecuteStep* e = (ExecuteStep*)s->Data;
            byte* name = e->Argv[0];
            bool slash = false;
            for (byte* at = name; *at != 0; at++)
                slash |= *at == (byte)'/';
            if (slash)
            {
                if (!Append(e->Found, 0, name))
                    return Fail(c, SYS.execve, -Errno.ENAMETOOLONG);
                return IsExecutable(c, e->Found);
            }

            byte* from = e->SearchPath;
            while (from is not null && *name != 0)
            {
                long length = 0;
                while (*from != 0 && *from != (byte)':' && length < PATH_MAX - 2)
                    e->Found[length++] = *from++;
                if (length == 0)
                    e->Found[length++] = (byte)'.';
                e->Found[length++] = (byte)'/';
                if (Append(e->Found, length, name) && IsExecutable(c, e->Found) == 0)
                {
                    c->Syscall = Report.NoSyscall;
                    c->Extra = 0;
                    return 0;
                }

                from = *from == (byte)':' ? from + 1 : null;
            }

            c->Extra = 1;
            return Fail(c, SYS.execve, -Errno.ENOENT);
        }
    }

    private static long IsExecutable(ChildContext* c, byte* path)
    {
        unchecked
        {
            stat st;
            long result = Raw.newfstatat(Uapi.AT_FDCWD, path, &st, 0);
            if (result < 0)
            {
                c->Extra = 2;
                return Fail(c, SYS.newfstatat, result);
            }

            uint type = st.st_mode & Uapi.S_IFMT;
            if (type == Uapi.S_IFDIR)
            {
                c->Extra = 4;
                return Fail(c, SYS.execve, -Errno.EISDIR);
            }

            c->Extra = 3;
            if (type != Uapi.S_IFREG || (st.st_mode & 0x49) == 0)
                return Fail(c, SYS.execve, -Errno.EACCES);
            result = Raw.faccessat2(Uapi.AT_FDCWD, path, Uapi.X_OK, Uapi.AT_EACCESS);
            if (result is -Errno.ENOSYS or -Errno.EPERM)
                result = 0;
            if (result < 0)
                return Fail(c, SYS.faccessat2, result);
            c->Extra = 0;
            return 0;
        }
    }

    private static long Ready(ChildContext* c)
    {
        unchecked
        {
#if DEBUG || OCIRUN_MEASURE
            c->Allocated = System.GC.GetAllocatedBytesForCurrentThread() - c->AllocatedBefore;
#endif
            Send(c, ReportKind.Ready, 0, 0);
            return AwaitParent(c);
        }
    }

    // Created: waits for `start` to connect. As the first process of a pid namespace it would not see a SIGTERM with
    // default action, so signals are read and one that ends a process ends this one.
    private static long Gate(ChildContext* c)
    {
        unchecked
        {
            if (c->HasGate == 0)
                return 0;
            Raw.close(c->Slots[Slot.Sync]);
            c->Slots[Slot.Sync] = -1;
            long caught = CatchSignals(c);
            if (caught < 0)
                return caught;
            int signals = c->GateSignals;
            pollfd* wait = stackalloc pollfd[2];
            wait[0].fd = c->Slots[Slot.Gate];
            wait[1].fd = signals;
            wait[0].events = wait[1].events = Uapi.POLLIN;
            while (true)
            {
                wait[0].revents = wait[1].revents = 0;
                long polled = Raw.ppoll(wait, 2, null, null);
                if (polled < 0 && polled != -Errno.EINTR)
                    return Fail(c, SYS.ppoll, polled);
                if ((wait[1].revents & Uapi.POLLIN) != 0)
                    EndOnSignal(signals);
                if ((wait[0].revents & Uapi.POLLIN) == 0)
                    continue;
                long starter = Raw.accept4(c->Slots[Slot.Gate], Uapi.SOCK_CLOEXEC);
                if (starter is -Errno.EINTR or -Errno.ECONNABORTED)
                    continue;

                // A filter loaded before the gate may forbid it. The connection then ends with the gate, by execve or by
                // the end of the process, and `start` looks for the reason of a failure in the last words.
                Raw.close(signals);
                c->Slots[Slot.Sync] = (int)starter;
                if (starter < 0)
                    return 0;
                Raw.close(c->Slots[Slot.Gate]);
                c->Slots[Slot.Gate] = -1;
                return 0;
            }
        }
    }

    // Ahead of the gate when the filter is: it may forbid signalfd4(2).
    private static long CatchSignals(ChildContext* c)
    {
        unchecked
        {
            if (c->HasGate == 0 || c->GateSignals > 0)
                return 0;
            ulong all = ulong.MaxValue;
            long signals = Raw.signalfd4(-1, &all, Uapi.SFD_CLOEXEC);
            if (signals < 0)
                return Fail(c, SYS.signalfd4, signals);
            c->GateSignals = (int)signals;
            return 0;
        }
    }

    private static void EndOnSignal(int signals)
    {
        unchecked
        {
            signalfd_siginfo info;
            if (Raw.read(signals, &info, sizeof(signalfd_siginfo)) != sizeof(signalfd_siginfo))
                return;
            int signal = (int)info.ssi_signo;
            bool harmless = signal is Uapi.SIGCHLD or Uapi.SIGURG or Uapi.SIGWINCH or Uapi.SIGCONT or Uapi.SIGTSTP
                or Uapi.SIGTTIN or Uapi.SIGTTOU;
            if (!harmless)
                End(128 + signal);
        }
    }

    private static long Rlimit(ChildContext* c, Step* s)
    {
        unchecked
        {
            if ((*c->RlimitsLeft & (1U << (int)s->Number)) == 0)
                return 0;
            return Call(c, SYS.prlimit64, Raw.prlimit64(0, (int)s->Number, (rlimit64*)s->Data, null));
        }
    }

    // Really closed, not only close-on-exec: the path of execve may itself lead through /proc/self/fd, and a caller
    // may wait for the end of a pipe that a created container would hold open. What stays is the way to the parent and
    // the gate; nothing is opened after this but the connection of `start`.
    private static long CloseDescriptors(ChildContext* c)
    {
        unchecked
        {
            uint first = 3 + (uint)c->PreserveFds;
            uint sync = (uint)c->Slots[Slot.Sync];
            uint gate = c->HasGate != 0 ? (uint)c->Slots[Slot.Gate] : sync;
            uint low = sync < gate ? sync : gate;
            uint high = sync < gate ? gate : sync;
            CloseRange(first, low - 1);
            CloseRange(low + 1, high - 1);
            CloseRange(high + 1, uint.MaxValue);
            return 0;
        }
    }

    private static void CloseRange(uint first, uint last)
    {
        unchecked
        {
            if (first > last)
                return;
            long closed = Raw.close_range(first, last, 0);
            if (closed >= 0)
                return;
            for (uint fd = first; fd <= last && fd < HighestOwn; fd++)
                Raw.close((int)fd);
        }
    }

    // Without close_range(2): the child's own descriptors are below this, inherited ones were made close-on-exec.
    private const uint HighestOwn = 4096;

    private static long Execute(ChildContext* c, Step* s)
    {
        unchecked
        {
            ExecuteStep* e = (ExecuteStep*)s->Data;
            ulong none = 0;
            Raw.rt_sigprocmask(Uapi.SIG_SETMASK, &none, null);
            return Fail(c, SYS.execve, Raw.execve(e->Found, e->Argv, e->Envp));
        }
    }
}
