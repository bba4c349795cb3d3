using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// A directory under construction. All lookups start at its descriptor, stay beneath it and follow no magic link; nobody
/// else has access to it meanwhile.
/// </summary>
/// <param name="root">Descriptor of the directory, closed by its owner.</param>
internal sealed class Tree(int root)
{
    /// <summary>Links that stay below are followed; absolute ones and <c>..</c> beyond the root give EXDEV.</summary>
    public const ulong Beneath = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_MAGICLINKS;

    /// <summary>No link is followed.</summary>
    public const ulong Plain = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_SYMLINKS;

    private const int ReadDirectory = Uapi.O_RDONLY | Uapi.O_DIRECTORY;

    public int Root => root;

    /// <summary>Opens a directory: a descriptor or a negative errno.</summary>
    public int Directory(Utf8 name, ulong resolve) =>
        Sys.openat2(root, name.IsEmpty ? "."u8 : name.Span, ReadDirectory, resolve);

    /// <summary>Name of an open directory below the root, without links.</summary>
    public Utf8 NameOf(int directory)
    {
        Span<byte> buffer = stackalloc byte[4096];
        int above = Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{root}"), buffer);
        int length = Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{directory}"), buffer);
        if (above < 0 || length < above)
            throw new FaultException(new Fault("cannot read /proc/self/fd") { Syscall = "readlinkat", Errno = Errno.ENOENT, Hint = "mount procfs" });
        return new Utf8(buffer[Math.Min(above + 1, length)..length].ToArray());
    }

    /// <summary>st_mode of what a name is, a link itself; 0 when there is nothing.</summary>
    public uint Mode(Utf8 name)
    {
        using Fd parent = new(Directory(TreeName.Parent(name), Plain));
        return parent.Number < 0 || Sys.fstatat(parent.Number, TreeName.Last(name).Span, out stat st, Uapi.AT_SYMLINK_NOFOLLOW) < 0
            ? 0
            : st.st_mode;
    }

    /// <summary>Removes what a name is with all that is in it; nothing to remove is success.</summary>
    /// <exception cref="FaultException">It cannot be removed.</exception>
    public void Remove(Utf8 name)
    {
        using Fd parent = new(Directory(TreeName.Parent(name), Plain));
        if (parent.Number is -Errno.ENOENT or -Errno.ENOTDIR or -Errno.ELOOP)
            return;
        ReadOnlySpan<byte> last = TreeName.Last(name).Span;
        int result = parent.Number < 0 ? parent.Number : Sys.unlinkat(parent.Number, last, 0);
        if (result == -Errno.EISDIR)
        {
            Empty(name);
            result = Sys.unlinkat(parent.Number, last, Uapi.AT_REMOVEDIR);
        }

        if (result < 0 && result != -Errno.ENOENT)
            throw Failed(name, "cannot remove it", "unlinkat", result);
    }

    /// <summary>Removes what is in a directory, but not itself; something else than a directory is left alone.</summary>
    public void Empty(Utf8 name)
    {
        using Fd directory = new(Open(name));
        if (directory.Number < 0)
            return;
        foreach (Utf8 entry in List(directory.Number))
        {
            int result = Sys.unlinkat(directory.Number, entry.Span, 0);
            if (result == -Errno.EISDIR)
                Remove(TreeName.Join(name, entry.Span));
            else if (result < 0)
                throw Failed(TreeName.Join(name, entry.Span), "cannot remove it", "unlinkat", result);
        }
    }

    /// <summary>The names in a directory, without <c>.</c> and <c>..</c>.</summary>
    public static List<Utf8> List(int directory)
    {
        List<Utf8> names = [];
        byte[] buffer = new byte[32768];
        while (Sys.getdents64(directory, buffer) is > 0 and int length)
        {
            // struct linux_dirent64 (getdents64(2)): d_reclen at 16, d_name at 19.
            for (int at = 0; at < length; at += BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at + 16)))
            {
                ReadOnlySpan<byte> name = buffer.AsSpan(at + 19, length - at - 19);
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    names.Add(new Utf8(name.ToArray()));
            }
        }

        return names;
    }

    // An ordinary user's own directory may be closed to him.
    private int Open(Utf8 name)
    {
        int directory = Directory(name, Plain);
        using Fd parent = new(directory == -Errno.EACCES ? Directory(TreeName.Parent(name), Plain) : -1);
        if (parent.Number < 0 || Sys.fchmodat(parent.Number, name.IsEmpty ? "."u8 : TreeName.Last(name).Span, 0x1c0 /* 0700 */) < 0)
            return directory;
        return Directory(name, Plain);
    }

    private static FaultException Failed(Utf8 name, string message, string syscall, int result) =>
        new(new Fault($"{message}: {name}") { Syscall = syscall, Errno = -result });
}
