using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    // umount2(2) takes a path, and the container decides what paths lead to; one through a procfs of the runtime's own
    // leads to what was opened. A link on the way could lead to a mount that hides something.
    private static long Unmount(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd = OpenInRoot(c, c->Slots[Slot.Rootfs], s->Text, Uapi.O_PATH, Uapi.RESOLVE_NO_SYMLINKS);
            if (fd < 0)
                return Fail(c, SYS.openat2, fd);
            long result = Call(c, SYS.fchdir, Raw.fchdir(c->Slots[Slot.Proc]));
            if (result == 0)
            {
                byte* path = stackalloc byte[32];
                FdPath(path, "self/fd/"u8, (int)fd);
                result = Call(c, SYS.umount2, Raw.umount2(path, Uapi.MNT_DETACH));
            }

            Raw.close((int)fd);
            return result;
        }
    }
}
