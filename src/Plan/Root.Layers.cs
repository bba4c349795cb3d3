using System.Collections.Generic;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>
/// An overlay of directories in consecutive slots: the lower ones from the top-most on, then upper and work, and
/// the tmpfs that may hold those. Referred to by <see cref="Step.Data"/>.
/// </summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
internal unsafe struct LayersStep
{
    /// <summary>Slot of the top-most lower directory.</summary>
    public int First;

    public int LowerCount;

    /// <summary>Index into <see cref="ContainerPlan.Fields"/> of the first directory; the others follow.</summary>
    public int FirstField;

    /// <summary>There is an upper directory; without one the root file system is read-only.</summary>
    public byte Writable;

    /// <summary>Upper and work are made in a tmpfs.</summary>
    public byte Ephemeral;

    /// <summary>The parent makes it: it stays detached, and the child attaches it.</summary>
    public byte Detached;

    /// <summary>The parent maps the ids of all directories first (<see cref="ContainerPlan.LayerIds"/>).</summary>
    public byte Mapped;

    /// <summary>Options besides the directories: fsconfig(2) keys and values, alternating; a null value is a flag.</summary>
    public byte** Options;
    public int OptionCount;

    /// <summary>The same options for mount(2), each with a comma behind it.</summary>
    public byte* Data;

    /// <summary>Directory to mount on; null for the root directory itself, over what is there.</summary>
    public byte* Target;
}

internal sealed unsafe partial class Planner
{
    private static readonly (string Key, string? Value)[] PrivilegedOptions = [("redirect_dir", "off"), ("metacopy", "off")];

    // A user namespace may not set the attributes trusted.overlay.* (Linux 5.11).
    private static readonly (string Key, string? Value)[] UserOptions = [("userxattr", null)];

    // While the host's tree is still all there is: a layer below the mount point means the host's directory. Under a
    // user namespace the parent does it: it reaches every directory, and its overlay knows the attributes
    // trusted.overlay.* that images are extracted with.
    private void OpenLayers()
    {
        if (_request.Layers is not { } layers)
            return;
        _plan.LayerIds = RootfsIds();
        _layersInParent = _plan.ParentOpens || _plan.LayerIds is not null;
        LayersStep* l = Arena.Make<LayersStep>();
        *l = default;
        l->Mapped = _plan.LayerIds is null ? (byte)0 : (byte)1;
        l->LowerCount = layers.Lower.Length;
        l->Writable = layers.IsWritable ? (byte)1 : (byte)0;
        l->Ephemeral = layers.IsEphemeral ? (byte)1 : (byte)0;
        l->Detached = _layersInParent ? (byte)1 : (byte)0;
        l->Target = _request.Rootfs.IsEmpty ? null : Arena.Text(_request.Rootfs);
        l->First = _plan.NewSlot();
        for (int i = 0; i < layers.Lower.Length + 2; i++)
            _plan.NewSlot();
        if (!layers.IsPlain)
            LayerOptions(l);
        if (_layersInParent)
            _plan.ParentSteps.Add(new Step { Op = Op.ProbeMountApi, Slot = Slot.None });
        l->FirstField = OpenLayer(layers.Lower[0], l->First);
        for (int i = 1; i < layers.Lower.Length; i++)
            OpenLayer(layers.Lower[i], l->First + i);
        if (layers is { Upper: { } upper, Work: { } work })
        {
            OpenLayer(upper, l->First + l->LowerCount);
            OpenLayer(work, l->First + l->LowerCount + 1);
        }

        _layers = new Step { Op = Op.MountLayers, Field = _plan.Field(layers.LowerField), Slot = Slot.Rootfs, Data = l };
        if (_layersInParent)
            _plan.ParentSteps.Add(_layers);
    }

    // A tmpfs stays over the host's root directory, and goes with it.
    private bool ThrowawayIsOverRoot => _request.Layers is { IsEphemeral: true } && !_layersInParent;

    private Step _layers;

    // The overlay is made before the container's process is there, and handed over.
    private bool _layersInParent;

    private int OpenLayer(LayerDirectory layer, int slot)
    {
        Step step = TextStep(Op.OpenLayer, Paths.Below(_request.Bundle, layer.Path).Span, layer.Field);
        step.Slot = slot;
        if (_layersInParent)
            _plan.ParentSteps.Add(step);
        else
            _plan.Add(step);
        return step.Field;
    }

    private void LayerOptions(LayersStep* l)
    {
        bool user = _request.InUserNamespace || (HasUserNamespace && !_layersInParent);
        List<(string Key, string? Value)> options = [.. user ? UserOptions : PrivilegedOptions];

        // One overlay at a time may have the upper directory, and hard links survive a write.
        if (l->Writable != 0)
            options.Add(("index", "on"));
        if (!_linux.MountLabel.IsEmpty)
            options.Add((LabelOption, _linux.MountLabel.ToString()));
        l->OptionCount = options.Count;
        l->Options = (byte**)Arena.Allocate(16L * options.Count);
        string data = "";
        for (int i = 0; i < options.Count; i++)
        {
            (string key, string? value) = options[i];
            l->Options[2 * i] = Arena.Text(new Utf8(key));
            l->Options[(2 * i) + 1] = value is null ? null : Arena.Text(new Utf8(value));
            bool label = key.EndsWith("context", System.StringComparison.Ordinal);
            data += value is null ? $"{key}," : label ? $"{key}=\"{value}\"," : $"{key}={value},";
        }

        l->Data = Arena.Text(new Utf8(data));
    }

    // True when the root file system is the layers' and needs no step of root.path.
    private bool MountLayers()
    {
        if (_request.Layers is null)
            return false;
        _overRoot = _layersInParent || _request.Rootfs.IsEmpty;
        if (!_layersInParent)
        {
            _plan.Add(_layers);
            return true;
        }

        Step step = TextStep(Op.AttachRootfs, "/"u8, "root.path");
        step.Number = 1;
        step.Flags = 1;
        _plan.Add(step);
        return true;
    }
}
