using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    private static long RuntimeHooks(ChildContext* c)
    {
        Send(c, ReportKind.RuntimeHooks, 0, 0);
        return AwaitParent(c);
    }

    // The output goes to the parent in shared memory, and to `start`, which has none, as a second message.
    private static long RunHook(ChildContext* c, Step* s)
    {
        unchecked
        {
            // A creation that gives up or dies takes its hooks along; a container whose `start` died may go on.
            int* watched = stackalloc int[2];
            bool creating = s->Slot != Slot.None;
            watched[0] = creating || c->HasGate == 0 ? c->Slots[Slot.Sync] : -1;
            watched[1] = -1;
            int directory = creating ? c->Slots[s->Slot] : -1;
            if (!creating)
                Announce(c, ReportKind.HookBegins, s->Number);
            HookResult result = HookRunner.Run(
                (HookStep*)s->Data, Raw.getpid(), directory, watched, c->Message, ChildContext.MessageSize - 1);
            if (result.End == HookEnd.Exited && result.Status == 0)
            {
                c->Message[0] = 0;
                if (!creating)
                    Announce(c, ReportKind.HookEnded, s->Number);
                return 0;
            }

            c->Message[result.Kept] = 0;
            c->MessageLength = result.Kept;
            c->Extra = Report.HookExtra(s->Number, result);
            return result.End == HookEnd.NotStarted ? Fail(c, result.Syscall, result.Status) : -Errno.ECHILD;
        }
    }

    // A `start` that is gone must not cost the process a SIGPIPE, which would strike when signals are unblocked.
    private static void Announce(ChildContext* c, ReportKind kind, int index)
    {
        unchecked
        {
            Report report = default;
            report.Kind = kind;
            report.Step = c->Current;
            report.Extra = index;
            iovec part;
            part.iov_base = &report;
            part.iov_len = (nuint)sizeof(Report);
            msghdr message = default;
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            Raw.sendmsg(c->Slots[Slot.Sync], &message, Uapi.MSG_NOSIGNAL);
        }
    }
}
