using OciRun.Kernel;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // The kernel mounts cgroup2 for who has CAP_SYS_ADMIN over the cgroup namespace. Who has not gets a bind of what the
    // mount would have shown; and where a user without root's rights cannot even reach that, an empty read-only tmpfs, so
    // that what the host's /sys may show there is not writable.
    private void CgroupFallback(MountStep* m, ref Step step)
    {
        bool own = (_plan.NewNamespaces & Uapi.CLONE_NEWCGROUP) != 0 || Joins("cgroup"u8);
        string? source = own ? _request.CgroupPath ?? _request.CgroupMount : _request.CgroupMount;
        if (source is not null)
            step.Second = Arena.Text(Sys.Bytes(source));
        if (!_request.Rootless)
            return;
        m->Mask = Mask();
        m->Mask->Target = m->Target;
        m->Mask->TargetNofollow = m->TargetNofollow;
        m->Mask->OverRoot = m->OverRoot;
        m->Mask->Propagation = m->Propagation;
        m->Mask->PropagationCount = m->PropagationCount;
    }
}
