using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Validate;

internal readonly partial struct HostRules
{
    /// <summary>Why the kernel would refuse or has refused these directories as an overlay, as far as it can be seen.</summary>
    public static void CheckLayers(RootLayers layers, Utf8 bundle, List<Finding> findings) =>
        new HostRules(new Config(), layers, bundle, findings).Layers();

    private void Layers()
    {
        if (_layers is not { } layers || layers.Lower.Length > RootLayers.Maximum)
            return;
        List<(HostDirectory Directory, LayerDirectory Name)> known = new(layers.Lower.Length + 2);
        foreach (LayerDirectory layer in layers.Lower)
            Directory(layer, known);
        if (layers.IsEphemeral)
            return;
        HostDirectory? upper = layers.Upper is { } u ? Directory(u, known) : null;
        HostDirectory? work = layers.Work is { } w ? Directory(w, known) : null;
        if (upper is { } one && work is { } two && one.Device != two.Device)
        {
            Error(new Fault("is not on the file system of the upper directory")
            {
                Field = layers.Work!.Value.Field,
                Hint = $"make it beside {layers.Upper!.Value.Path}",
            });
        }
    }

    private HostDirectory? Directory(LayerDirectory name, List<(HostDirectory Directory, LayerDirectory Name)> known)
    {
        if (Machine.Directory(BelowBundle(name.Path)) is not { } directory)
        {
            HostFile file = Machine.At(BelowBundle(name.Path));
            Error(new Fault("cannot use it as a directory of the root file system")
            {
                Field = name.Field,
                Syscall = "openat",
                Errno = file.Errno != 0 ? file.Errno : Kernel.Errno.ENOTDIR,
                Hint = file.IsMissing ? "create it before the container" : null,
            });
            return null;
        }

        foreach ((HostDirectory other, LayerDirectory owner) in known)
        {
            string? relation = directory.IsSame(other) ? "is the same directory as"
                : other.Contains(directory) ? "lies inside"
                : directory.Contains(other) ? "contains"
                : null;
            if (relation is null)
                continue;
            Error(new Fault($"{relation} {owner.Field}")
            {
                Field = name.Field,
                Hint = "layers, upper and work must be different directories outside of one another",
            });
            break;
        }

        known.Add((directory, name));
        return directory;
    }
}
