using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>A namespace that the process joins: the parent opens the file before the clone.</summary>
internal readonly record struct JoinedNamespace(int Slot, ulong Flag, Utf8 Path, string Field);

internal sealed unsafe partial class Planner
{
    /// <summary>CLONE_NEW* flag of a namespace type of config.json, 0 for an unknown one.</summary>
    public static ulong NamespaceFlag(ReadOnlySpan<byte> type) => type switch
    {
        _ when type.SequenceEqual("pid"u8) => Uapi.CLONE_NEWPID,
        _ when type.SequenceEqual("network"u8) => Uapi.CLONE_NEWNET,
        _ when type.SequenceEqual("mount"u8) => Uapi.CLONE_NEWNS,
        _ when type.SequenceEqual("ipc"u8) => Uapi.CLONE_NEWIPC,
        _ when type.SequenceEqual("uts"u8) => Uapi.CLONE_NEWUTS,
        _ when type.SequenceEqual("user"u8) => Uapi.CLONE_NEWUSER,
        _ when type.SequenceEqual("cgroup"u8) => Uapi.CLONE_NEWCGROUP,
        _ when type.SequenceEqual("time"u8) => Uapi.CLONE_NEWTIME,
        _ => 0,
    };

    /// <summary>Type of config.json for one CLONE_NEW* flag.</summary>
    public static string NamespaceName(ulong flag) => flag switch
    {
        Uapi.CLONE_NEWPID => "pid",
        Uapi.CLONE_NEWNET => "network",
        Uapi.CLONE_NEWNS => "mount",
        Uapi.CLONE_NEWIPC => "ipc",
        Uapi.CLONE_NEWUTS => "uts",
        Uapi.CLONE_NEWUSER => "user",
        Uapi.CLONE_NEWCGROUP => "cgroup",
        _ => "time",
    };

    private bool Joins(ReadOnlySpan<byte> type)
    {
        ulong flag = NamespaceFlag(type);
        foreach (JoinedNamespace joined in _plan.Joined)
        {
            if (joined.Flag == flag)
                return true;
        }

        return false;
    }

    private bool HasUserNamespace => (_plan.NewNamespaces & Uapi.CLONE_NEWUSER) != 0 || Joins("user"u8);

    private bool HasMountNamespace => (_plan.NewNamespaces & Uapi.CLONE_NEWNS) != 0 || Joins("mount"u8);

    private void Namespaces()
    {
        Namespace[] list = _linux.Namespaces ?? [];
        for (int i = 0; i < list.Length; i++)
        {
            string field = $"linux.namespaces[{i}]";
            ulong flag = NamespaceFlag(list[i].Type.Span);
            if (flag == 0)
                throw new FaultException(new Fault("unknown namespace type") { Field = $"{field}.type", Value = list[i].Type.ToString() });
            if (list[i].Path.IsEmpty)
                _plan.NewNamespaces |= flag;
            else
                _plan.Joined.Add(new JoinedNamespace(_plan.NewSlot(), flag, list[i].Path, $"{field}.path"));
        }

        bool joinsUser = Joins("user"u8);
        bool joinsPid = Joins("pid"u8);
        ulong fresh = _plan.NewNamespaces;

        // A new user namespace must exist before the pid namespace that it shall own, and a pid namespace only holds
        // processes that are cloned into it; where the user namespace is joined, both wait for the second clone.
        bool timeByFork = (fresh & Uapi.CLONE_NEWTIME) != 0 && !_request.TimeNamespaceOnExec;
        bool freshUser = (fresh & Uapi.CLONE_NEWUSER) != 0;

        // Root joins the others with its own rights over them, which a user namespace of the container's lacks.
        bool lateUser = freshUser && _request.Privileged && _plan.Joined.Count > 0;
        bool second = lateUser || joinsPid || timeByFork || (joinsUser && (fresh & Uapi.CLONE_NEWPID) != 0);
        ulong first = (lateUser ? 0 : Uapi.CLONE_NEWUSER) | (second ? 0 : Uapi.CLONE_NEWPID);
        _plan.CloneFlags = fresh & first;
        OpenTimeOffsets();
        if (freshUser && !lateUser)
            BecomeNamespaceRoot();

        // Others may live in a namespace that is joined: they must not trace this process or look into its descriptors.
        if (_plan.Joined.Count > 0)
            _plan.Add(Op.NotDumpable);
        JoinAll(joinsUser);
        ulong unshare = fresh & ~(Uapi.CLONE_NEWUSER | Uapi.CLONE_NEWPID);
        bool freshTime = (fresh & Uapi.CLONE_NEWTIME) != 0;
        bool lateTime = freshTime && lateUser && !timeByFork;
        if (freshTime && !lateTime)
            TimeNamespace();
        unshare &= ~Uapi.CLONE_NEWTIME;
        if (second)
            _plan.Add(Op.CloneFinal, "linux.namespaces", flags: (long)(fresh & ~first & (Uapi.CLONE_NEWPID | Uapi.CLONE_NEWUSER)));
        if (lateUser)
        {
            _plan.MapsFinal = true;
            _plan.Add(Op.WaitForParent, number: 1);
            BecomeNamespaceRoot();
        }

        if (lateTime)
            TimeNamespace();

        // The cgroup namespace's root is the cgroup the process is in by now (CLONE_INTO_CGROUP). Where that takes its
        // time, the others are made meanwhile; a second process inherits its cgroup from the first, which waited before.
        if (_request.CgroupComesLate && !second)
        {
            ulong others = unshare & ~Uapi.CLONE_NEWCGROUP;
            if (others != 0)
                _plan.Add(Op.Unshare, "linux.namespaces", flags: (long)others);
            _plan.CgroupIsLate = true;
            _plan.Add(Op.WaitForParent, number: 1);
            unshare &= Uapi.CLONE_NEWCGROUP;
        }

        if (unshare != 0)
            _plan.Add(Op.Unshare, "linux.namespaces", flags: (long)unshare);
        if (_plan.Joined.Count == 0)
            _plan.Add(Op.NotDumpable);
    }

    private void BecomeNamespaceRoot()
    {
        bool clears = _request.Privileged && !KeepsGroups;
        _plan.Add(Op.BecomeNamespaceRoot, "linux.uidMappings", number: _request.InUserNamespace ? 1 : 0, flags: clears ? 1 : 0);
    }

    private void TimeNamespace()
    {
        _plan.Add(Op.Unshare, "linux.namespaces", flags: (long)Uapi.CLONE_NEWTIME);
        TimeOffsets();
    }

    // The others first, with the rights over them that the runtime has now; then the user namespace, and then nothing
    // of the host's is needed any more. Without privileges it is the user namespace that gives the rights.
    private void JoinAll(bool joinsUser)
    {
        if (!_request.Privileged)
            JoinUser(joinsUser);
        foreach (JoinedNamespace joined in _plan.Joined)
        {
            if (joined.Flag != Uapi.CLONE_NEWUSER)
                _plan.Add(Op.JoinNamespace, joined.Field, joined.Slot, flags: (long)joined.Flag);
        }

        if (_request.Privileged)
            JoinUser(joinsUser);
    }

    private void JoinUser(bool joinsUser)
    {
        if (!joinsUser)
            return;
        foreach (JoinedNamespace joined in _plan.Joined)
        {
            if (joined.Flag == Uapi.CLONE_NEWUSER)
                _plan.Add(Op.JoinNamespace, joined.Field, joined.Slot, flags: (long)joined.Flag);
        }

        _plan.Add(Op.BecomeNamespaceRoot, "linux.namespaces", flags: 0);
    }

    private void Keyring()
    {
        if (_request.NoNewKeyring)
            return;

        // A key has the label that is set when it is made.
        KeyringLabel();
        SessionKeyring();
    }

    private void SessionKeyring()
    {
        if (_request.NoNewKeyring)
            return;
        const long searchByUser = 0x80000;
        const long searchByOthers = 0x8;
        _plan.Add(new Step
        {
            Op = Op.SessionKeyring,
            Field = _plan.Field(null),
            Slot = Slot.None,
            Text = Arena.Text(Sys.Bytes("_ses." + _request.Id)),
            Flags = HasUserNamespace ? searchByOthers : searchByUser,
        });
    }

    private void Hostname() => Name(Op.Hostname, "hostname", _config.Hostname);

    private void Domainname() => Name(Op.Domainname, "domainname", _config.Domainname);

    private void Name(Op op, string field, Utf8 name)
    {
        if (name.IsEmpty)
            return;
        if ((_plan.NewNamespaces & Uapi.CLONE_NEWUTS) == 0 && !Joins("uts"u8))
        {
            throw new FaultException(new Fault("unable to set it without a private UTS namespace")
            {
                Field = field,
                Value = name.ToString(),
                Hint = "add {\"type\": \"uts\"} to linux.namespaces",
            });
        }

        _plan.Add(new Step
        {
            Op = op,
            Field = _plan.Field(field),
            Slot = Slot.None,
            Text = Arena.Text(name),
            Number = name.Length,
        });
    }

    // A joined network namespace is its owner's business.
    private void Loopback()
    {
        if ((_plan.NewNamespaces & Uapi.CLONE_NEWNET) != 0)
            _plan.Add(Op.Loopback, "linux.namespaces");
    }
}
