using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

internal sealed partial class Extraction
{
    private void MakeFile(Utf8 last, TarEntry entry, TarReader reader)
    {
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL;
        using Fd file = new(Sys.openat(_parent!.Number, last.Span, flags, DirectoryEnd.Working));
        Check(file.Number, "openat");
        if (entry.Segments is null)
        {
            Copy(reader, file.Number, new TarSegment(0, entry.Size));
        }
        else
        {
            Check(Sys.ftruncate(file.Number, entry.Size), "ftruncate");
            foreach (TarSegment segment in entry.Segments)
                Copy(reader, file.Number, segment);
        }

        // chown(2) takes set-user-ID bits and capabilities away, so both come after it.
        Describe(file.Number, entry);
        Check(Sys.fchmod(file.Number, entry.Mode), "fchmod");
        Check(Sys.futimens(file.Number, entry.Modified), "utimensat");
    }

    private void Copy(TarReader reader, int file, TarSegment segment)
    {
        long position = segment.Offset;
        long left = segment.Length;
        while (left > 0)
        {
            int read = reader.Read(_buffer.AsSpan(0, (int)Math.Min(left, _buffer.Length)));
            if (read == 0)
                throw new FaultException("the archive breaks off");
            Check(Sys.WriteAllAt(file, _buffer.AsSpan(0, read), position), "pwrite64");
            position += read;
            left -= read;
        }
    }

    private void MakeNode(Utf8 last, TarEntry entry)
    {
        int parent = _parent!.Number;
        if (entry.Kind == TarKind.Link)
        {
            if (entry.LinkName.IsEmpty)
                throw new FaultException("a link without a target");
            Check(Sys.symlinkat(entry.LinkName.Span, parent, last.Span), "symlinkat");
        }
        else if (!MakeDevice(parent, last, entry))
        {
            _losses.Devices++;
            return;
        }

        using (Fd node = new(Sys.openat(parent, last.Span, Uapi.O_PATH | Uapi.O_NOFOLLOW)))
        {
            Check(node.Number, "openat");
            DescribeNode(node.Number, entry);
        }

        if (entry.Kind != TarKind.Link)
            Check(Sys.fchmodat(parent, last.Span, entry.Mode), "fchmodat");
        Check(Sys.utimensat(parent, last.Span, entry.Modified, Uapi.AT_SYMLINK_NOFOLLOW), "utimensat");
    }

    // False when this user may not make it.
    private bool MakeDevice(int parent, Utf8 last, TarEntry entry)
    {
        uint type = entry.Kind switch
        {
            TarKind.Fifo => Uapi.S_IFIFO,
            TarKind.CharacterDevice => Uapi.S_IFCHR,
            _ => Uapi.S_IFBLK,
        };
        if (type == Uapi.S_IFCHR && entry is { Major: 0, Minor: 0 })
            throw new FaultException("a character device 0:0, which is overlayfs's own sign for a hidden name");
        int result = Sys.mknodat(parent, last.Span, type | DirectoryEnd.Working, Sys.Device(entry.Major, entry.Minor));
        if (result == -Errno.EPERM && type != Uapi.S_IFIFO && _form.IsUser)
            return false;
        Check(result, "mknodat");
        return true;
    }

    private void MakeHardLink(Utf8 name, Utf8 target)
    {
        if (name.IsEmpty || target == name)
            throw new FaultException("a hard link to itself");
        using Fd from = new(_tree.Directory(TreeName.Parent(target), Tree.Plain));
        ReadOnlySpan<byte> targetLast = TreeName.Last(target).Span;
        if (from.Number is not (-Errno.ENOENT or -Errno.ENOTDIR))
            CheckLookup(from.Number, TreeName.Parent(target));
        if (target.IsEmpty || from.Number < 0 || Sys.fstatat(from.Number, targetLast, out stat st, Uapi.AT_SYMLINK_NOFOLLOW) < 0
            || Whiteouts.Contains(target) && IsHidden(target))
            throw new FaultException($"a hard link to \"{target}\", which this layer does not have before it");
        if ((st.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR)
            throw new FaultException($"a hard link to the directory \"{target}\"");

        // Removing an old entry of that name must not remove the target with it.
        if (TreeName.IsBelow(target, name))
            throw new FaultException($"a hard link in place of the directory of its target \"{target}\"");
        Utf8 last = Clear(name);
        Check(Sys.linkat(from.Number, targetLast, _parent!.Number, last.Span), "linkat");
    }
}
