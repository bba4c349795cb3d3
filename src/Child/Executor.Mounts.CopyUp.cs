using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Child;

/// <summary>
/// The option tmpcopyup: a new tmpfs starts with what the directory below it has. The image's side is read through
/// descriptors that are looked at before anything is opened, and never through a link; the tmpfs's side is not attached
/// yet, so nobody else writes there. Files with several names become several files, as with runc and crun.
/// </summary>
internal static unsafe partial class Executor
{
    /// <summary><see cref="Report.Extra"/> of a failure while copying; the message is the entry's path, cut to its room.</summary>
    public const long CopyingUp = 1 << 16;

    private static long CopyUp(ChildContext* c, MountStep* m, int covered, int mount)
    {
        unchecked
        {
            if (m->CopyUp is null)
                return 0;
            c->Extra = CopyingUp;
            c->Message[0] = 0;
            stat st;
            long result = Call(c, SYS.fstat, Raw.fstat(covered, &st));
            long from = result < 0 ? result : OpenDirectory(c, covered);
            long to = from < 0 ? from : OpenDirectory(c, mount);
            result = to < 0 ? to : CopyEntries(c, m->CopyUp, (int)from, (int)to, 0, 0);
            if (result >= 0)
                result = CopyRoot(c, m->CopyUp, (int)from, (int)to, &st);
            Close((int)from);
            Close((int)to);
            if (result >= 0)
                c->Extra = 0;
            return result;
        }
    }

    private static long OpenDirectory(ChildContext* c, int directory)
    {
        unchecked
        {
            fixed (byte* dot = "."u8)
            {
                long fd = Raw.openat(directory, dot, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_CLOEXEC);
                return fd < 0 ? Fail(c, SYS.openat, fd) : fd;
            }
        }
    }

    // What the options say of the root directory stays.
    private static long CopyRoot(ChildContext* c, CopyUpStep* u, int from, int to, stat* st)
    {
        unchecked
        {
            stat made;
            long result = Call(c, SYS.fstat, Raw.fstat(to, &made));
            if (result < 0)
                return result;
            if (u->KeepsUid != 0)
                st->st_uid = made.st_uid;
            if (u->KeepsGid != 0)
                st->st_gid = made.st_gid;
            if (u->KeepsMode != 0)
                st->st_mode = made.st_mode;
            return CopyAttributes(c, u, from, to, st);
        }
    }

    private static long CopyEntries(ChildContext* c, CopyUpStep* u, int from, int to, int depth, int length)
    {
        unchecked
        {
            if (depth == CopyUpStep.MaximumDepth)
                return Fail(c, SYS.openat, -Errno.ENAMETOOLONG);
            byte* entries = u->Entries + ((long)depth * CopyUpStep.EntriesSize);
            while (true)
            {
                long n = Raw.getdents64(from, entries, CopyUpStep.EntriesSize);
                if (n <= 0)
                    return Call(c, SYS.getdents64, n);

                // struct linux_dirent64: d_reclen is at 16, d_name at 19.
                for (byte* at = entries; at < entries + n; at += *(ushort*)(at + 16))
                {
                    byte* name = at + 19;
                    if (name[0] == (byte)'.' && (name[1] == 0 || (name[1] == (byte)'.' && name[2] == 0)))
                        continue;
                    int end = NameEntry(c, length, name);
                    long result = CopyEntry(c, u, from, to, name, depth, end);
                    if (result < 0)
                        return result;
                    c->Message[length] = 0;
                }
            }
        }
    }

    // The path below the mount, for the error; names are the image's, so control characters do not go into it.
    private static int NameEntry(ChildContext* c, int length, byte* name)
    {
        unchecked
        {
            const int room = ChildContext.MessageSize - 1;
            if (length > 0 && length < room)
                c->Message[length++] = (byte)'/';
            for (; *name != 0 && length < room; name++)
                c->Message[length++] = *name is < 0x20 or 0x7f ? (byte)'?' : *name;
            c->Message[length] = 0;
            return length;
        }
    }

    private static long CopyEntry(ChildContext* c, CopyUpStep* u, int from, int to, byte* name, int depth, int length)
    {
        unchecked
        {
            long fd = Raw.openat(from, name, Uapi.O_PATH | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC);
            if (fd == -Errno.ENOENT)
                return 0;
            if (fd < 0)
                return Fail(c, SYS.openat, fd);
            stat st;
            long result = Call(c, SYS.fstat, Raw.fstat((int)fd, &st));
            uint type = st.st_mode & Uapi.S_IFMT;
            if (result < 0 || type == Uapi.S_IFLNK)
            {
                if (result >= 0)
                    result = CopySymlink(c, u, (int)fd, to, name, &st);
                Raw.close((int)fd);
                return result;
            }

            if (type is not Uapi.S_IFDIR and not Uapi.S_IFREG)
            {
                Raw.close((int)fd);
                return CopyNode(c, to, name, &st);
            }

            // Opened as what was looked at: by the descriptor, not by the name.
            long source = type == Uapi.S_IFDIR ? OpenDirectory(c, (int)fd) : Reopen((int)fd, Uapi.O_RDONLY | Uapi.O_NONBLOCK | Uapi.O_NOCTTY);
            Raw.close((int)fd);
            if (source < 0)
                return Fail(c, SYS.openat, source);
            long made = type == Uapi.S_IFDIR ? MakeDirectory(c, to, name) : MakeFile(c, to, name);
            result = made;
            if (made >= 0)
            {
                result = type == Uapi.S_IFDIR
                    ? CopyEntries(c, u, (int)source, (int)made, depth + 1, length)
                    : CopyData(c, u, (int)source, (int)made, st.st_size);
            }

            if (result >= 0)
                result = CopyAttributes(c, u, (int)source, (int)made, &st);
            Raw.close((int)source);
            Close((int)made);
            return result;
        }
    }

    private static long MakeDirectory(ChildContext* c, int directory, byte* name)
    {
        unchecked
        {
            long result = Call(c, SYS.mkdirat, Raw.mkdirat(directory, name, 0x1c0));
            if (result < 0)
                return result;
            long fd = Raw.openat(directory, name, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC);
            return fd < 0 ? Fail(c, SYS.openat, fd) : fd;
        }
    }

    private static long MakeFile(ChildContext* c, int directory, byte* name)
    {
        unchecked
        {
            long fd = Raw.openat(
                directory, name, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW | Uapi.O_CLOEXEC, 0x180);
            return fd < 0 ? Fail(c, SYS.openat, fd) : fd;
        }
    }

    // As long as the file was when it was looked at; holes stay holes.
    private static long CopyData(ChildContext* c, CopyUpStep* u, int from, int to, long size)
    {
        unchecked
        {
            long at = 0;
            while (at < size)
            {
                long data = Raw.lseek(from, at, Uapi.SEEK_DATA);
                if (data == -Errno.ENXIO)
                    break;
                if (data < 0)
                    data = at;
                long end = Raw.lseek(from, data, Uapi.SEEK_HOLE);
                if (end <= data || end > size)
                    end = size;
                long result = Call(c, SYS.lseek, Raw.lseek(to, data, Uapi.SEEK_SET));
                while (result >= 0 && data < end)
                {
                    long n = CopyPiece(c, u, from, to, data, end - data);
                    if (n == 0)
                        end = data = size;
                    else if (n > 0)
                        data += n;
                    else
                        result = n;
                }

                if (result < 0)
                    return result;
                at = end;
            }

            return Call(c, SYS.ftruncate, Raw.ftruncate(to, size));
        }
    }

    private static long CopyPiece(ChildContext* c, CopyUpStep* u, int from, int to, long offset, long count)
    {
        unchecked
        {
            long at = offset;
            long n = Raw.sendfile(to, from, &at, count);
            if (n != -Errno.EINVAL)
                return n == -Errno.EINTR ? CopyPiece(c, u, from, to, offset, count) : n < 0 ? Fail(c, SYS.sendfile, n) : n;

            // A file system whose files sendfile(2) does not take.
            n = Raw.pread64(from, u->Value, count < CopyUpStep.ValueSize ? count : CopyUpStep.ValueSize, offset);
            if (n <= 0)
                return n < 0 ? Fail(c, SYS.pread64, n) : 0;
            n = Raw.write(to, u->Value, n);
            return n < 0 ? Fail(c, SYS.write, n) : n;
        }
    }

    // The owner before the mode: chown(2) clears set-id bits, and before the attributes: it clears capabilities.
    private static long CopyAttributes(ChildContext* c, CopyUpStep* u, int from, int to, stat* st)
    {
        unchecked
        {
            byte empty = 0;
            long result = Call(c, SYS.fchownat, Raw.fchownat(to, &empty, st->st_uid, st->st_gid, Uapi.AT_EMPTY_PATH));
            if (result >= 0)
                result = Call(c, SYS.fchmod, Raw.fchmod(to, st->st_mode & 0xfff));
            if (result >= 0)
                result = CopyExtended(c, u, from, to);
            return result < 0 ? result : Call(c, SYS.utimensat, Raw.utimensat(to, null, &st->st_atim, 0));
        }
    }

    // What a tmpfs cannot have (user.* before Linux 6.6, labels under context=) is left out, as crun does; and labels
    // that are not a user namespace's to give.
    private static long CopyExtended(ChildContext* c, CopyUpStep* u, int from, int to)
    {
        unchecked
        {
            long n = Raw.flistxattr(from, u->Names, CopyUpStep.NamesSize);
            if (n < 0)
                return n == -Errno.EOPNOTSUPP ? 0 : Fail(c, SYS.flistxattr, n);
            byte* end = u->Names + n;
            for (byte* name = u->Names; name < end; name++)
            {
                long size = Raw.fgetxattr(from, name, u->Value, CopyUpStep.ValueSize);
                if (size is < 0 and not -Errno.ENODATA and not -Errno.EOPNOTSUPP)
                    return Fail(c, SYS.fgetxattr, size);
                long result = size < 0 ? 0 : Raw.fsetxattr(to, name, u->Value, size);
                if (result is < 0 and not -Errno.EOPNOTSUPP and not -Errno.EINVAL && !(result == -Errno.EPERM && IsLabel(name)))
                    return Fail(c, SYS.fsetxattr, result);
                while (*name != 0)
                    name++;
            }

            return 0;
        }
    }

    private static bool IsLabel(byte* name)
    {
        fixed (byte* security = "security."u8, capability = "security.capability"u8)
            return StartsWith(name, security) && !StartsWith(name, capability);
    }

    private static long CopySymlink(ChildContext* c, CopyUpStep* u, int link, int to, byte* name, stat* st)
    {
        unchecked
        {
            byte empty = 0;
            long n = Raw.readlinkat(link, &empty, u->Value, CopyUpStep.ValueSize - 1);
            if (n < 0)
                return Fail(c, SYS.readlinkat, n);
            u->Value[n] = 0;
            long result = Call(c, SYS.symlinkat, Raw.symlinkat(u->Value, to, name));
            return result < 0 ? result : OwnNode(c, to, name, st);
        }
    }

    private static long CopyNode(ChildContext* c, int to, byte* name, stat* st)
    {
        unchecked
        {
            long result = Call(c, SYS.mknodat, Raw.mknodat(to, name, st->st_mode & Uapi.S_IFMT, st->st_rdev));
            if (result >= 0)
                result = OwnNode(c, to, name, st);
            if (result < 0)
                return result;
            result = Call(c, SYS.fchmodat, Raw.fchmodat(to, name, st->st_mode & 0xfff));
            return result;
        }
    }

    private static long OwnNode(ChildContext* c, int to, byte* name, stat* st)
    {
        unchecked
        {
            long result = Call(c, SYS.fchownat, Raw.fchownat(to, name, st->st_uid, st->st_gid, Uapi.AT_SYMLINK_NOFOLLOW));
            return result < 0
                ? result
                : Call(c, SYS.utimensat, Raw.utimensat(to, name, &st->st_atim, Uapi.AT_SYMLINK_NOFOLLOW));
        }
    }
}
