using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>
/// Writes to the private procfs (security.md, B1 and B2): below its descriptor no mount and no magic link is crossed, so
/// that a label lands in the attribute file it is meant for and nowhere else.
/// </summary>
internal static unsafe partial class Executor
{
    // "self" and "thread-self" are ordinary links; a path that uses neither is walked without links where openat2 is missing.
    private static long OpenInProc(ChildContext* c, byte* path, int flags, bool noLinks)
    {
        unchecked
        {
            open_how how;
            how.flags = (ulong)(uint)(flags | Uapi.O_CLOEXEC);
            how.mode = 0;
            how.resolve = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_XDEV | Uapi.RESOLVE_NO_MAGICLINKS;
            long fd = -Errno.EAGAIN;
            for (int i = 0; i < OpenTries && fd == -Errno.EAGAIN; i++)
                fd = Raw.openat2(c->Slots[Slot.Proc], path, &how);
            if (fd is not -Errno.ENOSYS and not -Errno.EPERM)
                return fd;
            fd = Walk(c, c->Slots[Slot.Proc], path, flags, noLinks);
            if (fd < 0 || SameMount(c, c->Slots[Slot.Proc], (int)fd))
                return fd;
            Raw.close((int)fd);
            return -Errno.EXDEV;
        }
    }

    // Without openat2 the walk crosses what is mounted in the host's /proc, which it is when fsopen is missing too. What
    // the kernel does not tell of, a process that may not look at itself, passes.
    private static bool SameMount(ChildContext* c, int one, int other)
    {
        long a = MountId(c, one);
        long b = MountId(c, other);
        return a < 0 || b < 0 || a == b;
    }

    // "mnt_id:\t23" of /proc/self/fdinfo/N (proc_pid_fdinfo(5)).
    private static long MountId(ChildContext* c, int fd)
    {
        unchecked
        {
            byte* text = stackalloc byte[256];
            FdPath(text, "self/fdinfo/"u8, fd);
            long file = Raw.openat(c->Slots[Slot.Proc], text, Uapi.O_RDONLY | Uapi.O_CLOEXEC);
            if (file < 0)
                return file;
            long n = Raw.read((int)file, text, 255);
            Raw.close((int)file);
            text[n > 0 ? n : 0] = 0;
            byte* at = text;
            while (*at != 0 && !(at[0] == (byte)'m' && at[1] == (byte)'n' && at[2] == (byte)'t' && at[3] == (byte)'_'))
                at++;
            while (*at != 0 && *at is < (byte)'0' or > (byte)'9')
                at++;
            long id = *at == 0 ? -Errno.ENOENT : 0;
            while (*at is >= (byte)'0' and <= (byte)'9')
                id = (id * 10) + (*at++ - (byte)'0');
            return id;
        }
    }

    // The file is opened with the rights of before any namespace is entered: once the process is no longer dumpable or
    // has other ids, its own files in /proc are root's (proc(5)). What counts on writing are the opener's rights.
    private static long OpenTimeOffsets(ChildContext* c, Step* s)
    {
        unchecked
        {
            long result = OpenProc(c, s);
            if (result < 0)
                return result;
            long fd;
            fixed (byte* path = "self/timens_offsets"u8)
                fd = OpenInProc(c, path, Uapi.O_WRONLY, noLinks: false);
            Raw.close(c->Slots[Slot.Proc]);
            c->Slots[Slot.Proc] = -1;
            c->Slots[s->Slot] = (int)fd;
            return Call(c, SYS.openat2, fd);
        }
    }

    // After unshare(CLONE_NEWTIME) and before any process is in the namespace, which fixes them (time_namespaces(7)).
    private static long TimeOffsets(ChildContext* c, Step* s)
    {
        unchecked
        {
            long n = Raw.write(c->Slots[s->Slot], s->Text, s->Number);
            Raw.close(c->Slots[s->Slot]);
            c->Slots[s->Slot] = -1;
            return n == s->Number ? 0 : Fail(c, SYS.write, n < 0 ? n : -Errno.EIO);
        }
    }
}
