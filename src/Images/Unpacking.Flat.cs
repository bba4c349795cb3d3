using OciRun.Kernel;

namespace OciRun.Images;

internal sealed partial class Unpacking
{
    // Every layer is made beside the root file system and moved into it, so that no data is written twice and no link of
    // one layer can lead another one's entries astray.
    private void MakeFlat(Tree bundle)
    {
        MakeDirectory(bundle, "rootfs");
        using Fd rootfs = new(bundle.Directory("rootfs", Tree.Plain));
        Merge merge = new(new Tree(rootfs.Number), _form);
        for (int i = 0; i < _manifest.Layers.Length; i++)
        {
            _progress.NextLayer();
            MakeDirectory(bundle, "layer");
            using (Fd layer = new(bundle.Directory("layer", Tree.Plain)))
            {
                Tree tree = new(layer.Number);
                using Extraction extraction = Extract(i, tree, collects: true);
                merge.Add(tree, extraction);
            }

            bundle.Remove("layer");
        }

        merge.Finish();
        WriteConfig(bundle, new LayerStack([$"/proc/self/fd/{rootfs.Number}"], _form), []);
    }
}
