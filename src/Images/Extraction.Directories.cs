using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

internal sealed partial class Extraction
{
    // The same name without links on the way: links of this layer that stay in it are followed.
    private Utf8 Real(Utf8 name)
    {
        Utf8 directory = TreeName.Parent(name);
        if (_parent is not null && _parentName == directory)
            return name;
        using (Fd plain = new(_tree.Directory(directory, Tree.Plain)))
        {
            if (plain.Number != -Errno.ELOOP)
                return name;
        }

        Utf8 real = EmptyName;
        foreach (Range part in directory.Span.Split((byte)'/'))
        {
            real = TreeName.Join(real, directory.Span[part]);
            if ((_tree.Mode(real) & Uapi.S_IFMT) != Uapi.S_IFLNK)
                continue;
            using Fd followed = new(_tree.Directory(real, Tree.Beneath));
            CheckLookup(followed.Number, real);
            real = _tree.NameOf(followed.Number);
        }

        return TreeName.Join(real, TreeName.Last(name).Span);
    }

    // Descriptor of the directory that an entry goes into, which is made when there is none; valid up to the next call.
    private int Parent(Utf8 name)
    {
        Utf8 directory = TreeName.Parent(name);
        if (_parent is not null && _parentName == directory)
            return _parent.Number;
        int fd = _tree.Directory(directory, Tree.Plain);
        if (fd is -Errno.ENOENT or -Errno.ENOTDIR)
        {
            MakeParents(directory);
            fd = _tree.Directory(directory, Tree.Plain);
        }

        CheckLookup(fd, directory);
        ForgetParent();
        _parent = new Fd(fd);
        _parentName = directory;
        return fd;
    }

    private void MakeParents(Utf8 directory)
    {
        for (int end = 1; end <= directory.Length; end++)
        {
            if (end < directory.Length && directory[end] != (byte)'/')
                continue;
            Utf8 part = directory.Slice(0, end);
            using Fd there = new(_tree.Directory(part, Tree.Plain));
            if (there.Number == -Errno.ENOENT || (there.Number == -Errno.ENOTDIR && IsHidden(part)))
                AddDirectory(part, DirectoryEnd.Implied, null);
            else
                CheckLookup(there.Number, part);
        }
    }

    private static void CheckLookup(int result, Utf8 directory)
    {
        if (result >= 0)
            return;
        string message = result switch
        {
            -Errno.EXDEV => $"\"{directory}\" is a link that leads out of the layer",
            -Errno.ENOTDIR => $"\"{directory}\" is not a directory",
            -Errno.ENOENT => $"\"{directory}\" is a link to nothing",
            -Errno.ELOOP => $"\"{directory}\" is a link in a circle",
            _ => $"cannot open \"{directory}\"",
        };
        throw new FaultException(new Fault(message) { Syscall = "openat2", Errno = -result });
    }

    private void MakeDirectory(Utf8 name, TarEntry entry)
    {
        DirectoryEnd end = new(entry.Mode, entry.Modified, IsImplied: false);
        if (!name.IsEmpty)
        {
            AddDirectory(name, end, entry);
            return;
        }

        Directories[name] = end;
        Describe(_tree.Root, entry);
    }

    // A directory that takes the place of something else must not show what layers below have under its name.
    private void AddDirectory(Utf8 name, DirectoryEnd end, TarEntry? entry)
    {
        int parent = Parent(name);
        Utf8 last = TreeName.Last(name);
        int result = Sys.mkdirat(parent, last.Span, DirectoryEnd.Working);
        bool replaces = Whiteouts.Contains(name);
        if (result == -Errno.EEXIST)
        {
            Sys.fstatat(parent, last.Span, out stat st, Uapi.AT_SYMLINK_NOFOLLOW);
            if ((st.st_mode & Uapi.S_IFMT) != Uapi.S_IFDIR)
            {
                Check(Sys.unlinkat(parent, last.Span, 0), "unlinkat");
                result = Sys.mkdirat(parent, last.Span, DirectoryEnd.Working);
                replaces = true;
            }
            else
            {
                replaces = false;
                result = 0;
            }
        }

        Check(result, "mkdirat");
        using Fd directory = new(Sys.openat(parent, last.Span, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));
        Check(directory.Number, "openat");
        Directories[name] = replaces ? end with { IsImplied = false } : end;
        if (replaces)
        {
            Whiteouts.Add(name);
            MakeOpaque(name, directory.Number);
        }

        if (entry is not null)
            Describe(directory.Number, entry);
    }
}
