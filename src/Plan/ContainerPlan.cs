using System.Collections.Generic;
using OciRun.Kernel;

namespace OciRun.Plan;

/// <summary>Everything the child will do, in order, decided before anything on the system changes.</summary>
internal sealed unsafe class ContainerPlan
{
    private readonly List<Step> _steps = new(96);
    private readonly List<string?> _fields = new(64);

    public Arena Arena { get; } = new();

    public IReadOnlyList<Step> Steps => _steps;

    /// <summary>Config paths that steps refer to by index; entry 0 is none.</summary>
    public IReadOnlyList<string?> Fields => _fields;

    /// <summary>How many descriptor slots the steps use.</summary>
    public int SlotCount { get; private set; } = Slot.First;

    /// <summary>What the config asks for and the kernel or the spec lets pass.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Namespaces that clone itself must make (CLONE_NEWUSER, CLONE_NEWPID).</summary>
    public ulong CloneFlags { get; set; }

    /// <summary>Namespaces that the process finally has of its own.</summary>
    public ulong NewNamespaces { get; set; }

    /// <summary>Namespaces to join; the parent opens their files into the slots.</summary>
    public List<JoinedNamespace> Joined { get; } = [];

    /// <summary>True when the second clone makes the user namespace, so that its maps come after it.</summary>
    public bool MapsFinal { get; set; }

    /// <summary>The child waits for its cgroup after it has made the other namespaces.</summary>
    public bool CgroupIsLate { get; set; }

    /// <summary>True when the container has a user namespace and the parent has the rights that it lacks.</summary>
    public bool ParentOpens { get; set; }

    /// <summary>
    /// True when the container has mounts but no mount namespace: the parent mounts the rootfs onto itself in its own,
    /// they go on that mount, and they end with it.
    /// </summary>
    public bool MountsRootfs { get; set; }

    /// <summary>Bind sources that the parent clones into slots because the child may not reach them.</summary>
    public List<BindSource> ParentSources { get; } = [];

    /// <summary>File systems that the parent makes into slots because their ids are mapped.</summary>
    public List<FilesystemSource> ParentFilesystems { get; } = [];

    /// <summary>Mappings of trees that the child opens among the container's mounts and the parent maps when asked.</summary>
    public List<IdMap> LateIds { get; } = [];

    /// <summary>What the parent does before the clone, with the rights that the child lacks.</summary>
    public List<Step> ParentSteps { get; } = [];

    /// <summary>How the ids of the root file system's layers are mapped; null when they are not.</summary>
    public IdMap? LayerIds { get; set; }

    /// <summary>Scheduling that the process cannot inherit over its last clone, so that the parent sets it; null for none.</summary>
    public sched_attr* ParentScheduler { get; set; }

    public int NewSlot() => SlotCount++;

    /// <summary>Remembers a config path for steps that may fail; 0 for none.</summary>
    public int Field(string? path)
    {
        if (_fields.Count == 0)
            _fields.Add(null);
        if (path is null)
            return 0;
        _fields.Add(path);
        return _fields.Count - 1;
    }

    public void Add(in Step step) => _steps.Add(step);

    public void Add(Op op, string? field = null, int slot = Slot.None, int number = 0, long flags = 0, long value = 0)
        => _steps.Add(new Step { Op = op, Field = Field(field), Slot = slot, Number = number, Flags = flags, Value = value });

    /// <summary>Position of the first step with this operation, -1 when there is none.</summary>
    public int Find(Op op) => _steps.FindIndex(step => step.Op == op);

    /// <summary>Copies the steps into the arena, where the child reads them.</summary>
    public Step* Freeze()
    {
        Step* steps = Arena.Array<Step>(_steps.Count);
        for (int i = 0; i < _steps.Count; i++)
            steps[i] = _steps[i];
        return steps;
    }
}
