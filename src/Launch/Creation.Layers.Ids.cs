using System;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

/// <summary>
/// Id-mapped layers: an overlay takes its directories with the mounts that they are reached by, so each is replaced by a
/// mapped clone of its own (Linux 5.19; clones that are attached nowhere since 6.15). What the overlay shows and writes
/// then has the ids of the mapping, without a mapping of its own.
/// </summary>
internal sealed unsafe partial class Creation
{
    private long MountMapped(Step step)
    {
        LayersStep* l = (LayersStep*)step.Data;
        IdMap ids = _plan.LayerIds!;
        using MappingNamespaces namespaces = new();
        int joined = JoinedUserNamespace;
        int holder = !ids.IsContainers ? namespaces.For(ids)
            : joined >= 0 ? joined
            : namespaces.For(ids with { Uids = _config.Linux?.UidMappings, Gids = _config.Linux?.GidMappings });
        for (int i = 0; i < l->LowerCount; i++)
            MapLayer(l->First + i, holder, _plan.Fields[l->FirstField + i]!);
        if (l->Writable == 0 || l->Ephemeral != 0)
            return Executor.Prepare(_context, &step);
        MapUpper(l, holder);
        return AsOwnerOf(_context->Slots[l->First + l->LowerCount], l, step);
    }

    private void MapLayer(int slot, int holder, string field)
    {
        int layer = _context->Slots[slot];
        int clone = Sys.open_tree(layer, default, Uapi.OPEN_TREE_CLONE | (uint)Uapi.AT_EMPTY_PATH);
        if (clone < 0)
            throw Refused(field, "open_tree", clone, null);
        _context->Slots[slot] = clone;
        string path = PathOf(layer);
        Sys.close(layer);
        IdMappedMount.Apply(clone, holder, recursive: false, field, path);
    }

    // Upper and work have to be on one mount, so one clone has both; it lives as long as the slot behind them.
    private void MapUpper(LayersStep* l, int holder)
    {
        int* slots = _context->Slots + l->First + l->LowerCount;
        string upper = PathOf(slots[0]);
        string work = PathOf(slots[1]);
        string field = _plan.Fields[l->FirstField + l->LowerCount]!;
        int common = 0;
        for (int i = 0; i < upper.Length && i < work.Length && upper[i] == work[i]; i++)
        {
            if (upper[i] == '/')
                common = i;
        }

        byte[] parent = Sys.Bytes(common == 0 ? "/" : upper[..common]);
        int clone = Sys.open_tree(Uapi.AT_FDCWD, parent, Uapi.OPEN_TREE_CLONE);
        if (clone < 0)
            throw Refused(field, "open_tree", clone, null);
        slots[2] = clone;
        IdMappedMount.Apply(clone, holder, recursive: false, field, upper);
        Below(clone, &slots[0], upper[(common + 1)..], field);
        Below(clone, &slots[1], work[(common + 1)..], _plan.Fields[l->FirstField + l->LowerCount + 1]!);
    }

    // The same directory as before, reached by the clone.
    private static void Below(int clone, int* slot, string path, string field)
    {
        const ulong plain = Uapi.RESOLVE_BENEATH | Uapi.RESOLVE_NO_XDEV | Uapi.RESOLVE_NO_SYMLINKS;
        int fd = Sys.openat2(clone, Sys.Bytes(path), Uapi.O_PATH | Uapi.O_DIRECTORY, plain);
        if (fd < 0)
            throw Refused(field, "openat2", fd, "upper and work must be on the same mount");
        bool same = Sys.fstat(fd, out stat there) == 0 && Sys.fstat(*slot, out stat here) == 0
            && there.st_dev == here.st_dev && there.st_ino == here.st_ino;
        Sys.close(*slot);
        *slot = fd;
        if (!same)
            throw Refused(field, "openat2", -Errno.EXDEV, "upper and work must be on the same mount");
    }

    // Overlay writes to work as who mounts it, and the mapping has no place for the ids of the host's root: the owner of
    // the upper directory, as the mapping shows it, has one. All rights stay.
    private long AsOwnerOf(int upper, LayersStep* l, Step step)
    {
        string field = _plan.Fields[l->FirstField + l->LowerCount]!;
        Sys.fstat(upper, out stat owner);
        Sys.setfsgid(owner.st_gid);
        Sys.setfsuid(owner.st_uid);
        try
        {
            Sys.RaiseEffective();
            long result = Executor.Prepare(_context, &step);
            if (result < 0)
                return result;
        }
        finally
        {
            Sys.setfsuid(0);
            Sys.setfsgid(_egid);
            Sys.RaiseEffective();
        }

        // The kernel mounts what it cannot write to read-only, with a word in its log.
        if (Sys.fstatfs(_context->Slots[Slot.Rootfs], out statfs fs) == 0 && (fs.f_flags & Uapi.ST_RDONLY) == 0)
            return 0;
        throw new FaultException(new Fault("the overlay cannot write to the directory with mapped ids")
        {
            Field = field,
            Hint = $"its owner must be mapped by {_plan.LayerIds!.Field}; the kernel's log says more",
        });
    }

    private readonly uint _egid = Sys.getegid();

    private static string PathOf(int directory)
    {
        Span<byte> path = stackalloc byte[4096];
        int length = Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{directory}"), path);
        return length > 0 ? System.Text.Encoding.UTF8.GetString(path[..length]) : "?";
    }

    private static FaultException Refused(string field, string call, int result, string? hint) =>
        new(new Fault("cannot use it as a directory of the root file system") { Field = field, Syscall = call, Errno = -result, Hint = hint });
}
