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
            int* watched = stackalloc int[2];
            watched[0] = watched[1] = -1;
            int directory = s->Slot == Slot.None ? -1 : c->Slots[s->Slot];
            HookResult result = HookRunner.Run(
                (HookStep*)s->Data, Raw.getpid(), directory, watched, c->Message, ChildContext.MessageSize - 1);
            if (result.End == HookEnd.Exited && result.Status == 0)
            {
                c->Message[0] = 0;
                return 0;
            }

            c->Message[result.Kept] = 0;
            c->MessageLength = result.Kept;
            c->Extra = Report.HookExtra(s->Number, result);
            return result.End == HookEnd.NotStarted ? Fail(c, result.Syscall, result.Status) : -Errno.ECHILD;
        }
    }
}
