using System;
using System.Buffers.Binary;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    /// <summary>
    /// Removes the cgroup and its descendants. Processes that are still dying are waited for through cgroup.events, up
    /// to <paramref name="limit"/>. One that is gone already is fine.
    /// </summary>
    /// <param name="path">Absolute path without links; only a directory inside a cgroup2 mount is touched.</param>
    /// <param name="limit">Bounds the whole call.</param>
    /// <param name="isMissing">The kernel knew no directory there a moment ago; then a place where no cgroups are is fine too.</param>
    /// <exception cref="FaultException">Processes are left, the kernel refuses, or the path is no cgroup.</exception>
    public static void Remove(string path, TimeSpan limit, bool isMissing = false)
    {
        long deadline = Deadline(limit);
        int slash = path.LastIndexOf('/');
        using Fd parent = OpenTree(slash <= 0 ? "/" : path[..slash], Uapi.O_PATH);
        int result = parent.Number;
        if (result >= 0)
            result = Remove(parent.Number, Sys.Bytes(path[(slash + 1)..]), deadline);
        if (result is 0 or -Errno.ENOENT || (isMissing && result is -Errno.EINVAL or -Errno.ENOTDIR or -Errno.ELOOP or -Errno.ENAMETOOLONG))
            return;
        if (result == -Errno.EINVAL)
            throw new FaultException(new Fault($"{path} is not in a cgroup2 file system, so it is not removed"));
        throw new FaultException(new Fault($"cannot remove the cgroup {path}")
        {
            Syscall = parent.Number < 0 ? "openat2" : "unlinkat",
            Errno = -result,
            Hint = result == -Errno.EBUSY ? "processes are left in it; delete --force kills them" : null,
        });
    }

    // -EBUSY when the time is over.
    private static int Remove(int parent, ReadOnlySpan<byte> name, long deadline)
    {
        int result;
        while ((result = Sys.unlinkat(parent, name, Uapi.AT_REMOVEDIR)) == -Errno.EBUSY)
        {
            using Fd directory = new(OpenChild(parent, name));
            if (directory.Number < 0)
                return directory.Number;
            if (!WaitEmpty(directory.Number, deadline))
                return -Errno.EBUSY;
            int refused = RemoveBelow(directory.Number, deadline);
            if (refused != 0)
                return refused;
            result = Sys.unlinkat(parent, name, Uapi.AT_REMOVEDIR);
            if (result != -Errno.EBUSY)
                return result;
            if (Left(deadline) <= 0)
                return -Errno.EBUSY;

            // Something came back, or the kernel is not done with what went.
            Sys.nanosleep(1);
        }

        return result;
    }

    // A container with a writable cgroup mount chooses the depth, so neither the stack, nor a path, nor a descriptor for
    // each level may be needed. cgroup2 directories cannot be renamed, so ".." leads back to where the walk came from.
    private static int RemoveBelow(int top, long deadline)
    {
        byte[] buffer = new byte[4096];
        int at = OpenChild(top, "."u8);
        int refused = at < 0 ? at : 0;
        for (int depth = 0; refused == 0 && Left(deadline) > 0;)
        {
            int next = RemoveChildren(at, buffer, ref refused);
            if (next < 0)
            {
                // A process in a leaf keeps it busy: the caller waits for it.
                if (refused != 0 || depth-- == 0 || IsPopulated(at))
                    break;
                next = OpenChild(at, ".."u8);
            }
            else
            {
                depth++;
            }

            Sys.close(at);
            at = next;
            refused = at < 0 ? at : 0;
        }

        if (at >= 0)
            Sys.close(at);
        return refused;
    }

    // Removes the child directories that have none themselves; opens the first that has, -1 when there is none.
    private static int RemoveChildren(int directory, byte[] buffer, ref int refused)
    {
        using Fd list = new(OpenChild(directory, "."u8));
        int length = list.Number;
        while (list.Number >= 0 && (length = Sys.getdents64(list.Number, buffer)) > 0)
        {
            DirectoryNames names = new(buffer.AsSpan(0, length));
            while (names.MoveNext())
            {
                int result = Sys.unlinkat(directory, names.Current, Uapi.AT_REMOVEDIR);
                if (result == -Errno.EBUSY)
                    result = OpenChild(directory, names.Current);
                if (result > 0)
                    return result;
                if (result is not 0 and not -Errno.ENOENT)
                    refused = result;
            }
        }

        // ENOENT: the directory itself went away.
        if (length is < 0 and not -Errno.ENOENT)
            refused = length;
        return -1;
    }

    /// <summary>A readable descriptor of a directory within one, not through a link, or a negative errno.</summary>
    internal static int OpenChild(int directory, ReadOnlySpan<byte> name) =>
        Sys.openat(directory, name, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);

    /// <summary>Names of the directories among linux_dirent64 records, but for <c>.</c> and <c>..</c>.</summary>
    internal ref struct DirectoryNames(ReadOnlySpan<byte> records)
    {
        private ReadOnlySpan<byte> _rest = records;

        public ReadOnlySpan<byte> Current { get; private set; }

        /// <summary>Where the directory's reading goes on behind <see cref="Current"/>, for lseek(2).</summary>
        public long Offset { get; private set; }

        // d_off at 8, d_reclen at 16, d_type at 18 (4 is a directory), d_name at 19.
        public bool MoveNext()
        {
            while (!_rest.IsEmpty)
            {
                int size = BinaryPrimitives.ReadUInt16LittleEndian(_rest[16..]);
                Offset = BinaryPrimitives.ReadInt64LittleEndian(_rest[8..]);
                byte type = _rest[18];
                Current = _rest[19..size];
                Current = Current[..Current.IndexOf((byte)0)];
                _rest = _rest[size..];
                if (type == 4 && !Current.SequenceEqual("."u8) && !Current.SequenceEqual(".."u8))
                    return true;
            }

            return false;
        }
    }
}
