using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

internal sealed partial class Unpacking
{
    private void MakeLayered(Tree bundle)
    {
        using Store store = Store.Open(_request.Store, _form);
        for (int i = 0; i < _manifest.Layers.Length; i++)
        {
            _progress.NextLayer();
            AddToStore(store, i);
        }

        (List<string> lower, List<HashSet<Utf8>> implied) = Lower(store);
        LayerStack stack = new([.. lower], _form);
        ImpliedDirectories directories = new(stack, [.. implied], _form);
        List<Utf8> meant = directories.Find();
        List<Pair> annotations = [];
        MakeDirectory(bundle, "rootfs");
        if (!_request.Ephemeral)
        {
            // Owner and mode of the container's / are those of the upper directory.
            MakeDirectories(bundle, "upper", directories, meant);
            MakeDirectory(bundle, "work");
            annotations.Add(new Pair("run.ocirun.rootfs.upper", "upper"));
            annotations.Add(new Pair("run.ocirun.rootfs.work", "work"));
        }
        else
        {
            annotations.Add(new Pair("run.ocirun.rootfs.volatile", "tmpfs"));
            if (meant.Count > 0)
            {
                MakeDirectories(bundle, "implied", directories, meant);
                lower.Insert(0, "implied");
            }
        }

        if (lower.Count > RootLayers.Maximum)
        {
            throw new FaultException(new Fault($"{lower.Count} layers, more than the {RootLayers.Maximum} of an overlay")
            {
                Field = $"config {_manifest.Config.Digest}",
                Hint = "use --flat",
            });
        }

        annotations.Insert(0, new Pair("run.ocirun.rootfs.lower", BundleConfig.Lower(lower)));
        WriteConfig(bundle, stack, [.. annotations]);
    }

    private void AddToStore(Store store, int index)
    {
        Digest diffId = _image.DiffIds[index];
        using PartialDirectory? layer = store.Begin(diffId, _interruption.Check);
        if (layer is null)
        {
            _progress.Skip(_manifest.Layers[index].Size);
            return;
        }

        MakeDirectory(layer.Tree, "diff");
        using (Fd diff = new(layer.Tree.Directory("diff", Tree.Plain)))
        {
            Tree tree = new(diff.Number);
            using Extraction extraction = Extract(index, tree, collects: false);
            DirectoryEnd.Apply(tree, extraction.Directories);
            Store.WriteImplied(layer.Tree, extraction.Directories);
        }

        store.Add(layer, diffId);
    }

    // Top-most first. overlayfs takes no directory twice: of a layer that comes again only the upper one can be seen. And
    // it does not look at the mark of opaqueness on a layer's own root.
    private (List<string> Paths, List<HashSet<Utf8>> Implied) Lower(Store store)
    {
        List<string> lower = [];
        List<HashSet<Utf8>> implied = [];
        for (int i = _manifest.Layers.Length - 1; i >= 0; i--)
        {
            string path = store.PathOf(_image.DiffIds[i]);
            if (!lower.Contains(path))
            {
                lower.Add(path);
                implied.Add(store.Implied(_image.DiffIds[i]));
            }

            if (LayerStack.IsOpaque(Sys.Bytes(path), _form))
                break;
        }

        return (lower, implied);
    }

    private void MakeDirectories(Tree bundle, string name, ImpliedDirectories directories, List<Utf8> names)
    {
        MakeDirectory(bundle, name);
        using Fd directory = new(bundle.Directory(name, Tree.Plain));
        directories.Make(new Tree(directory.Number), names);
    }

    private void MakeDirectory(Tree bundle, string name)
    {
        int result = Sys.mkdirat(bundle.Root, Sys.Bytes(name), 0x1ed /* 0755 */);
        if (result < 0)
            throw new FaultException(new Fault($"cannot make {name}") { Field = "bundle", Value = _request.Bundle, Syscall = "mkdirat", Errno = -result });
    }
}
