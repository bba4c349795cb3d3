using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // True when the root file system is made of layers, well or not.
    private bool Layers()
    {
        if (_facts.Layers is null && !RootLayers.AreAnnotated(_config))
            return false;
        List<Fault> faults = [];
        RootLayers? layers = RootLayers.Read(_config, _facts.Layers, faults);
        foreach (Fault fault in faults)
            Add(fault);
        if (layers is null)
            return faults.Count > 0;
        if (layers.Lower.Length == 0 && faults.Count == 0)
        {
            Add(new Fault("there are no layers below it")
            {
                Field = layers.Upper?.Field ?? layers.Work?.Field ?? layers.EphemeralField,
                Hint = "name them with --layer or the annotation run.ocirun.rootfs.lower",
            });
        }

        if (layers.Lower.Length > RootLayers.Maximum)
        {
            Add(new Fault($"{layers.Lower.Length} layers are too many")
            {
                Field = layers.LowerField,
                Hint = $"the kernel takes at most {RootLayers.Maximum}; join some of them",
            });
        }

        foreach (LayerDirectory layer in layers.Lower)
            Named(layer);
        Written(layers);
        if ((_new & NamespaceSet.Mount) == NamespaceSet.None)
        {
            Add(new Fault("layers need a new mount namespace")
            {
                Field = layers.LowerField,
                Hint = "add {\"type\": \"mount\"} to linux.namespaces",
            });
        }

        return true;
    }

    private void Written(RootLayers layers)
    {
        if (layers.Upper is { } upper)
            Named(upper);
        if (layers.Work is { } work)
            Named(work);
        if (layers.IsEphemeral && (layers.Upper ?? layers.Work) is { } kept)
        {
            Add(new Fault("what the container writes cannot be both kept and dropped")
            {
                Field = kept.Field,
                Hint = $"leave out {layers.EphemeralField}, or the upper and work directories",
            });
        }
        else if (layers.Upper is null != layers.Work is null)
        {
            string missing = layers.Upper is null ? "an upper directory" : "a work directory";
            Add(new Fault($"needs {missing} beside it")
            {
                Field = (layers.Upper ?? layers.Work)!.Value.Field,
                Hint = "upper takes what the container writes, work is an empty directory on the same mount",
            });
        }
    }

    private void Named(LayerDirectory directory)
    {
        if (directory.Path.IsEmpty)
            Add(new Fault("must not be empty") { Field = directory.Field, Hint = "name a directory, absolute or relative to the bundle" });
    }
}
