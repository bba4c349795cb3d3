using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    private static long Seccomp(ChildContext* c)
    {
        unchecked
        {
            SeccompSlot* filter = c->Seccomp;
            if (filter->Program.len == 0)
                return 0;
            long result = Raw.seccomp(Uapi.SECCOMP_SET_MODE_FILTER, filter->Flags, &filter->Program);
            if (result == -Errno.EINVAL && filter->OptionalFlags != 0)
                result = Raw.seccomp(Uapi.SECCOMP_SET_MODE_FILTER, filter->Flags & ~filter->OptionalFlags, &filter->Program);
            c->WarningsAllowed = 0;
            if (result >= 0 && (filter->Flags & Uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0)
                filter->Listener = (int)result + 1;

            // Who says yes without loading it would have the program run without a filter.
            if (result >= 0 && filter->IsToBeVerified != 0 && Raw.prctl(Uapi.PR_GET_SECCOMP) == 0)
                return Fail(c, SYS.prctl, -Errno.EPERM);
            return Call(c, SYS.seccomp, result);
        }
    }

    // A process of the container with CAP_SYS_PTRACE could use the right that loading needs, so the filter is loaded and
    // the right given up before the process shows in the container's pid namespace; unless the filter forbids the rest.
    private static long EarlySeccomp(ChildContext* c, Step* s)
    {
        unchecked
        {
            Send(c, ReportKind.Filter, 0, 0);
            long result = AwaitParent(c);
            if (result < 0 || c->Seccomp->Early == 0)
                return result;
            result = Seccomp(c);
            IdentityStep* id = (IdentityStep*)s->Data;
            if (result == 0 && id->Temporary != 0 && id->SetCapabilities != 0)
                result = SetCapabilities(c, s);
            if (result == 0 && id->Temporary != 0 && id->HasAmbient != 0)
                result = RaiseAmbient(c, s);
            c->Filtered = 1;
            return result;
        }
    }

    // The parent takes the listener out of this process while it waits here; every call from the load on may be one
    // that the listener has to answer first. The process's own copy goes: with it, calls would wait for ever for a
    // listener that has died (seccomp_unotify(2)).
    private static long HandOverListener(ChildContext* c)
    {
        unchecked
        {
            int listener = c->Seccomp->Listener - 1;
            byte order = SeccompSlot.SendListener;
            while (order == SeccompSlot.SendListener)
            {
                long n = Raw.read(c->Slots[Slot.Sync], &order, 1);
                if (n == -Errno.EINTR)
                    continue;
                if (n < 0)
                    return n;
                if (n == 0)
                    End(1);
                long sent = order == SeccompSlot.SendListener ? SendDescriptor(c, ReportKind.Listener, listener) : 0;
                if (sent < 0)
                    return sent;
            }

            Close(listener);
            return 0;
        }
    }
}
