using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>The mounts of a container that exists already.</summary>
internal sealed unsafe partial class Planner
{
    private bool _isLive;

    /// <summary>
    /// The steps of a process that enters a container and makes the mounts of <see cref="PlanRequest.Config"/> there. After
    /// each it stands at an <see cref="Op.Ready"/>, so that how many are made is known whatever happens; after the last it
    /// has nothing more to do.
    /// </summary>
    public static ContainerPlan MakeMounts(PlanRequest request) => MakeLive(request, mounts: true);

    /// <summary>The same for taking them away, the last first: it can lie below one before it.</summary>
    public static ContainerPlan MakeUnmounts(PlanRequest request) => MakeLive(request, mounts: false);

    private static ContainerPlan MakeLive(PlanRequest request, bool mounts)
    {
        Planner planner = new(request) { _isLive = true };
        try
        {
            planner.Enter(mounts);
            return planner._plan;
        }
        catch
        {
            planner._plan.Arena.Dispose();
            throw;
        }
    }

    private void Enter(bool mounts)
    {
        _plan.NewNamespaces = _request.Join;
        _plan.Add(Op.ResetSignals);
        _plan.Add(Op.DieWithParent);
        _plan.Add(Op.NotDumpable);

        // Without it a mount goes on by a path of /proc, which inside is the container's.
        _plan.Add(Op.ProbeMountApi, number: 1);
        if (mounts)
            OpenSources();
        else
            _plan.Add(TextStep(Op.OpenProc, "/proc"u8));
        JoinInit();
        _plan.Add(TextStep(Op.AttachRootfs, "/"u8));
        _plan.Add(Op.Umask, null, flags: 0);
        if (mounts)
            LiveMounts();
        else
            Unmounts();
    }

    private void LiveMounts()
    {
        Mount[] mounts = _config.Mounts ?? [];
        for (int i = 0; i < mounts.Length; i++)
        {
            int late = _lateReadonly.Count;
            AddMount(mounts[i], _options[i], i);
            if (_lateReadonly.Count > late)
                _plan.Add(Op.ReadonlyMount, _lateReadonly[late].Field, _lateReadonly[late].Slot);
            _plan.Add(Op.Ready);
        }
    }

    private void Unmounts()
    {
        Mount[] mounts = _config.Mounts ?? [];
        for (int i = mounts.Length - 1; i >= 0; i--)
        {
            Utf8 target = Paths.InRoot(mounts[i].Destination, _request.Rootfs);
            if (mounts[i].Destination.IsEmpty)
                throw new FaultException(new Fault("missing") { Field = $"mounts[{i}].destination" });
            if (target.Is("."u8))
            {
                throw new FaultException(new Fault("the root of a container cannot be removed")
                {
                    Field = $"mounts[{i}].destination",
                    Value = mounts[i].Destination.ToString(),
                });
            }

            // Nothing stands at /proc but what hides the host's own files.
            if (Paths.IsWithin(target, "proc"u8) && !MayStandInProc(target))
            {
                throw new FaultException(new Fault("cannot be removed because it is inside /proc")
                {
                    Field = $"mounts[{i}].destination",
                    Value = mounts[i].Destination.ToString(),
                });
            }

            _plan.Add(TextStep(Op.Unmount, target.Span, $"mounts[{i}] \"{mounts[i].Destination}\""));
            _plan.Add(Op.Ready);
        }
    }

    // What the mount API cannot express, and what would show the runtime's own processes instead of the container's: the
    // process is not in the container's pid namespace, which only a child of it could be.
    private static void CheckLive(MountStep* m, MountOptions options, Utf8 type, string field)
    {
        if (!options.IsBind && type.Is("proc"u8))
        {
            throw new FaultException(new Fault("a proc file system cannot be added to a container that exists")
            {
                Field = $"{field}.type",
                Value = "proc",
            });
        }

        if (m->OverRoot != 0)
            throw new FaultException(new Fault("cannot be mounted over the root of a container that exists") { Field = $"{field}.destination" });
        if (m->Legacy != 0)
        {
            throw new FaultException(new Fault("cannot be added with these options")
            {
                Field = $"{field}.options",
                Hint = "remove iversion, and remount where there is no bind beside it",
            });
        }
    }
}
