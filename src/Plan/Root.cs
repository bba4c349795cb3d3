using System;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void OpenNull() => _plan.Add(TextStep(Op.OpenNull, "/dev/null"u8));

    private void OpenProc()
    {
        bool needed = _linux.Sysctl is { Length: > 0 } || !_config.Process!.ApparmorProfile.IsEmpty || !_config.Process.SelinuxLabel.IsEmpty;
        if (needed && _plan.Find(Op.OpenProc) < 0)
            _plan.Add(TextStep(Op.OpenProc, "/proc"u8));
    }

    private Step TextStep(Op op, ReadOnlySpan<byte> text, string? field = null) => new()
    {
        Op = op,
        Field = _plan.Field(field),
        Slot = Slot.None,
        Text = Arena.Text(text),
    };

    private void Rootfs(bool ownMounts)
    {
        if (MountLayers())
            return;
        Step step = TextStep(Op.AttachRootfs, _request.Rootfs.Span, "root.path");
        step.Number = ownMounts ? 1 : 0;
        IdMap? ids = ownMounts ? RootfsIds() : null;
        if (_plan.ParentOpens || ids is not null)
        {
            // A user namespace may not be able to walk to the rootfs, so the parent hands over a clone of it.
            _plan.ParentSources.Add(new BindSource(Slot.Rootfs, _request.Rootfs, Recursive: true, "root.path", ids));
            step.Flags = 1;
            _overRoot = true;
        }

        _plan.Add(step);
    }

    private void SwitchRoot(bool ownMounts)
    {
        if (!ownMounts)
            _plan.Add(Op.ChangeRoot, "root.path");
        else if (_request.NoPivot)
            _plan.Add(Op.MoveRoot, "root.path", flags: _overRoot ? 1 : 0);
        else
            _plan.Add(Op.PivotRoot, "root.path", number: ThrowawayIsOverRoot ? 1 : 0);
        if (ownMounts)
            RootPropagation();
    }

    // The root file system is attached over "/" and not below it.
    private bool _overRoot;

    private void LateReadonly()
    {
        foreach ((int slot, string field, _) in _lateReadonly)
            _plan.Add(Op.ReadonlyMount, field, slot);
        if (_config.Root is { Readonly: true } && _request.Layers is not { IsWritable: false })
            _plan.Add(Op.ReadonlyRoot, "root.readonly", Slot.Rootfs);
    }
}
