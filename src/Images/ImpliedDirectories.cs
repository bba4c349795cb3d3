using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// Some tools write an archive without entries for the directories on the way. overlayfs takes such a directory of an upper
/// layer with whatever owner and mode it was made with, where the one of the layer below is meant. So they are made
/// once more on top of all layers, with the owner, mode, time and attributes of the highest layer that has an entry.
/// </summary>
/// <param name="stack">The layers, the top-most first.</param>
/// <param name="implied">For each layer, its directories without entry.</param>
/// <param name="form">Whose they are.</param>
internal sealed class ImpliedDirectories(LayerStack stack, HashSet<Utf8>[] implied, LayerForm form)
{
    private readonly Dictionary<Utf8, DirectoryEnd> _made = [];

    /// <summary>Names of the directories that are meant to be as a lower layer has them.</summary>
    public List<Utf8> Find()
    {
        List<Utf8> names = [];
        HashSet<Utf8> seen = [];
        foreach (HashSet<Utf8> layer in implied)
        {
            foreach (Utf8 name in layer)
            {
                List<int> having = seen.Add(name) ? stack.Having(name) : [];
                if (having.Count > 1 && having[0] != Source(name, having))
                    names.Add(name);
            }
        }

        return names;
    }

    /// <summary>Makes them in an empty directory, which gets what the root is meant to have.</summary>
    public void Make(Tree tree, List<Utf8> names)
    {
        Add(tree, new Utf8([]));
        foreach (Utf8 name in names)
        {
            for (int end = 1; end <= name.Length; end++)
            {
                if (end == name.Length || name[end] == (byte)'/')
                    Add(tree, name.Slice(0, end));
            }
        }

        DirectoryEnd.Apply(tree, _made);
    }

    // The highest layer that has an entry, or else the highest.
    private int Source(Utf8 name, List<int> having)
    {
        foreach (int layer in having)
        {
            if (!implied[layer].Contains(name))
                return layer;
        }

        return having[0];
    }

    private void Add(Tree tree, Utf8 name)
    {
        if (_made.ContainsKey(name))
            return;
        byte[] path = stack.PathOf(Source(name, stack.Having(name)), name);
        using Fd from = new(Sys.openat(Uapi.AT_FDCWD, path, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));
        using Fd parent = new(name.IsEmpty ? -1 : tree.Directory(TreeName.Parent(name), Tree.Plain));
        if (!name.IsEmpty)
            Sys.mkdirat(parent.Number, TreeName.Last(name).Span, DirectoryEnd.Working);
        using Fd to = new(tree.Directory(name, Tree.Plain));
        int result = from.Number < 0 ? from.Number : to.Number;
        if (result < 0)
            throw new FaultException(new Fault($"cannot make the directory /{name} on top of the layers") { Syscall = "openat", Errno = -result });
        DirectoryEnd.Copy(from.Number, to.Number, form, name);
        Sys.fstat(from.Number, out stat st);
        _made.Add(name, new DirectoryEnd(st.st_mode & 0xfff, st.st_mtim, IsImplied: false));
    }
}
