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
            return Call(c, SYS.seccomp, result);
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
