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
    public void Finish() => DirectoryEnd.Apply(target, _directories);

    private void Move(Tree layer, Utf8 directory, Extraction extraction)
    {
        using Fd from = new(layer.Directory(directory, Tree.Plain));
        using Fd to = new(target.Directory(directory, Tree.Plain));
        if (!extraction.Directories[directory].IsImplied)
            DirectoryEnd.Copy(from.Number, to.Number, form, directory);
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

    private static void Check(int result, Utf8 name)
    {
        if (result < 0)
            throw new FaultException(new Fault($"cannot move {name} into the root file system") { Syscall = "renameat2", Errno = -result });
    }
}
