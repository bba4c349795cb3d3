using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

internal sealed partial class Extraction
{
    // layer.md, "Whiteouts": they hide what is below, never what the same layer has.
    private void Hide(Utf8 name, Utf8 last)
    {
        // Where this layer has a file or a link in place of the directory, everything below is hidden already: umoci
        // writes both when a directory becomes something else.
        using (Fd parent = new(_tree.Directory(TreeName.Parent(name), Tree.Plain)))
        {
            if (parent.Number is -Errno.ENOTDIR or -Errno.ELOOP)
                return;
        }

        if (last.Is(".wh..wh..opq"u8))
        {
            MakeOpaque(TreeName.Parent(name), Parent(name));
            return;
        }

        // Other names of this kind are the private files of aufs.
        if (last.StartsWith(".wh..wh."u8))
            return;
        Utf8 hidden = last.Slice(4);
        if (hidden.IsEmpty || hidden.Is("."u8) || hidden.Is(".."u8))
            throw new FaultException("a whiteout of no name");
        int directory = Parent(name);
        Utf8 path = TreeName.Join(TreeName.Parent(name), hidden.Span);
        if (Sys.fstatat(directory, hidden.Span, out stat st, Uapi.AT_SYMLINK_NOFOLLOW) == 0)
        {
            bool isDirectory = (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFDIR;
            using Fd there = new(isDirectory
                ? Sys.openat(directory, hidden.Span, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW)
                : -1);
            if (isDirectory)
            {
                MakeOpaque(path, there.Number);
                Directories[path] = Directories[path] with { IsImplied = false };
            }
        }
        else if (!_collects && !Opaques.Contains(TreeName.Parent(name)))
        {
            int result = Sys.mknodat(directory, hidden.Span, Uapi.S_IFCHR, 0);
            if (result == -Errno.EPERM && _form.IsUser)
            {
                throw new FaultException(new Fault("the kernel refuses a whiteout")
                {
                    Syscall = "mknodat",
                    Errno = -result,
                    Hint = "ordinary users need Linux 5.8, or --flat",
                });
            }

            Check(result, "mknodat");
        }

        Whiteouts.Add(path);
    }

    // Whether the name is this layer's whiteout: an archive cannot have such a device of its own.
    private bool IsHidden(Utf8 name) => Whiteouts.Contains(name) && (_tree.Mode(name) & Uapi.S_IFMT) == Uapi.S_IFCHR;

    private void MakeOpaque(Utf8 name, int directory)
    {
        if (!Opaques.Add(name) || _collects)
            return;
        Check(Sys.fsetxattr(directory, _form.Opaque, "y"u8), "fsetxattr");

        // What is opaque is not merged, and where nothing is merged overlayfs lists whiteouts.
        foreach (Utf8 hidden in Whiteouts)
        {
            if (TreeName.Parent(hidden) == name && IsHidden(hidden))
                Check(Sys.unlinkat(directory, TreeName.Last(hidden).Span, 0), "unlinkat");
        }
    }
}
