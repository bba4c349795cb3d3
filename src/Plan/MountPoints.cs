using OciRun.Kernel;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    /// <summary>
    /// A plan that mounts what the container has mounted, in a mount namespace that goes with the process, and then waits.
    /// What stays is what no mount covers: the mount points and nodes in the root file system, made as for a new container.
    /// CRIU wants them to be there.
    /// </summary>
    public static ContainerPlan MakeMountPoints(PlanRequest request)
    {
        Planner planner = new(request);
        try
        {
            planner.MountPoints();
            return planner._plan;
        }
        catch
        {
            planner._plan.Arena.Dispose();
            throw;
        }
    }

    private void MountPoints()
    {
        // As one without a user namespace: the mounts are never seen, and root needs nobody's help with them.
        _plan.NewNamespaces = Uapi.CLONE_NEWNS;
        _plan.Add(Op.ResetSignals);
        _plan.Add(Op.Unshare, "linux.namespaces", flags: (long)Uapi.CLONE_NEWNS);
        _plan.Add(Op.NotDumpable);
        _plan.Add(Op.ProbeMountApi);
        DetachFromHost(sourcesAreOpen: false);
        OpenNull();
        OpenSources();
        DetachFromHost(sourcesAreOpen: true);
        Rootfs(ownMounts: true);
        _plan.Add(Op.Umask, null, flags: 0);
        Mounts();
        Devices();
        _plan.Add(Op.Ready);
    }
}
