using System;
using System.Buffers.Binary;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.State;

internal sealed partial class ContainerDirectory
{
    /// <summary>Deepest tree that is removed: the runtime itself makes one level.</summary>
    private const int Depth = 16;

    /// <summary>
    /// Removes the directory and what is in it, by descriptor: links are unlinked, not followed, and a mount found
    /// inside is not entered (security.md R-147). The directory may be gone already.
    /// </summary>
    /// <exception cref="FaultException">Something in it cannot be removed.</exception>
    public void Remove()
    {
        // A descriptor of its own starts at the first entry.
        using Fd entries = new(Sys.openat(Number, "."u8, Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        int result = entries.Number < 0 ? entries.Number : Empty(entries.Number, Depth);
        if (result == -Errno.ENOENT)
            result = 0;
        if (result == 0)
            result = Sys.unlinkat(_root.Number, Sys.Bytes(Id), Uapi.AT_REMOVEDIR);
        if (result < 0 && result != -Errno.ENOENT)
            throw Failed($"cannot remove {Path}", "unlinkat", result);
    }

    private static int Empty(int directory, int depth)
    {
        Span<byte> buffer = stackalloc byte[4096];
        int failure = 0;
        while (true)
        {
            int length = Sys.getdents64(directory, buffer);
            if (length <= 0)
                return length < 0 && length != -Errno.ENOENT ? length : failure;
            foreach (ReadOnlySpan<byte> name in new DirectoryEntries(buffer[..length]))
            {
                int result = Sys.unlinkat(directory, name, 0);
                if (result is -Errno.EISDIR or -Errno.EPERM)
                    result = Subdirectory(directory, name, depth);
                if (result < 0 && result != -Errno.ENOENT)
                    failure = result;
            }
        }
    }

    private static int Subdirectory(int directory, ReadOnlySpan<byte> name, int depth)
    {
        if (depth == 0)
            return -Errno.ELOOP;
        const int flags = Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW;
        const ulong resolve = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_XDEV | Uapi.RESOLVE_NO_SYMLINKS;
        using Fd child = new(Sys.openat2(directory, name, flags, resolve));
        if (child.Number < 0)
            return child.Number;
        int result = Empty(child.Number, depth - 1);
        return result == 0 ? Sys.unlinkat(directory, name, Uapi.AT_REMOVEDIR) : result;
    }
}

/// <summary>The names in a getdents64(2) buffer, without <c>.</c> and <c>..</c>.</summary>
internal ref struct DirectoryEntries
{
    private ReadOnlySpan<byte> _rest;

    public DirectoryEntries(ReadOnlySpan<byte> buffer) => _rest = buffer;

    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>True for a directory as far as the file system tells (d_type DT_DIR or DT_UNKNOWN).</summary>
    public bool MayBeDirectory { get; private set; }

    public readonly DirectoryEntries GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_rest.Length > 19)
        {
            // linux_dirent64: d_ino, d_off, d_reclen at 16, d_type at 18, d_name at 19.
            int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[16..]);
            ReadOnlySpan<byte> name = _rest[19..length];
            name = name[..name.IndexOf((byte)0)];
            MayBeDirectory = _rest[18] is 4 or 0;
            _rest = _rest[length..];
            if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
                continue;
            Current = name;
            return true;
        }

        return false;
    }
}
