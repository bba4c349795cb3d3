using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>Puts layers on top of each other in one directory by renaming, which keeps hard links, times and attributes.</summary>
internal sealed class Merge(Tree target, LayerForm form)
{
    private readonly Dictionary<Utf8, DirectoryEnd> _directories = [];

    /// <summary>Moves a layer on top; its own directory is left with directories only.</summary>
    /// <param name="layer">On the same file system, its directories not finished.</param>
    /// <param name="extraction">What was made there, whiteouts collected.</param>
    public void Add(Tree layer, Extraction extraction)
    {
        foreach (Utf8 name in extraction.Opaques)
            Clear(name, self: false);
        foreach (Utf8 name in extraction.Whiteouts)
            Clear(name, self: true);
        Move(layer, new Utf8([]), extraction);
        foreach ((Utf8 name, DirectoryEnd end) in extraction.Directories)
        {
            if (!end.IsImplied || !_directories.ContainsKey(name))
                _directories[name] = end;
        }
    }

    /// <summary>Gives the directories their modes and times.</summary>
    public void Finish() => Extraction.Finish(target, _directories, form);

    private void Move(Tree layer, Utf8 directory, Extraction extraction)
    {
        using Fd from = new(layer.Directory(directory, Tree.Plain));
        using Fd to = new(target.Directory(directory, Tree.Plain));
        if (!extraction.Directories[directory].IsImplied)
            Describe(from.Number, to.Number);
        List<Utf8> merged = [];
        foreach (Utf8 last in Tree.List(from.Number))
        {
            Utf8 name = TreeName.Join(directory, last.Span);
            int present = Sys.fstatat(to.Number, last.Span, out stat there, Uapi.AT_SYMLINK_NOFOLLOW);
            if (present == 0 && extraction.Directories.ContainsKey(name) && (there.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR)
            {
                merged.Add(last);
                continue;
            }

            if (present == 0)
                Clear(name, self: true);
            Check(Sys.renameat2(from.Number, last.Span, to.Number, last.Span), name);
        }

        // Names of entries may be as deep as a path can be; open descriptors are not.
        from.Dispose();
        to.Dispose();
        foreach (Utf8 last in merged)
            Move(layer, TreeName.Join(directory, last.Span), extraction);
    }

    private void Clear(Utf8 name, bool self)
    {
        bool isDirectory = name.IsEmpty || (target.Mode(name) & Uapi.S_IFMT) == Uapi.S_IFDIR;
        if (self)
            target.Remove(name);
        else
            target.Empty(name);
        if (!isDirectory)
            return;
        List<Utf8> gone = [];
        foreach (Utf8 other in _directories.Keys)
        {
            if (TreeName.IsBelow(other, name) || (self && other == name))
                gone.Add(other);
        }

        foreach (Utf8 other in gone)
            _directories.Remove(other);
    }

    // Owner and attributes of a directory become those of the layer above; mode and time follow at the end.
    private static void Describe(int from, int to)
    {
        Sys.fstat(from, out stat st);
        Check(Sys.fchown(to, st.st_uid, st.st_gid), "fchownat");
        foreach (Utf8 name in Attributes(to))
            Sys.fremovexattr(to, name.Span);
        foreach (Utf8 name in Attributes(from))
        {
            byte[] value = new byte[65536];
            int length = Sys.fgetxattr(from, name.Span, value);
            Check(length < 0 ? length : Sys.fsetxattr(to, name.Span, value.AsSpan(0, length)), "fsetxattr");
        }
    }

    private static List<Utf8> Attributes(int fd)
    {
        List<Utf8> names = [];
        int length = Sys.flistxattr(fd, default);
        if (length <= 0)
            return names;
        byte[] list = new byte[length];
        length = Sys.flistxattr(fd, list);
        ReadOnlySpan<byte> rest = list.AsSpan(0, Math.Max(length, 0));
        for (int end = rest.IndexOf((byte)0); end >= 0; end = rest.IndexOf((byte)0))
        {
            // A security module's label is not the image's.
            if (end > 0 && !rest[..end].SequenceEqual("security.selinux"u8))
                names.Add(new Utf8(rest[..end].ToArray()));
            rest = rest[(end + 1)..];
        }

        return names;
    }

    private static void Check(int result, Utf8 name)
    {
        if (result < 0)
            throw new FaultException(new Fault($"cannot move {name} into the root file system") { Syscall = "renameat2", Errno = -result });
    }

    private static void Check(int result, string syscall)
    {
        if (result < 0)
            throw new FaultException(new Fault("cannot copy the attributes of a directory") { Syscall = syscall, Errno = -result });
    }
}
