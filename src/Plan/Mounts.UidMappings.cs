using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>A file system that the parent makes because its ids are mapped; the child attaches it like a bind.</summary>
internal sealed unsafe class FilesystemSource(int slot, MountStep* mount, IdMap ids, string field)
{
    public int Slot { get; } = slot;

    /// <summary>Type, source and options.</summary>
    public MountStep* Mount { get; } = mount;

    public IdMap Ids { get; } = ids;

    /// <summary>The mount's config path.</summary>
    public string Field { get; } = field;
}

internal sealed unsafe partial class Planner
{
    // Mapping a mount needs rights in the user namespace that the file system belongs to, so it is the parent's work.
    private IdMap? IdMapOf(Mount mount, MountOptions options, string field)
    {
        bool listed = mount.UidMappings is { Length: > 0 };
        int word = options.IdMapIndex;
        if (!listed && word < 0)
            return null;
        bool recursive = options.IdMapIsRecursive;
        IdMap map = listed
            ? new IdMap(mount.UidMappings, mount.GidMappings, recursive, $"{field}.uidMappings")
            : options.IdMapText.IsEmpty
                ? new IdMap(null, null, recursive, $"{field}.options[{word}]")
                : IdMap.Parse(options.IdMapText, _linux, recursive, $"{field}.options[{word}]");
        return OfContainer(map);
    }

    // A mapping that the container's new user namespace has needs no namespace of its own.
    private IdMap OfContainer(IdMap map)
    {
        bool equal = (_plan.NewNamespaces & Uapi.CLONE_NEWUSER) != 0
            && IdMap.Same(map.Uids, _linux.UidMappings) && IdMap.Same(map.Gids, _linux.GidMappings);
        return equal ? map with { Uids = null, Gids = null } : map;
    }

    private void MapFilesystem(MountStep* m, ref Step step, MountOptions options, Utf8 type, string field)
    {
        bool bound = type.Is("proc"u8) || type.Is("sysfs"u8) || type.Is("cgroup"u8) || type.Is("cgroup2"u8)
            || type.Is("devpts"u8) || type.Is("mqueue"u8);
        if (bound || m->Legacy != 0)
        {
            throw new FaultException(new Fault(bound ? $"{type} cannot be id-mapped" : "cannot be id-mapped with these options")
            {
                Field = options.Ids!.Field,
                Value = bound ? type.ToString() : null,
                Hint = bound ? "remove the mapping: its files belong to the container's namespaces" : "remove the options remount and iversion",
            });
        }

        int slot = _plan.NewSlot();
        _plan.ParentFilesystems.Add(new FilesystemSource(slot, m, options.Ids!, field));
        step.Op = Op.MountBind;
        step.Number = slot;
    }

    /// <summary>The annotation by which the root file system's ids are mapped (docs/decisions.md).</summary>
    internal const string RootfsIdMap = "run.ocirun.rootfs.idmap";

    // `container` is the container's own mapping; otherwise as behind the mount option `idmap=`.
    private IdMap? RootfsIds()
    {
        foreach (Pair pair in _config.Annotations ?? [])
        {
            if (!pair.Key.Is("run.ocirun.rootfs.idmap"u8))
                continue;
            string field = $"annotations[\"{RootfsIdMap}\"]";
            if (!_request.Privileged)
            {
                throw new FaultException(new Fault("an id-mapped root file system needs root's rights over it")
                {
                    Field = field,
                    Hint = "remove the annotation, or run as root",
                });
            }

            if (!pair.Value.Is("container"u8))
                return OfContainer(IdMap.Parse(pair.Value, _linux, recursive: true, field));
            if (HasUserNamespace)
                return new IdMap(null, null, Recursive: true, field);
            throw new FaultException(new Fault("the container has no user namespace whose mapping could be used")
            {
                Field = field,
                Value = "container",
                Hint = "add {\"type\": \"user\"} to linux.namespaces and mappings, or give the ranges",
            });
        }

        return null;
    }
}
