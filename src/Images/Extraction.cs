using System;
using System.Collections.Generic;
using System.IO;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// Makes the entries of one layer's archive in a directory (image-spec, layer.md). Whiteouts become overlayfs's own or are
/// collected. An entry that leads out of the directory ends it all.
/// </summary>
internal sealed partial class Extraction : IDisposable
{
    private readonly Tree _tree;
    private readonly LayerForm _form;
    private readonly Losses _losses;
    private readonly bool _collects;
    private readonly byte[] _buffer = new byte[65536];
    private Utf8 _parentName;
    private Fd? _parent;

    /// <param name="tree">An empty directory.</param>
    /// <param name="form">Whose the layer is.</param>
    /// <param name="losses">Receives what cannot be had.</param>
    /// <param name="collects">True: whiteouts are only put into <see cref="Whiteouts"/> and <see cref="Opaques"/>.</param>
    public Extraction(Tree tree, LayerForm form, Losses losses, bool collects)
    {
        _tree = tree;
        _form = form;
        _losses = losses;
        _collects = collects;
        Directories[EmptyName] = DirectoryEnd.Implied;
    }

    private static Utf8 EmptyName => new([]);

    /// <summary>The layer's directories by name, the root included.</summary>
    public Dictionary<Utf8, DirectoryEnd> Directories { get; } = [];

    /// <summary>Names that the layers below lose.</summary>
    public HashSet<Utf8> Whiteouts { get; } = [];

    /// <summary>Directories that lose what the layers below have in them.</summary>
    public HashSet<Utf8> Opaques { get; } = [];

    /// <summary>Makes all entries. Directories have their final modes and times only after <see cref="DirectoryEnd.Apply"/>.</summary>
    /// <param name="archive">Read up to the end marker.</param>
    /// <param name="field">What errors call the layer.</param>
    /// <exception cref="FaultException">It names layer and entry.</exception>
    public void Run(Stream archive, string field)
    {
        TarReader reader = new(archive);
        try
        {
            while (reader.Next() is { } entry)
                Make(entry, reader);
        }
        catch (FaultException e) when (e.Fault.Field is null)
        {
            throw new FaultException(e.Fault with { Field = field, Value = reader.Current.IsEmpty ? null : reader.Current.ToString() });
        }
        catch (OverflowException)
        {
            throw new FaultException(new Fault("a number of the archive is too large") { Field = field, Value = reader.Current.ToString() });
        }
    }

    public void Dispose() => ForgetParent();

    private void Make(TarEntry entry, TarReader reader)
    {
        Utf8 name = TreeName.Clean(entry.Name);
        Utf8 last = TreeName.Last(name);
        if (last.StartsWith(".wh."u8))
        {
            Hide(name, last);
            return;
        }

        name = Real(name);
        if (name.IsEmpty && entry.Kind != TarKind.Directory)
            throw new FaultException("the layer's root is not a directory");
        switch (entry.Kind)
        {
            case TarKind.Directory:
                MakeDirectory(name, entry);
                break;
            case TarKind.HardLink:
                MakeHardLink(name, Real(TreeName.Clean(entry.LinkName)));
                break;
            case TarKind.File:
                MakeFile(Clear(name), entry, reader);
                break;
            default:
                MakeNode(Clear(name), entry);
                break;
        }
    }

    // What an earlier entry of the same name made goes.
    private Utf8 Clear(Utf8 name)
    {
        Utf8 last = TreeName.Last(name);
        int result = Sys.unlinkat(Parent(name), last.Span, 0);
        if (result == -Errno.EISDIR)
            RemoveDirectory(name);
        else if (result != -Errno.ENOENT)
            Check(result, "unlinkat");
        return last;
    }

    private void RemoveDirectory(Utf8 name)
    {
        _tree.Remove(name);
        List<Utf8> gone = [];
        foreach (Utf8 other in Directories.Keys)
        {
            if (other == name || TreeName.IsBelow(other, name))
                gone.Add(other);
        }

        foreach (Utf8 other in gone)
        {
            Directories.Remove(other);
            Opaques.Remove(other);
        }
    }

    private void ForgetParent()
    {
        _parent?.Dispose();
        _parent = null;
    }

    private static void Check(int result, string syscall)
    {
        if (result >= 0)
            return;
        string? hint = (syscall, result) switch
        {
            ("fchownat", -Errno.EINVAL) => "this user namespace does not map the id",
            (_, -Errno.ENOSPC or -Errno.EDQUOT) => "make room, or choose another place by --store",
            _ => null,
        };
        throw new FaultException(new Fault("cannot be made") { Syscall = syscall, Errno = -result, Hint = hint });
    }
}
