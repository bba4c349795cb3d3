using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>Labels of the security modules, written for the next execve and read back: a write without effect is found.</summary>
internal static unsafe partial class Executor
{
    // "exec PROFILE" or "stack PROFILE". The directory of its own is of Linux 5.8; before, the file belongs to whichever
    // module is the first.
    private static long ApparmorProfile(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd;
            fixed (byte* path = "thread-self/attr/apparmor/exec"u8)
                fd = OpenInProc(c, path, Uapi.O_RDWR, noLinks: false);
            if (fd is -Errno.ENOENT or -Errno.ENOTDIR)
            {
                fixed (byte* path = "thread-self/attr/exec"u8)
                    fd = OpenInProc(c, path, Uapi.O_RDWR, noLinks: false);
            }

            // Read back as "PROFILE (MODE)"; a stack joins the profiles by "//&" in an order of the kernel's own.
            return Label(c, s, fd, anywhere: s->Flags != 0);
        }
    }

    // Read back in the kernel's own spelling of categories, so only user, role and type are held against it.
    private static long SelinuxLabel(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd;
            fixed (byte* path = "thread-self/attr/exec"u8)
                fd = OpenInProc(c, path, Uapi.O_RDWR, noLinks: false);
            return Label(c, s, fd, anywhere: false);
        }
    }

    // Of the keys made from here on; execve takes it back.
    private static long KeyringLabel(ChildContext* c, Step* s)
    {
        unchecked
        {
            long fd;
            fixed (byte* path = "thread-self/attr/keycreate"u8)
                fd = OpenInProc(c, path, Uapi.O_RDWR, noLinks: false);
            return Label(c, s, fd, anywhere: false);
        }
    }

    // Text is written, Number bytes long; Second must be in what the file says afterwards: at its start, or anywhere.
    private static long Label(ChildContext* c, Step* s, long fd, bool anywhere)
    {
        unchecked
        {
            if (fd < 0)
                return Fail(c, SYS.openat2, fd);
            statfs type;
            bool proc = Raw.fstatfs((int)fd, &type) >= 0 && type.f_type == Uapi.PROC_SUPER_MAGIC;
            long n = proc ? Raw.write((int)fd, s->Text, s->Number) : -Errno.EXDEV;
            if (n != s->Number)
            {
                Raw.close((int)fd);
                return Fail(c, SYS.write, n < 0 ? n : -Errno.EIO);
            }

            n = Raw.pread64((int)fd, c->Scratch, PATH_MAX - 1, 0);
            Raw.close((int)fd);
            if (n < 0)
                return Fail(c, SYS.pread64, n);
            c->Scratch[n] = 0;
            for (long at = 0; at < n; at++)
            {
                if (StartsWith(c->Scratch + at, s->Second))
                    return 0;
                if (!anywhere)
                    break;
            }

            return Fail(c, SYS.pread64, -Errno.EIO);
        }
    }

    private static bool StartsWith(byte* text, byte* start)
    {
        unchecked
        {
            for (; *start != 0; start++, text++)
            {
                if (*text != *start)
                    return false;
            }

            return true;
        }
    }
}
