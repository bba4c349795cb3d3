using System;
using System.Collections.Generic;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;
using OciRun.Validate;

namespace OciRun.Launch;

/// <summary>
/// The parent half of create and run: reads and plans, reserves state and cgroup, clones, does what the child cannot,
/// and waits until it stands at the gate. Disposing before <see cref="Commit"/> leaves nothing behind.
/// </summary>
internal sealed unsafe partial class Creation : Offspring
{
    private readonly LaunchOptions _options;
    private readonly bool _detached;
    private readonly bool _waitsAtGate;
    private ContainerRecord _record;
    private StateRoot? _root;
    private ContainerDirectory? _directory;
    private CgroupDirectory? _cgroup;
    private bool _committed;
    private PlanRequest? _request;

    /// <param name="options">The command's flags.</param>
    /// <param name="waitsAtGate">True for <c>create</c>: the process waits for <c>start</c>, not for this one.</param>
    /// <param name="restores">What <c>restore</c> was asked to do; null for a new container.</param>
    public Creation(LaunchOptions options, bool waitsAtGate, CriuFlags? restores = null)
    {
        _options = options;
        _restores = restores;
        _waitsAtGate = waitsAtGate;
        _detached = waitsAtGate || options.Detach;
        _record = new ContainerRecord { Id = options.Id, Bundle = options.Bundle, Rootfs = "", Created = Log.Timestamp() };
    }

    public Config Config => _config;

    public ContainerRecord Record => _record;

    public ContainerDirectory Directory => _directory!;

    /// <summary>The steps, once they are made.</summary>
    public ContainerPlan Plan => _plan;

    /// <summary>Everything that can be refused without changing the system.</summary>
    public void Prepare()
    {
        Inherited.Hold(_options.PreserveFds, strict: true);
        MakePlan();
        Inherited.Settle(counted: Sets(_config.Process, "LISTEN_FDS="u8));
        CheckResctrl();
    }

    /// <summary>Reads and checks the config and plans the steps. Changes nothing.</summary>
    public void MakePlan()
    {
        Trace.Phase("config");
        _configBytes = ReadBytes();
        _config = ConfigReader.Read(_configBytes, _options.ConfigFile);
        if (NotifySocket.Host is not null)
            NotifySocket.AddTo(_config, StateRoot.DirectoryOf(_options.Root, _options.Id));
        Trace.Phase("validation");
        CheckTerminal(_config.Process?.Terminal ?? false, _detached, _options.ConsoleSocket);
        List<Fault> findings = Validator.Check(_config, Facts(_config, _options.Layers));
        if (findings.Count > 0)
            throw new FaultException(findings[0]);
        _settings = CgroupSettings.Checked(_config.Linux?.Resources);
        Trace.Phase("plan");
        MakeSteps();
        if (FindMissing() is [var missing, ..])
            throw new FaultException(missing);
        CheckUpper();
        foreach (string warning in _plan.Warnings)
            Log.Warning(warning);
    }

    // Of a config that the rules find nothing in.
    private void MakeSteps()
    {
        ApplySeccompAnnotations();
        _devices = Filters.DeviceProgram.Compile(_config.Linux?.Resources?.Devices, _config.Linux?.Devices);
        _devicesLate = _restores is not null || RulesHinderSetup();
        _layers = RootLayers.Read(_config, _options.Layers, []);
        string rootfs = _layers is null ? FindRootfs() : FindMountPoint();
        string? cgroup = CgroupPathFor();
        _request = new PlanRequest
        {
            Config = _config,
            Bundle = _options.Bundle,
            Rootfs = rootfs,
            Layers = _layers,
            Id = _options.Id,
            Environment = HookEnvironment(),
            NoPivot = _options.NoPivot,
            NoNewKeyring = _options.NoNewKeyring,
            ListenFds = Inherited.ListenFds,
            Privileged = IsPrivileged,
            Egid = Sys.getegid(),
            InUserNamespace = Machine.InUserNamespace,
            LastCapability = Machine.LastCapability,
            HasKcore = Machine.HasKcore,
            TimeNamespaceOnExec = Machine.KernelVersion >= new Version(6, 1),
            CgroupPath = cgroup,
            CgroupMount = FindCgroupMount()?.Path,
            CgroupComesLate = _unit is not null && IsPrivileged && !Machine.InUserNamespace,
            Rootless = Machine.IsRootlessCgroup(_options.Rootless),
            ConfinedByAppArmor = _config.Process is { NoNewPrivileges: true, ApparmorProfile.IsEmpty: false } && Machine.ConfinedByAppArmor,
        };
        _plan = Planner.Make(_request);
        _record = _record with
        {
            OciVersion = _config.OciVersion.ToString(),
            Rootfs = _layers is null ? rootfs : LayersRootfs(rootfs),
            Annotations = _config.Annotations,
            Owner = Sys.geteuid(),

            // systemd's is recorded once the process is seen in it: who acts on the record must not meet another's.
            CgroupPath = WantsSystemd ? null : cgroup,
            SystemdCgroup = WantsSystemd && cgroup is not null,
            OwnPidNamespace = (_plan.NewNamespaces & Uapi.CLONE_NEWPID) != 0,
            Rootless = Machine.IsRootlessCgroup(_options.Rootless),
            NoNewKeyring = _options.NoNewKeyring,
            Layers = _layers is not null,
        };
    }

    /// <summary>Takes the id and the cgroup. From here on something may be left, so a record says so first.</summary>
    public void Reserve()
    {
        Trace.Phase("state");
        _root = StateRoot.Open(_options.Root, mustExist: false);
        _directory = _root.Reserve(_options.Id);
        _reserved = true;
        _directory.Save(_record);
        if (_restores is not null)
            _directory.SaveConfig(_configBytes);
        if (_config.Hooks is { } hooks && (hooks.Poststart is { Length: > 0 } || hooks.Poststop is { Length: > 0 }))
            _directory.SaveHooks(hooks);
        if (NotifySocket.Host is not null)
            NotifySocket.MakeDirectory(_directory);
        if (_record.CgroupPath is not null || _unit is not null)
            Trace.Phase("cgroup");
        if (_unit is not null)
            PrepareUnit();
        else if (_record.CgroupPath is not null)
            MakeCgroup();
        MakeResctrl();
        if (_plan.MountsRootfs)
            MountRootfs();
    }

    // Recorded before it is made: a `delete` after a kill at any moment finds it.
    private void MountRootfs()
    {
        Trace.Phase("rootfs mount");
        using Fd tree = RootfsMount.Clone(_record.Rootfs);
        _record = _record with { RootfsMount = Sys.MountId(tree.Number) };
        _directory!.Save(_record);
        RootfsMount.Attach(tree, _record.Rootfs);
    }

    /// <summary>
    /// Lets the process go to its gate, where it does not need this one any more. The container is the user's after
    /// <see cref="Release"/>: until then whatever fails takes it back.
    /// </summary>
    public void Commit()
    {
        Trace.Phase("record");
        _directory!.Save(_record);
        Go();
    }

    /// <summary>Hands the process's pidfd to who asked for it, by option or by crun's annotation.</summary>
    public void SendPidfd()
    {
        if (_options.PidfdSocket is not null)
            PidfdSocket.Send("--pidfd-socket", _options.PidfdSocket, Pidfd.Number, "standard"u8);
        Utf8 receiver = _config.Annotation("run.oci.pidfd_receiver"u8);
        if (!receiver.IsEmpty)
            PidfdSocket.Send("annotations[\"run.oci.pidfd_receiver\"]", receiver.ToString(), Pidfd.Number, "standard"u8);
    }

    /// <summary>The container stands: state is saved already, and failures from here on are not the creation's.</summary>
    public void Release()
    {
        _committed = true;

        // A namespace that is held would keep its interfaces after the container's end.
        _network?.Dispose();

        // The number of connections to a bus is limited, and the container may live long.
        _unit?.Dispose();
        _directory!.Unlock();
    }

    public override void Dispose()
    {
        if (!_committed)
            Undo();
        _cgroup?.Dispose();
        _subgroup?.Dispose();
        _unit?.Dispose();
        _network?.Dispose();
        _resctrl?.Dispose();
        _directory?.Dispose();
        _root?.Dispose();
        base.Dispose();
    }

    private byte[] _configBytes = [];
    private bool _reserved;
    private byte[] _devices = [];
    private bool _devicesLate;

    private static bool IsPrivileged => Sys.geteuid() == 0;

    // The error that led here is the one to report; what cannot be removed keeps its directory, so that `delete` finds it.
    private void Undo()
    {
        EndContainerHooks();
        KillChild();
        _network?.Return();
        try
        {
            UndoUnit();
            _cgroup?.Undo();
            _resctrl?.Undo();
            RootfsMount.Remove(_record);
            if (_reserved)
                _directory!.Remove();
            if (_began)
                RuntimeHooks.Poststop(_config.Hooks, _record);
        }
        catch (FaultException failure)
        {
            Log.Warning(failure.Fault.Text());
        }
    }

    private byte[] ReadBytes()
    {
        string path = $"{_options.Bundle}/{_options.ConfigFile}";
        byte[]? json = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(path), ConfigReader.MaximumSize, out int errno);
        if (json is not null)
            return json;
        throw new FaultException(new Fault(errno == Errno.ENOENT
            ? $"JSON specification file {_options.ConfigFile} not found"
            : $"cannot read {_options.ConfigFile}")
        {
            Field = "--bundle",
            Value = _options.Bundle,
            Syscall = "openat",
            Errno = errno,
            Hint = errno == Errno.ENOENT ? "make one with 'ocirun spec', or name the bundle with --bundle" : null,
        });
    }

    // Resolved once: a link on the way that changes later cannot move the root.
    private string FindRootfs()
    {
        Utf8 path = Paths.Below(_options.Bundle, _config.Root!.Path);
        using Fd root = new(Sys.openat(Uapi.AT_FDCWD, path.Span, Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));
        Span<byte> resolved = stackalloc byte[4096];
        int length = root.Number < 0
            ? root.Number
            : Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{root.Number}"), resolved);
        if (length > 0)
            return System.Text.Encoding.UTF8.GetString(resolved[..length]);
        bool link = length == -Errno.ENOTDIR && Sys.fstatat(Uapi.AT_FDCWD, path.Span, out stat st, Uapi.AT_SYMLINK_NOFOLLOW) == 0
            && (st.st_mode & Uapi.S_IFMT) == Uapi.S_IFLNK;
        throw new FaultException(new Fault(link ? "invalid rootfs: not an absolute path, or a symlink" : $"invalid rootfs: \"{path}\"")
        {
            Field = "root.path",
            Value = _config.Root.Path.ToString(),
            Syscall = "openat",
            Errno = -length,
            Hint = "it must be an existing directory, absolute or relative to the bundle",
        });
    }
}
