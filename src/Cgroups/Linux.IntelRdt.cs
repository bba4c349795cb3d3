using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>
/// linux.intelRdt: the resctrl group of a container, and its monitoring group. A group that the config names belongs
/// to the administrator and stays; one named after the container ends with it.
/// </summary>
internal sealed partial class ResctrlGroup : IDisposable
{
    private const string Field = "linux.intelRdt";

    private readonly ResctrlTree _tree;
    private readonly string _name;
    private readonly string _id;
    private readonly Fd _directory;
    private bool _made;
    private bool _monitored;

    private ResctrlGroup(ResctrlTree tree, string name, string id, Fd directory)
    {
        _tree = tree;
        _name = name;
        _id = id;
        _directory = directory;
    }

    /// <summary>Directory of the group: the closID, or the container's id without one.</summary>
    public static string NameOf(IntelRdt rdt, string id) => rdt.ClosId.IsEmpty ? id : rdt.ClosId.ToString();

    /// <summary>
    /// Refuses what can be seen before anything is changed: no resctrl, a schema for what the machine does not have, a
    /// group that should exist and does not, or the other way round.
    /// </summary>
    /// <returns>Whether <see cref="Create"/> will make the group.</returns>
    public static bool Check([NotNull] ResctrlTree? tree, IntelRdt rdt, string id)
    {
        if (tree is null)
        {
            throw new FaultException(new Fault("the resctrl file system is not mounted")
            {
                Field = Field,
                Hint = "mount -t resctrl resctrl /sys/fs/resctrl, on a machine and kernel with resource control",
            });
        }

        CheckAllocation(tree, rdt);
        string name = NameOf(rdt, id);
        bool exists = name == "/" || tree.Has(name);
        if (exists && rdt.ClosId.IsEmpty)
        {
            throw new FaultException(new Fault($"{tree.Path}/{name} exists already")
            {
                Field = Field,
                Hint = "remove it, choose another container id, or share it by linux.intelRdt.closID",
            });
        }

        if (!exists && !rdt.ClosId.IsEmpty && Schemata.Lines(rdt).Count == 0)
        {
            throw new FaultException(new Fault($"there is no {tree.Path}/{name}, and no schema to make it with")
            {
                Field = $"{Field}.closID",
                Value = name,
                Hint = "make the group before the container, or give a schema",
            });
        }

        return !exists;
    }

    private static void CheckAllocation(ResctrlTree tree, IntelRdt rdt)
    {
        if (!rdt.L3CacheSchema.IsEmpty && !tree.HasCacheAllocation)
            throw Absent("l3CacheSchema", rdt.L3CacheSchema, "cache (CAT)");
        if (!rdt.MemBwSchema.IsEmpty && !tree.HasBandwidthAllocation)
            throw Absent("memBwSchema", rdt.MemBwSchema, "memory bandwidth (MBA)");
    }

    /// <summary>Makes or takes the group, with its schemata and monitoring. Nothing that was made is left when this fails.</summary>
    /// <exception cref="FaultException">The kernel refuses, or an existing group has other schemata.</exception>
    public static ResctrlGroup Create(ResctrlTree tree, IntelRdt rdt, string id)
    {
        string name = NameOf(rdt, id);
        bool make = Check(tree, rdt, id);
        if (make)
        {
            int result = Sys.mkdirat(Uapi.AT_FDCWD, Sys.Bytes($"{tree.Path}/{name}"), 0x1ed);
            if (result < 0 && (result != -Errno.EEXIST || rdt.ClosId.IsEmpty))
                throw Failed(tree, $"cannot make the group {tree.Path}/{name}", "mkdirat", result);
            make = result == 0;
        }

        ResctrlGroup group = new(tree, name, id, tree.Open(name)) { _made = make };
        try
        {
            if (group._directory.Number < 0)
                throw Failed(tree, $"cannot open {tree.Path}/{name}", "openat", group._directory.Number);
            group.CheckIsGroup();
            group.ApplySchemata(Schemata.Lines(rdt));
            if (rdt.EnableMonitoring)
                group.Monitor();
            return group;
        }
        catch
        {
            group.Undo();
            throw;
        }
    }

    /// <summary>Moves a process in. Its children are born there.</summary>
    public void Enter(int pid)
    {
        byte[] number = Sys.Bytes(pid.ToString());
        Write("tasks", number);

        // A monitoring group takes only tasks of its parent.
        if (_monitored)
            Write($"mon_groups/{_id}/tasks", number);
    }

    /// <summary>Removes what <see cref="Create"/> made.</summary>
    public void Undo()
    {
        Dispose();
        Remove(_tree, _name, _id, _made, _monitored);
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>Removes a container's group and monitoring group; what is gone already is fine. Tasks fall back to the root group.</summary>
    /// <param name="tree">Where resctrl is mounted.</param>
    /// <param name="name">The group, <c>/</c> for the root's.</param>
    /// <param name="id">The container, after which its monitoring group is named.</param>
    /// <param name="own">The group itself is the container's.</param>
    /// <param name="monitored">The container has a monitoring group.</param>
    /// <exception cref="FaultException">The kernel refuses.</exception>
    public static void Remove(ResctrlTree tree, string name, string id, bool own, bool monitored)
    {
        using Fd group = tree.Open(name);
        if (group.Number < 0)
            return;
        if (monitored)
            Remove(group.Number, $"mon_groups/{id}", $"{tree.Path}/{name}/mon_groups/{id}");
        if (!own || name == "/")
            return;
        using Fd root = tree.Open("/");
        Remove(root.Number, name, $"{tree.Path}/{name}");
    }

    private static void Remove(int directory, string name, string shown)
    {
        int result = Sys.unlinkat(directory, Sys.Bytes(name), Uapi.AT_REMOVEDIR);
        if (result < 0 && result != -Errno.ENOENT)
            throw new FaultException(new Fault($"cannot remove {shown}") { Field = Field, Syscall = "unlinkat", Errno = -result });
    }

    // info, mon_data and mon_groups are directories too.
    private void CheckIsGroup()
    {
        if (Sys.fstatat(_directory.Number, "tasks"u8, out _, Uapi.AT_SYMLINK_NOFOLLOW) == 0
            && Sys.fstatat(_directory.Number, "schemata"u8, out _, Uapi.AT_SYMLINK_NOFOLLOW) == 0)
            return;
        throw new FaultException(new Fault($"{_tree.Path}/{_name} is not a control group of resctrl")
        {
            Field = $"{Field}.closID",
            Value = _name,
            Hint = "choose another name",
        });
    }

    private void ApplySchemata(List<string> lines)
    {
        if (lines.Count == 0)
            return;
        if (_made)
        {
            Write("schemata", Schemata.Text(lines));
            return;
        }

        if (Schemata.Missing(lines, Encoding.UTF8.GetString(ReadSchemata()), _tree.BandwidthStep()) is { } line)
        {
            throw new FaultException(new Fault($"the existing group has other schemata than \"{line}\"")
            {
                Field = $"{Field}.closID",
                Value = _name,
                Hint = $"see {_tree.Path}/{_name}/schemata; leave the schemas out to take the group as it is",
            });
        }
    }

    private byte[] ReadSchemata() => Sys.ReadFile(_directory.Number, "schemata"u8, 1 << 20, out int errno)
        ?? throw Failed(_tree, $"cannot read {_tree.Path}/{_name}/schemata", "read", -errno);

    private void Monitor()
    {
        int result = Sys.mkdirat(_directory.Number, Sys.Bytes($"mon_groups/{_id}"), 0x1ed);
        if (result == 0)
        {
            _monitored = true;
            return;
        }

        throw new FaultException(new Fault($"cannot make the monitoring group {_tree.Path}/{_name}/mon_groups/{_id}{_tree.LastStatus()}")
        {
            Field = $"{Field}.enableMonitoring",
            Value = "true",
            Syscall = "mkdirat",
            Errno = -result,
            Hint = -result switch
            {
                Errno.ENOENT => "this machine has no resource monitoring",
                Errno.ENOSPC => "all of the machine's monitoring ids (RMID) are in use",
                Errno.EEXIST => "remove it, or choose another container id",
                _ => null,
            },
        });
    }

    // In one call: the kernel takes or refuses the whole text.
    private void Write(string file, ReadOnlySpan<byte> text)
    {
        int result = Sys.WriteFile(_directory.Number, Sys.Bytes(file), text);
        if (result < 0)
            throw Failed(_tree, $"cannot write {_tree.Path}/{_name}/{file}", "write", result);
    }

    private static FaultException Absent(string member, Utf8 schema, string what) =>
        new(new Fault($"this machine does not allocate {what}")
        {
            Field = $"{Field}.{member}",
            Value = schema.ToString(),
            Hint = "remove the schema",
        });

    private static FaultException Failed(ResctrlTree tree, string what, string call, int result) =>
        new(new Fault(what + tree.LastStatus())
        {
            Field = Field,
            Syscall = call,
            Errno = -result,
            Hint = -result switch
            {
                Errno.ENOSPC => "all of the machine's classes of service (CLOSID) are in use",
                Errno.EACCES or Errno.EPERM => "resource control needs root",
                _ => null,
            },
        });
}
