using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private bool SharesMounts =>
        _linux.RootfsPropagation.Is("shared"u8) || _linux.RootfsPropagation.Is("rshared"u8);

    // Before the first mount: nothing made here may travel to the host. What is shared with the host on request is what
    // is bound from it, so the sources are cloned, as peers of the host's mounts, before the tree loses its peers; the
    // rest of the set-up then runs as it does for every container.
    private void DetachFromHost(bool sourcesAreOpen)
    {
        if (sourcesAreOpen != SharesMounts || !HasMountNamespace)
            return;
        Utf8 value = _linux.RootfsPropagation;
        bool isPrivate = value.Is("private"u8) || value.Is("rprivate"u8);
        long flags = (isPrivate ? Uapi.MS_PRIVATE : Uapi.MS_SLAVE) | Uapi.MS_REC;
        _plan.Add(Op.Propagation, "linux.rootfsPropagation", flags: flags);
    }

    // Of the container's own root, and only where no mount is to come: shared mounts would take them to their peers, and
    // pivot_root(2) refuses a shared root.
    private void RootPropagation()
    {
        Utf8 value = _linux.RootfsPropagation;
        uint kind = SharesMounts ? Uapi.MS_SHARED
            : value.Is("unbindable"u8) || value.Is("runbindable"u8) ? Uapi.MS_UNBINDABLE : 0;
        if (kind != 0)
            _plan.Add(Op.RootPropagation, "linux.rootfsPropagation", flags: kind | (value[0] == (byte)'r' ? Uapi.MS_REC : 0));
    }
}
