using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>
/// The container's steps in run order. Every constraint on the order stands beside the step that has it; the methods
/// are in files named after the config field they serve.
/// </summary>
internal sealed unsafe partial class Planner
{
    private readonly PlanRequest _request;
    private readonly Config _config;
    private readonly Linux _linux;
    private readonly ContainerPlan _plan = new();

    private Planner(PlanRequest request)
    {
        _request = request;
        _config = request.Config;
        _linux = request.Config.Linux ?? new Linux();
    }

    private Arena Arena => _plan.Arena;

    /// <summary>Makes the plan; throws a <see cref="Errors.FaultException"/> for what cannot be planned. Changes nothing.</summary>
    public static ContainerPlan Make(PlanRequest request)
    {
        Planner planner = new(request);
        try
        {
            planner.Container();
            return planner._plan;
        }
        catch
        {
            // Nobody gets the plan whose memory this is.
            planner._plan.Arena.Dispose();
            throw;
        }
    }

    private void Container()
    {
        // Dispositions first: they are inherited, and a step may end by a signal.
        _plan.Add(Op.ResetSignals);

        // Id maps are written by the parent; until then the ids of a new user namespace mean nothing.
        _plan.Add(Op.WaitForParent);
        Namespaces();

        // In its cgroup by now, whose CPUs are the container's.
        _plan.Add(Op.ResetAffinity);

        // A session of its own, before anything of the image runs: no terminal and no process group of the caller.
        _plan.Add(Op.NewSession);
        Keyring();
        Hostname();
        Domainname();
        Loopback();

        // Before the sysctls, some of which belong to one interface.
        NetDevices();
        RootFilesystem();

        // Before CAP_SYS_NICE goes, and after all work of the set-up, which they would slow down or place elsewhere.
        Personality();
        IoPriority();
        MemoryPolicy();
        Scheduler();

        // Ids and rights last of all that needs them; the working directory before (root may enter it), verified after.
        Identity();

        // Looked up with the final ids, before the wait, so that `create` reports a missing program.
        Executable();
        ListenPid();

        // Before the wait: whoever waits for the end of an inherited pipe must not wait for `start`.
        _plan.Add(Op.CloseDescriptors);
        _plan.Add(Op.Ready, "process");
        if (Notifies)
        {
            // The one who makes the container hands the listener over, so the filter is loaded before the wait; what the
            // filter may forbid and need not wait comes before it.
            Rlimits();
            _plan.Add(Op.CatchSignals);
            Seccomp();

            // The last that the parent waits for: all but execve is done.
            _plan.Add(Op.HandOverListener, "linux.seccomp.listenerPath");
            _plan.Add(Op.Gate);
            StartHooks();
        }
        else
        {
            _plan.Add(Op.Gate);

            // After the wait, which needs a descriptor; the filter may forbid it. The hooks are programs of the image and run
            // as confined as the container's own.
            Rlimits();
            Seccomp();
            StartHooks();
        }

        _plan.Add(_execute with { Op = Op.Execute });
    }

    private void RootFilesystem()
    {
        bool ownMounts = HasMountNamespace;
        _plan.MountsRootfs = !ownMounts && NeedsMounts();
        if (ownMounts || _plan.MountsRootfs)
        {
            _plan.Add(Op.ProbeMountApi);
            DetachFromHost(sourcesAreOpen: false);

            // The host's /dev/null and the bind sources are taken while the host's tree is still all there is.
            OpenNull();
            OpenSources();
            OpenLayers();
            DetachFromHost(sourcesAreOpen: true);
        }

        // A procfs that no mount of the container can cover, for the writes to /proc/sys and of labels.
        OpenProc();
        Rootfs(ownMounts);

        // No umask while nodes and directories are made: modes are exact.
        _plan.Add(Op.Umask, null, flags: 0);
        Mounts();
        Devices();
        Console();
        Hooks();

        // Covers go on by descriptor, while /proc/self/fd is still the host's for kernels without the mount API.
        Sysctl();
        ReadonlyPaths();
        MaskedPaths();

        // With the ids of root, whose files in /proc are closed to the process later, and while /proc/self/fd is still the
        // host's. Any program executed after this has the labels, so hooks of the host run before.
        ApparmorProfile();
        SelinuxLabel();
        SwitchRoot(ownMounts);
        _plan.Add(Op.ReopenNullStdio);
        WorkingDirectory();

        // Read-only comes after everything that creates a mount point, a device or the working directory.
        LateReadonly();
        _plan.Add(Op.Umask, "process.user.umask", flags: _config.Process!.User?.Umask ?? 0x12);
    }
}
