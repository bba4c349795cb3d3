using OciRun.Kernel;

namespace OciRun.Child;

internal static unsafe partial class Executor
{
    // Opens a mount target, making what is missing: directories 0755, the last component a directory or an empty file.
    // A link that leads to nothing is followed below the root, and what it names is made there.
    private static long OpenOrCreate(ChildContext* c, int root, byte* path, bool directory, ulong resolve, int flags = 0)
    {
        unchecked
        {
            c->TargetIsNew = 0;
            long fd = OpenInRoot(c, root, path, Uapi.O_PATH | flags, resolve);
            if (fd != -Errno.ENOENT)
                return fd;
            c->TargetIsNew = 1;
            byte* rest = stackalloc byte[PATH_MAX];
            byte* next = stackalloc byte[PATH_MAX];
            if (!Append(rest, 0, path))
                return -Errno.ENAMETOOLONG;
            for (int links = 0; links <= MaximumLinks; links++)
            {
                int link = 0;
                fd = Create(c, root, rest, directory, resolve, &link);
                if (link == 0)
                    return fd;
                if ((resolve & Uapi.RESOLVE_NO_SYMLINKS) != 0)
                {
                    Raw.close((int)fd);
                    return -Errno.ELOOP;
                }

                if (!Expand((int)fd, rest, link, next))
                    return -Errno.ENAMETOOLONG;
                byte* swap = rest;
                rest = next;
                next = swap;
            }

            return -Errno.ELOOP;
        }
    }

    // Each new component is made below the descriptor of the one before and opened without following links. At a link,
    // its position in the path is told (the byte behind it, never 0), and the result is the directory that has it.
    private static long Create(ChildContext* c, int root, byte* path, bool directory, ulong resolve, int* link)
    {
        unchecked
        {
            int cut;
            long fd = OpenExisting(c, root, path, resolve, &cut);
            byte* at = path + cut;
            while (*at == (byte)'/')
                at++;
            while (fd >= 0 && *at != 0)
            {
                byte* end = at;
                while (*end != 0 && *end != (byte)'/')
                    end++;
                byte saved = *end;
                bool last = IsEnd(end);
                bool file = last && !directory;
                *end = 0;
                long made = file ? Raw.mknodat((int)fd, at, Uapi.S_IFREG | 0x1a4, 0) : Raw.mkdirat((int)fd, at, 0x1ed);
                byte there;
                if (made == -Errno.EEXIST && Raw.readlinkat((int)fd, at, &there, 1) >= 0)
                {
                    *end = saved;
                    *link = (int)(end - path);
                    return fd;
                }

                long next = made is < 0 and not -Errno.EEXIST
                    ? Fail(c, file ? SYS.mknodat : SYS.mkdirat, made)
                    : Raw.openat((int)fd, at, Uapi.O_PATH | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC | (file ? 0 : Uapi.O_DIRECTORY));
                if (file && next >= 0)
                    next = OnlyRegular((int)next);
                Raw.close((int)fd);
                fd = next;
                *end = saved;
                while (*end == (byte)'/')
                    end++;
                at = end;
            }

            return fd;
        }
    }

    // The longest part that exists, and where the rest begins.
    private static long OpenExisting(ChildContext* c, int root, byte* path, ulong resolve, int* cut)
    {
        unchecked
        {
            int length = 0;
            while (path[length] != 0)
                length++;
            int at = length;
            while (true)
            {
                while (at > 0 && path[at - 1] != (byte)'/')
                    at--;
                *cut = at;
                if (at == 0)
                    return Raw.fcntl(root, Uapi.F_DUPFD_CLOEXEC, 3);
                path[at - 1] = 0;
                long fd = OpenInRoot(c, root, path, Uapi.O_PATH | Uapi.O_DIRECTORY, resolve);
                path[at - 1] = (byte)'/';
                if (fd != -Errno.ENOENT)
                    return fd;
                at--;
            }
        }
    }

    // The path with the link that ends at a position replaced by what it says: an absolute one starts at the root anew.
    // Closes the directory that has the link.
    private static bool Expand(int directory, byte* path, int end, byte* into)
    {
        unchecked
        {
            int name = end;
            while (name > 0 && path[name - 1] != (byte)'/')
                name--;
            byte saved = path[end];
            path[end] = 0;
            for (int i = 0; i < name; i++)
                into[i] = path[i];
            long n = Raw.readlinkat(directory, path + name, into + name, PATH_MAX - 1 - name);
            path[end] = saved;
            Raw.close(directory);
            if (n <= 0 || n >= PATH_MAX - 1 - name)
                return false;
            long length = name + n;
            if (into[name] == (byte)'/')
            {
                for (long i = 0; i < n; i++)
                    into[i] = into[name + i];
                length = n;
            }

            return Append(into, length, path + end);
        }
    }

    // What was found in place of the file that was to be made is a link or something else that appeared meanwhile.
    private static long OnlyRegular(int fd)
    {
        unchecked
        {
            stat st;
            long result = Raw.fstat(fd, &st);
            if (result >= 0 && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFREG)
                return fd;
            Raw.close(fd);
            return result < 0 ? result : -Errno.ELOOP;
        }
    }
}
