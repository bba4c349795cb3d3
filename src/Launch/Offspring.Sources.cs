using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

/// <summary>The mounts that the parent makes for the child: what only its rights can reach or map.</summary>
internal abstract unsafe partial class Offspring
{
    private MappingNamespaces? _mappings;

    private protected void MakeSources()
    {
        foreach (BindSource source in _plan.ParentSources)
        {
            int tree = CloneTree(source);
            _context->Slots[source.Slot] = tree;
            if (source.Ids is not null)
                MapIds(source.Ids, tree, source.Field, source.Path.ToString());
        }

        foreach (FilesystemSource source in _plan.ParentFilesystems)
        {
            int mount = MakeFilesystem(source);
            _context->Slots[source.Slot] = mount;
            MapIds(source.Ids, mount, source.Field, Failure.Text(source.Mount->Type));
        }

        _mappings?.Dispose();
    }

    // After the maps are written and before the child goes on: until then its namespace maps nothing.
    private protected void MapSourcesAsContainer()
    {
        Fd? own = null;
        foreach (BindSource source in _plan.ParentSources)
        {
            if (source.Ids is not { IsContainers: true } ids)
                continue;
            own ??= NamespaceHolder.Open(_pid, ids.Field);
            IdMappedMount.Apply(_context->Slots[source.Slot], own.Number, ids.Recursive, source.Field, source.Path.ToString());
        }

        foreach (FilesystemSource source in _plan.ParentFilesystems)
        {
            if (!source.Ids.IsContainers)
                continue;
            own ??= NamespaceHolder.Open(_pid, source.Ids.Field);
            IdMappedMount.Apply(_context->Slots[source.Slot], own.Number, source.Ids.Recursive, source.Field, Failure.Text(source.Mount->Type));
        }

        own?.Dispose();
    }

    // Of a tree that exists among the container's mounts only.
    private protected void MapLateIds(int index)
    {
        using Fd tree = _received ?? throw new FaultException(new Fault("the tree to map did not arrive") { Field = "mounts", Syscall = "recvmsg" });
        _received = null;
        Step step = _plan.Steps[index];
        IdMap ids = _plan.LateIds[step.Number];
        using MappingNamespaces mappings = new();
        int joined = JoinedUserNamespace;
        using Fd? own = ids.IsContainers && joined < 0 ? NamespaceHolder.Open(_pid, ids.Field) : null;
        IdMappedMount.Apply(tree.Number, own?.Number ?? (ids.IsContainers ? joined : mappings.For(ids)), ids.Recursive, ids.Field, Failure.Text(step.Second));
    }

    private protected void CloseSources()
    {
        foreach (BindSource source in _plan.ParentSources)
            Close(source.Slot);
        foreach (FilesystemSource source in _plan.ParentFilesystems)
            Close(source.Slot);
    }

    private void Close(int slot)
    {
        if (_context->Slots[slot] >= 0)
            Sys.close(_context->Slots[slot]);
        _context->Slots[slot] = -1;
    }

    // A joined namespace has its maps; a new one is the child's and comes later.
    private void MapIds(IdMap ids, int mount, string field, string source)
    {
        int joined = JoinedUserNamespace;
        if (ids.IsContainers && joined < 0)
            return;
        int holder = ids.IsContainers ? joined : (_mappings ??= new MappingNamespaces()).For(ids);
        IdMappedMount.Apply(mount, holder, ids.Recursive, field, source);
    }

    /// <summary>The container's user namespace where it exists before the child, else negative.</summary>
    private protected virtual int JoinedUserNamespace
    {
        get
        {
            foreach (JoinedNamespace joined in _plan.Joined)
            {
                if (joined.Flag == Uapi.CLONE_NEWUSER)
                    return _context->Slots[joined.Slot];
            }

            return -1;
        }
    }

    private static int CloneTree(BindSource source)
    {
        uint flags = Uapi.OPEN_TREE_CLONE | (source.Recursive ? (uint)Uapi.AT_RECURSIVE : 0)
            | (source.Nofollow ? (uint)Uapi.AT_SYMLINK_NOFOLLOW : 0);
        int tree = Sys.open_tree(Uapi.AT_FDCWD, source.Path.Span, flags);
        if (tree >= 0)
            return tree;
        throw new FaultException(new Fault($"source \"{source.Path}\"")
        {
            Field = source.Field,
            Syscall = "open_tree",
            Errno = -tree,
            Hint = tree == -Errno.ENOENT ? "create it before the container" : null,
        });
    }

    private static int MakeFilesystem(FilesystemSource source)
    {
        MountStep* m = source.Mount;
        using Fd fs = new(Sys.fsopen(m->Type));
        if (fs.Number < 0)
            throw Refused(source, "fsopen", fs.Number, "");
        int result = 0;
        if (m->Source is not null)
        {
            fixed (byte* key = "source\0"u8)
                result = Sys.fsconfig(fs.Number, Uapi.FSCONFIG_SET_STRING, key, m->Source);
        }

        for (int i = 0; i < m->ParameterCount && result >= 0; i++)
        {
            byte* value = m->Parameters[(2 * i) + 1];
            result = Sys.fsconfig(fs.Number, value is null ? Uapi.FSCONFIG_SET_FLAG : Uapi.FSCONFIG_SET_STRING, m->Parameters[2 * i], value);
        }

        if (result >= 0)
            result = Sys.fsconfig(fs.Number, Uapi.FSCONFIG_CMD_CREATE, null, null);
        if (result < 0)
            throw Refused(source, "fsconfig", result, Said(fs.Number));
        int mount = Sys.fsmount(fs.Number, m->AttributesSet);
        return mount >= 0 ? mount : throw Refused(source, "fsmount", mount, "");
    }

    private static string Said(int fs)
    {
        byte* text = stackalloc byte[256];
        long n = Sys.read(fs, new System.Span<byte>(text, 255));
        text[n > 0 ? n : 0] = 0;
        return n > 0 ? $": {Failure.Text(text).TrimEnd('\n')}" : "";
    }

    private static FaultException Refused(FilesystemSource source, string call, int result, string said) =>
        new(new Fault($"cannot mount {Failure.Text(source.Mount->Type)}{said}")
        {
            Field = source.Field,
            Syscall = call,
            Errno = -result,
            Hint = result == -Errno.ENODEV ? "the kernel has no such file system (for a bind mount, add the option \"bind\")" : null,
        });
}
