using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    // Ignored signals survive execve, and the caller or the language runtime may ignore some (SIGPIPE).
    private static long ResetSignals()
    {
        unchecked
        {
            sigaction action = default;
            for (int signal = 1; signal <= 64; signal++)
            {
                if (signal is not Uapi.SIGKILL and not Uapi.SIGSTOP)
                    Raw.rt_sigaction(signal, &action, null);
            }

            return 0;
        }
    }

    // Between the maps and this call the process runs with ids that the namespace does not know.
    private static long BecomeNamespaceRoot(ChildContext* c, Step* s)
    {
        unchecked
        {
            long result = Call(c, SYS.setresgid, Raw.setresgid(0, 0, 0));
            if (result == 0)
                result = Call(c, SYS.setresuid, Raw.setresuid(0, 0, 0));
            if (result != 0 || s->Flags == 0)
                return result;

            // Denied once and for all in a user namespace around the runtime, whose groups then stay (user_namespaces(7)).
            result = Raw.setgroups(0, null);
            return result == -Errno.EPERM && s->Number != 0 ? 0 : Call(c, SYS.setgroups, result);
        }
    }

    // A pid namespace only takes effect for children, so the final process is a sibling made from here.
    private static long CloneFinal(ChildContext* c, Step* s)
    {
        unchecked
        {
            clone_args args = default;
            args.flags = Uapi.CLONE_PARENT | (ulong)s->Flags;

            // A filter that is loaded already may know the plain call only.
            long pid = c->Filtered != 0 ? -Errno.ENOSYS : Raw.clone3(&args, sizeof(clone_args));
            if (pid is -Errno.ENOSYS or -Errno.EPERM or -Errno.EINVAL)
                pid = Raw.clone(Uapi.CLONE_PARENT | (ulong)s->Flags, null);
            if (pid < 0)
                return Fail(c, SYS.clone3, pid);
            if (pid == 0)
                return 0;
            Send(c, ReportKind.FinalPid, 0, pid);
            while (true)
                Raw.exit_group(0);
        }
    }

    // The caller may be pinned to some CPUs; the container's cgroup decides for the container. What that forbids the
    // kernel leaves out, and a refusal changes nothing.
    private static long ResetAffinity()
    {
        unchecked
        {
            ulong* all = stackalloc ulong[AffinityWords];
            for (int i = 0; i < AffinityWords; i++)
                all[i] = ulong.MaxValue;
            Raw.sched_setaffinity(0, AffinityWords * sizeof(ulong), all);
            return 0;
        }
    }

    // 8192 CPUs, the most that the kernel can be built for (NR_CPUS).
    private const int AffinityWords = 128;

    // In the caller's session it could type into the caller's terminal. A process that was just made leads no group yet, so
    // there is no harmless EPERM.
    private static long NewSession(ChildContext* c) => unchecked(Call(c, SYS.setsid, Raw.setsid()));

    // KEYCTL_JOIN_SESSION_KEYRING makes or joins a keyring by name; the search bit lets its processes find it.
    private static long SessionKeyring(ChildContext* c, Step* s)
    {
        unchecked
        {
            long id = Raw.keyctl(Uapi.KEYCTL_JOIN_SESSION_KEYRING, (long)s->Text);
            if (id is -Errno.ENOSYS or -Errno.EPERM)
                return 0;
            if (id < 0)
                return Fail(c, SYS.keyctl, id);
            byte* text = c->Scratch;
            long length = Raw.Call(SYS.keyctl, Uapi.KEYCTL_DESCRIBE, id, (long)text, PATH_MAX);
            if (length < 0 || length > PATH_MAX)
                return length < 0 ? Fail(c, SYS.keyctl, length) : 0;

            // "type;uid;gid;perm;description", perm in hexadecimal.
            int semicolons = 0;
            long permissions = 0;
            for (long i = 0; i < length && text[i] != 0 && semicolons < 4; i++)
            {
                byte ch = text[i];
                if (ch == (byte)';')
                    semicolons++;
                else if (semicolons == 3)
                    permissions = (permissions << 4) | (uint)(ch <= (byte)'9' ? ch - '0' : (ch | 0x20) - 'a' + 10);
            }

            return Call(c, SYS.keyctl, Raw.keyctl(Uapi.KEYCTL_SETPERM, id, permissions | s->Flags));
        }
    }

    // Any socket names its network namespace to the parent, which moves the interfaces in and then lets this go on.
    private static long ReceiveNetworkDevices(ChildContext* c)
    {
        unchecked
        {
            long fd = Raw.socket(Uapi.AF_UNIX, Uapi.SOCK_DGRAM | Uapi.SOCK_CLOEXEC, 0);
            if (fd < 0)
                return Fail(c, SYS.socket, fd);
            long result = SendDescriptor(c, ReportKind.NetworkNamespace, (int)fd);
            Raw.close((int)fd);
            return result < 0 ? result : AwaitParent(c);
        }
    }

    private static long Loopback(ChildContext* c)
    {
        unchecked
        {
            long fd = Raw.socket(Uapi.AF_INET, Uapi.SOCK_DGRAM | Uapi.SOCK_CLOEXEC, 0);
            if (fd < 0)
                return Fail(c, SYS.socket, fd);
            ifreq request = default;
            request.ifr_name[0] = (byte)'l';
            request.ifr_name[1] = (byte)'o';
            long result = Raw.ioctl((int)fd, Uapi.SIOCGIFFLAGS, &request);
            if (result >= 0)
            {
                request.ifr_flags |= Uapi.IFF_UP;
                result = Raw.ioctl((int)fd, Uapi.SIOCSIFFLAGS, &request);
            }

            Raw.close((int)fd);
            return Call(c, SYS.ioctl, result);
        }
    }
}
