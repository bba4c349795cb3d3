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

        string[] lower = Lower(store);
        if (lower.Length > RootLayers.Maximum)
        {
            throw new FaultException(new Fault($"{lower.Length} layers, more than the {RootLayers.Maximum} of an overlay")
            {
                Field = $"manifest with config {_manifest.Config.Digest}",
                Hint = "use --flat",
            });
        }

        List<Pair> annotations = [new Pair("run.ocirun.rootfs.lower", BundleConfig.Lower(lower))];
        MakeDirectory(bundle, "rootfs");
        if (_request.Ephemeral)
        {
            annotations.Add(new Pair("run.ocirun.rootfs.volatile", "tmpfs"));
        }
        else
        {
            MakeUpper(bundle, lower[0]);
            MakeDirectory(bundle, "work");
            annotations.Add(new Pair("run.ocirun.rootfs.upper", "upper"));
            annotations.Add(new Pair("run.ocirun.rootfs.work", "work"));
        }

        WriteConfig(bundle, new LayerStack(lower, _form), [.. annotations]);
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

        using Extraction extraction = Extract(index, layer.Tree, collects: false);
        Extraction.Finish(layer.Tree, extraction.Directories, _form);
        store.Add(layer, diffId);
    }

    // Top-most first. overlayfs takes no directory twice: of a layer that comes again only the upper one can be seen. And
    // it does not look at the mark of opaqueness on a layer's own root.
    private string[] Lower(Store store)
    {
        List<string> lower = [];
        for (int i = _manifest.Layers.Length - 1; i >= 0; i--)
        {
            string path = store.PathOf(_image.DiffIds[i]);
            if (!lower.Contains(path))
                lower.Add(path);
            if (LayerStack.IsOpaque(path, _form))
                break;
        }

        return [.. lower];
    }

    // Owner and mode of the container's / are those of the upper directory.
    private void MakeUpper(Tree bundle, string topmost)
    {
        MakeDirectory(bundle, "upper");
        if (Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes(topmost), out stat st, Uapi.AT_SYMLINK_NOFOLLOW) < 0)
            return;
        if (_form.OwnsAll)
            Sys.fchownat(bundle.Root, "upper"u8, st.st_uid, st.st_gid, Uapi.AT_SYMLINK_NOFOLLOW);
        Sys.fchmodat(bundle.Root, "upper"u8, st.st_mode & 0xfff);
        Sys.utimensat(bundle.Root, "upper"u8, st.st_mtim, Uapi.AT_SYMLINK_NOFOLLOW);
    }

    private void MakeDirectory(Tree bundle, string name)
    {
        int result = Sys.mkdirat(bundle.Root, Sys.Bytes(name), 0x1ed /* 0755 */);
        if (result < 0)
            throw new FaultException(new Fault($"cannot make {name}") { Field = "bundle", Value = _request.Bundle, Syscall = "mkdirat", Errno = -result });
    }
}
