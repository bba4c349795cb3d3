using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private IdentityStep* _identity;

    private void WorkingDirectory()
    {
        Utf8 cwd = _config.Process!.Cwd;
        if (cwd.IsEmpty)
            throw new FaultException(new Fault("Cwd property must not be empty") { Field = "process.cwd" });
        if (!cwd.StartsWith("/"u8))
            throw new FaultException(new Fault("Cwd must be an absolute path") { Field = "process.cwd", Value = cwd.ToString() });
        Step step = TextStep(Op.WorkingDirectory, Paths.InRoot(cwd).Span, $"process.cwd \"{cwd}\"");
        step.Number = _isExec ? 1 : 0;
        _plan.Add(step);
    }

    private void Identity()
    {
        Process process = _config.Process!;
        User user = process.User ?? new User();
        uint[] groups = user.AdditionalGids ?? [];
        _identity = Arena.Make<IdentityStep>();
        *_identity = new IdentityStep
        {
            Uid = user.Uid,
            Gid = user.Gid,
            Groups = Arena.Array<uint>(groups.Length),
            GroupCount = groups.Length,
            SetGroups = !KeepsGroups && MaySetGroups(groups) ? (byte)1 : (byte)0,
            MayDenyGroups = Joins("user"u8) || _request.InUserNamespace || (_request.Join & Uapi.CLONE_NEWUSER) != 0 ? (byte)1 : (byte)0,
            NoNewPrivileges = process.NoNewPrivileges ? (byte)1 : (byte)0,
            HasAmbient = process.Capabilities is not null ? (byte)1 : (byte)0,
            LastCapability = _request.LastCapability,
        };
        for (int i = 0; i < groups.Length; i++)
            _identity->Groups[i] = groups[i];
        if (process.Capabilities is null)
            _plan.Warnings.Add("process.capabilities: none are given, so root keeps what the runtime has; an empty object drops all");
        if (groups.Length > 0 && KeepsGroups)
            _plan.Warnings.Add("process.user.additionalGids: not set, because the annotation run.oci.keep_original_groups keeps the caller's groups");
        bool sets = CapabilitySets(process, user);
        bool early = !FilterNeedsAdmin;
        if (process.NoNewPrivileges)
            _plan.Add(Op.NoNewPrivileges, "process.noNewPrivileges");

        // Dropping from the bounding set needs CAP_SETPCAP, which the id change below takes away.
        if (process.Capabilities is not null)
            Identity(Op.DropBounding, "process.capabilities.bounding");
        _plan.Add(Op.OwnStdio, "process.user.uid", flags: user.Uid);
        Identity(Op.SetIds, "process.user", sets);
        if (sets)
            Identity(Op.SetCapabilities, "process.capabilities", !early);

        // Ambient ones fall when the permitted set changes, so they come after the last change.
        if (early && process.Capabilities is not null)
            Identity(Op.RaiseAmbient, "process.capabilities.ambient");
        Identity(Op.VerifyIdentity, "process.user", !early);
        Step verify = TextStep(Op.VerifyWorkingDirectory, Paths.InRoot(process.Cwd).Span, $"process.cwd \"{process.Cwd}\"");
        verify.Number = _isExec ? 1 : 0;
        _plan.Add(verify);
    }

    private void Identity(Op op, string field, bool flag = false) => _plan.Add(new Step
    {
        Op = op,
        Field = _plan.Field(field),
        Slot = Slot.None,
        Data = _identity,
        Flags = flag ? 1 : 0,
    });

    // The caller's groups stay, as Podman asks for with --group-add keep-groups (crun(1)).
    private bool KeepsGroups
    {
        get
        {
            foreach (Pair pair in _config.Annotations ?? [])
            {
                if (pair.Key.Is("run.oci.keep_original_groups"u8))
                    return pair.Value.Is("1"u8);
            }

            return false;
        }
    }

    // An unprivileged user maps a single gid only after setgroups was denied for good (user_namespaces(7)).
    private bool MaySetGroups(uint[] groups)
    {
        bool denied = !_request.Privileged && (_plan.NewNamespaces & Uapi.CLONE_NEWUSER) != 0
            && _linux.GidMappings is { Length: 1 } single && single[0].Size == 1 && single[0].HostId == _request.Egid;
        if (denied && groups.Length > 0)
        {
            throw new FaultException(new Fault("cannot set any additional groups in a rootless container")
            {
                Field = "process.user.additionalGids",
                Hint = "map more gids (newgidmap and /etc/subgid), or remove the groups",
            });
        }

        return !denied;
    }

    // Without capabilities in the config the kernel's own rules decide: root keeps all, another user has none.
    private bool CapabilitySets(Process process, User user)
    {
        ulong temporary = FilterNeedsAdmin ? 1UL << Uapi.CAP_SYS_ADMIN : 0;
        if (process.Capabilities is Capabilities config)
        {
            _identity->Bounding = Mask(config.Bounding);
            _identity->Effective = Mask(config.Effective);
            _identity->Permitted = Mask(config.Permitted);
            _identity->Inheritable = Mask(config.Inheritable);
            _identity->Ambient = Mask(config.Ambient);
            _identity->SetCapabilities = 1;
            _identity->Temporary = temporary;
            return true;
        }

        if (temporary == 0 || user.Uid == 0)
            return false;
        _identity->SetCapabilities = 1;
        _identity->Temporary = temporary;
        return true;
    }

    // Unknown names and those beyond the kernel's last are ignored with a warning (config.md, "capabilities").
    private ulong Mask(Utf8[]? names)
    {
        ulong mask = 0;
        foreach (Utf8 name in names ?? [])
        {
            int number = Capability.Number(name.Span);
            if (number >= 0 && number <= _request.LastCapability)
                mask |= 1UL << number;
            else
                _plan.Warnings.Add($"process.capabilities: ignoring unknown or unavailable capability \"{name}\"");
        }

        return mask;
    }

    private void Executable()
    {
        Process process = _config.Process!;
        Utf8[] args = process.Args ?? [];
        if (args.Length == 0)
            throw new FaultException(new Fault("args must not be empty") { Field = "process.args" });
        ExecuteStep* e = Arena.Make<ExecuteStep>();
        List<Utf8> env = Environment(process, out Utf8 path, out int home);
        *e = new ExecuteStep
        {
            Argv = Arena.Vector(args),
            Envp = Arena.Vector(env),
            SearchPath = path.IsNull ? null : Arena.Text(path),
            Found = Arena.Allocate(4096 + 16),
        };
        if (home >= 0)
        {
            byte* value = Arena.Allocate(4096 + 16);
            "HOME=/\0"u8.CopyTo(new Span<byte>(value, 16));
            e->Envp[home] = value;
            _plan.Add(new Step { Op = Op.Home, Field = _plan.Field("process.env"), Slot = Slot.None, Text = value, Flags = process.User?.Uid ?? 0 });
        }

        if (_listenPid >= 0)
        {
            _listenPidText = Arena.Allocate(32);
            "LISTEN_PID=1\0"u8.CopyTo(new Span<byte>(_listenPidText, 32));
            e->Envp[_listenPid] = _listenPidText;
        }

        _execute = new Step { Field = _plan.Field($"process.args[0] \"{args[0]}\""), Slot = Slot.None, Data = e };
        _plan.Add(_execute with { Op = Op.FindExecutable });
    }

    private Step _execute;
    private int _listenPid = -1;
    private byte* _listenPidText;

    // By the process that becomes the program: what an exec does before its last clone has another pid.
    private void ListenPid()
    {
        if (_listenPid >= 0)
            _plan.Add(new Step { Op = Op.ListenPid, Field = _plan.Field("process.env"), Slot = Slot.None, Text = _listenPidText + "LISTEN_PID="u8.Length });
    }

    // The last of equal names wins and keeps its place; HOME is added when missing or empty.
    private List<Utf8> Environment(Process process, out Utf8 path, out int home)
    {
        Utf8[] given = process.Env ?? [];
        List<Utf8> result = new(given.Length + 2);
        path = default;
        bool hasHome = false;
        for (int i = 0; i < given.Length; i++)
        {
            int equals = given[i].IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw new FaultException(new Fault(equals == 0 ? "empty variable name" : "a variable needs the form NAME=value")
                {
                    Field = $"process.env[{i}]",
                    Value = given[i].ToString(),
                });
            }

            if (IsRepeated(given, i, given[i].Span[..(equals + 1)]))
                continue;
            bool isHome = given[i].StartsWith("HOME="u8);
            if (isHome && given[i].Length == 5)
                continue;
            hasHome |= isHome;
            if (given[i].StartsWith("PATH="u8))
                path = given[i].Slice(5);
            if (_request.ListenFds > 0 && (given[i].StartsWith("LISTEN_FDS="u8) || given[i].StartsWith("LISTEN_PID="u8)))
                continue;
            result.Add(given[i]);
        }

        if (_request.ListenFds > 0)
        {
            result.Add($"LISTEN_FDS={_request.ListenFds}");
            _listenPid = result.Count;
            result.Add("LISTEN_PID=1");
        }

        home = hasHome ? -1 : result.Count;
        if (!hasHome)
            result.Add("HOME=/");
        return result;
    }

    private static bool IsRepeated(Utf8[] env, int index, ReadOnlySpan<byte> name)
    {
        for (int i = index + 1; i < env.Length; i++)
        {
            if (env[i].StartsWith(name))
                return true;
        }

        return false;
    }
}
