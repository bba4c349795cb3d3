using OciRun.Kernel;

namespace OciRun.Child;

/// <summary>
/// Lookups below the rootfs: openat2(RESOLVE_IN_ROOT) of Linux 5.6, and a walk component by component where it is
/// missing. Neither follows a link out of the root, and neither follows magic links of /proc.
/// </summary>
internal static unsafe partial class Executor
{
    private const int PATH_MAX = 4096;
    private const int MaximumLinks = 40;
    private const int MaximumDepth = 128;

    // openat2 gives EAGAIN when a rename or mount raced with "..": a bounded number of tries, then the error.
    private const int OpenTries = 128;

    private static long OpenInRoot(ChildContext* c, int root, byte* path, int flags, ulong resolve)
    {
        unchecked
        {
            open_how how;
            how.flags = (ulong)(uint)(flags | Uapi.O_CLOEXEC);
            how.mode = 0;
            how.resolve = Uapi.RESOLVE_IN_ROOT | Uapi.RESOLVE_NO_MAGICLINKS | resolve;
            long fd = -Errno.EAGAIN;
            for (int i = 0; i < OpenTries && fd == -Errno.EAGAIN; i++)
                fd = Raw.openat2(root, path, &how);
            if (fd is not -Errno.ENOSYS and not -Errno.EPERM)
                return fd;
            return Walk(c, root, path, flags, (resolve & Uapi.RESOLVE_NO_SYMLINKS) != 0);
        }
    }

    // Opens each component with O_NOFOLLOW from the descriptor of the one before; ".." pops a stack of descriptors
    // instead of asking the kernel, so a directory moved meanwhile cannot lead outside.
    private static long Walk(ChildContext* c, int root, byte* path, int flags, bool noLinks)
    {
        unchecked
        {
            byte* rest = c->Scratch;
            byte* next = c->Scratch + PATH_MAX;
            if (!Append(rest, 0, path))
                return -Errno.ENAMETOOLONG;
            int* stack = stackalloc int[MaximumDepth];
            int depth = 0;
            stack[0] = root;
            int links = 0;
            long result = 0;
            byte* at = rest;
            while (true)
            {
                while (*at == (byte)'/')
                    at++;
                if (*at == 0)
                    break;
                byte* end = at;
                while (*end != 0 && *end != (byte)'/')
                    end++;
                bool last = IsEnd(end);
                byte saved = *end;
                *end = 0;
                if (at[0] == (byte)'.' && at[1] == 0)
                {
                    *end = saved;
                    at = end;
                    continue;
                }

                if (at[0] == (byte)'.' && at[1] == (byte)'.' && at[2] == 0)
                {
                    if (depth > 0)
                        Raw.close(stack[depth--]);
                    *end = saved;
                    at = end;
                    continue;
                }

                result = Raw.openat(stack[depth], at, Uapi.O_PATH | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC);
                if (result < 0)
                    break;
                int fd = (int)result;
                stat st;
                result = Raw.fstat(fd, &st);
                bool isLink = result >= 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFLNK;
                if (isLink && !(last && (flags & Uapi.O_NOFOLLOW) != 0))
                {
                    byte empty = 0;
                    long n = noLinks || ++links > MaximumLinks ? -Errno.ELOOP : Raw.readlinkat(fd, &empty, next, PATH_MAX - 1);
                    Raw.close(fd);
                    result = n;
                    if (n < 0)
                        break;
                    next[n] = 0;
                    *end = saved;
                    if (!Append(next, n, end))
                    {
                        result = -Errno.ENAMETOOLONG;
                        break;
                    }

                    if (next[0] == (byte)'/')
                    {
                        while (depth > 0)
                            Raw.close(stack[depth--]);
                    }

                    byte* swap = rest;
                    rest = next;
                    next = swap;
                    at = rest;
                    continue;
                }

                *end = saved;
                at = end;
                if (depth + 1 == MaximumDepth)
                {
                    Raw.close(fd);
                    result = -Errno.ENAMETOOLONG;
                    break;
                }

                stack[++depth] = fd;
            }

            if (result >= 0)
                result = Reopen(stack[depth], flags);
            while (depth > 0)
                Raw.close(stack[depth--]);
            return result;
        }
    }

    private static bool IsEnd(byte* at)
    {
        unchecked
        {
            while (*at == (byte)'/')
                at++;
            return *at == 0;
        }
    }

    private static bool Append(byte* into, long length, byte* text)
    {
        unchecked
        {
            while (*text != 0)
            {
                if (length >= PATH_MAX - 1)
                    return false;
                into[length++] = *text++;
            }

            into[length] = 0;
            return true;
        }
    }

    // A fresh descriptor for an inode that an O_PATH descriptor already pins.
    private static long Reopen(int fd, int flags)
    {
        unchecked
        {
            if ((flags & Uapi.O_PATH) != 0)
            {
                if ((flags & Uapi.O_DIRECTORY) != 0)
                {
                    stat st;
                    long result = Raw.fstat(fd, &st);
                    if (result < 0)
                        return result;
                    if ((st.st_mode & Uapi.S_IFMT) != Uapi.S_IFDIR)
                        return -Errno.ENOTDIR;
                }

                return Raw.fcntl(fd, Uapi.F_DUPFD_CLOEXEC, 3);
            }

            byte* link = stackalloc byte[32];
            FdPath(link, fd);
            return Raw.openat(Uapi.AT_FDCWD, link, (flags & ~Uapi.O_NOFOLLOW) | Uapi.O_CLOEXEC);
        }
    }

    // "/proc/self/fd/N": only used while the host's /proc is still the process's own.
    private static void FdPath(byte* into, int fd) => FdPath(into, "/proc/self/fd/"u8, fd);

    private static void FdPath(byte* into, System.ReadOnlySpan<byte> directory, int fd)
    {
        unchecked
        {
            int length = directory.Length;
            fixed (byte* prefix = directory)
            {
                for (int i = 0; i < length; i++)
                    into[i] = prefix[i];
            }

            byte* digits = stackalloc byte[12];
            int n = 0;
            do
            {
                digits[n++] = (byte)('0' + (fd % 10));
                fd /= 10;
            }
            while (fd > 0);
            byte* at = into + length;
            while (n > 0)
                *at++ = digits[--n];
            *at = 0;
        }
    }
}
