using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    // Upper and work in a tmpfs of the container's own: what is written goes with the container. It is attached over
    // "/", below the overlay, because kernels before 6.15 take no directory of a detached mount for an overlay;
    // pivot_root(2) leaves it behind with the host's tree.
    private static long MakeThrowaway(ChildContext* c, LayersStep* l)
    {
        unchecked
        {
            long tmpfs = c->HasMountApi != 0 ? DetachedTmpfs(c, l) : LegacyTmpfs(c);
            if (tmpfs < 0)
                return tmpfs;
            int* slots = c->Slots + l->First + l->LowerCount;
            fixed (byte* upper = "upper"u8, work = "work"u8)
            {
                stat st;
                long result = Call(c, SYS.fstat, Raw.fstat(c->Slots[l->First], &st));
                if (result == 0)
                    result = Call(c, SYS.mkdirat, Raw.mkdirat((int)tmpfs, upper, 0x1c0));
                if (result == 0)
                    result = Call(c, SYS.mkdirat, Raw.mkdirat((int)tmpfs, work, 0x1c0));

                // The root directory shows upper's owner and mode: those of the top-most layer, where its ids exist.
                if (result == 0)
                {
                    Raw.fchownat((int)tmpfs, upper, st.st_uid, st.st_gid, 0);
                    result = Call(c, SYS.fchmodat, Raw.Call(SYS.fchmodat, tmpfs, (long)upper, st.st_mode & 0xfff));
                }

                if (result == 0)
                    result = OpenBelow(c, (int)tmpfs, upper, &slots[0]);
                if (result == 0)
                    result = OpenBelow(c, (int)tmpfs, work, &slots[1]);

                // A detached mount lives as long as its descriptor, so that is closed with those of the layers.
                slots[2] = (int)tmpfs;
                return result;
            }
        }
    }

    private static long OpenBelow(ChildContext* c, int directory, byte* name, int* slot)
    {
        unchecked
        {
            long fd = Raw.openat(directory, name, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC);
            *slot = (int)fd;
            return Call(c, SYS.openat, fd);
        }
    }

    private static long DetachedTmpfs(ChildContext* c, LayersStep* l)
    {
        unchecked
        {
            long fs;
            fixed (byte* type = "tmpfs"u8)
                fs = Raw.fsopen(type, Uapi.FSOPEN_CLOEXEC);
            if (fs < 0)
                return Fail(c, SYS.fsopen, fs);
            long mount = Raw.fsconfig((int)fs, Uapi.FSCONFIG_CMD_CREATE, null, null, 0);
            c->Syscall = mount < 0 ? SYS.fsconfig : SYS.fsmount;
            if (mount >= 0)
                mount = Raw.fsmount((int)fs, Uapi.FSMOUNT_CLOEXEC, 0);
            Raw.close((int)fs);
            if (mount < 0 || l->Detached != 0)
                return mount;
            byte empty = 0;
            long result;
            fixed (byte* slash = "/"u8)
                result = Raw.move_mount((int)mount, &empty, Uapi.AT_FDCWD, slash, Uapi.MOVE_MOUNT_F_EMPTY_PATH);
            return result < 0 ? Fail(c, SYS.move_mount, result) : mount;
        }
    }

    private static long LegacyTmpfs(ChildContext* c)
    {
        unchecked
        {
            long result;
            fixed (byte* type = "tmpfs"u8, slash = "/"u8)
                result = Raw.mount(type, slash, type, 0, null);
            return result < 0 ? Fail(c, SYS.mount, result) : OpenMounted(c, null);
        }
    }
}
