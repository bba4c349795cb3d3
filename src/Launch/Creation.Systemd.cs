using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

/// <summary>
/// The systemd driver: the child is cloned outside, and while it makes its namespaces systemd makes the scope around it.
/// </summary>
internal sealed unsafe partial class Creation
{
    // Time to take back what was started, when the error at hand may be that systemd hangs.
    private static readonly TimeSpan UndoLimit = TimeSpan.FromSeconds(3);

    private readonly SystemdProperties _unitProperties = new();
    private readonly SystemdProperties _lateProperties = new();
    private SystemdInstance? _systemd;
    private SystemdPath? _unitPath;
    private SystemdUnit? _unit;

    private bool WantsSystemd => _options.SystemdCgroup || _options.CgroupManager == "systemd";

    // Root's systemd takes no orders from others. Root of a user namespace may have one of its own, without a user bus.
    internal static SystemdInstance FindSystemd()
    {
        string? session = Environment.GetEnvironmentVariable("DBUS_SESSION_BUS_ADDRESS");
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        bool isUser = Sys.geteuid() != 0
            || (Machine.InUserNamespace && !(string.IsNullOrEmpty(session) && string.IsNullOrEmpty(runtime)));
        return isUser
            ? SystemdInstance.User(session, runtime)
            : SystemdInstance.System(Environment.GetEnvironmentVariable("DBUS_SYSTEM_BUS_ADDRESS"));
    }

    // Path below the mount. A user's systemd has to be asked where it is; the other's first process says it.
    private string UnitPathFor()
    {
        _systemd = FindSystemd();
        _unitPath = SystemdPath.Resolve(_config.Linux?.CgroupsPath ?? default, _options.Id, _systemd.IsUser);
        _unit?.Dispose();
        _unit = SystemdContainer.Unit(_systemd, _unitPath.Unit);
        new SystemdProperties().AddAnnotations(_config.Annotations);
        return (_systemd.IsUser ? _unit.ControlGroup : SystemGroup()) + _unitPath.ControlGroup;
    }

    private static string SystemGroup()
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/1/cgroup"u8, 1 << 20, out _);
        string group = table is null ? "/" : CgroupMount.OwnFrom(table);
        return group.EndsWith("/init.scope", StringComparison.Ordinal) ? group[..^"/init.scope".Length] : "";
    }

    // Before the clone: connecting, and asking for the version where it matters, need not wait for the child.
    private void PrepareUnit()
    {
        _unit!.Connect();
        bool forks = _restores is not null || _plan.Find(Op.CloneFinal) >= 0 || _config.Hooks?.CreateContainer is { Length: > 0 };
        foreach (CgroupSetting setting in _settings.All)
        {
            // What is to come must not be counted against a limit on processes.
            SystemdProperties into = forks && setting.File == "pids.max" ? _lateProperties : _unitProperties;
            into.AddLimits([(setting.File, setting.Text)], () => _unit.Version);
        }

        if (!_record.Rootless)
        {
            (_devicesLate ? _lateProperties : _unitProperties)
                .AddDevices(DeviceProgram.Allowed(_config.Linux?.Resources?.Devices, _config.Linux?.Devices));
        }

        _unitProperties.AddAnnotations(_config.Annotations);
    }

    private void StartUnit()
    {
        SystemdProperties properties = new();
        properties.AddUnit(_unitPath!, _options.Id, _pid);
        properties.Add(_unitProperties);
        _unit!.Watch = (_signals!.Number, CheckInterrupt);
        _unit.Start(properties);
    }

    // Nothing is done to the cgroup before the process is seen in it (security.md F8). When the process has ended, what
    // it says is the error to report.
    private void AwaitUnit()
    {
        Trace.Phase("systemd unit");
        try
        {
            _unit!.AwaitStart(IsInUnit);
        }
        catch (FaultException) when (HasEnded())
        {
            return;
        }

        CgroupDirectory cgroup;
        if (_unitPath!.IsSlice)
        {
            _cgroup = cgroup = CgroupDirectory.Adopt(_mount!, _cgroupPath);
            AttachToCgroup();
        }
        else if (!IsInUnit())
        {
            if (HasEnded())
                return;
            throw new FaultException(new Fault($"the container's process is not in {_cgroupPath}, where systemd was to put it")
            {
                Field = "linux.cgroupsPath",
                Value = _config.Linux?.CgroupsPath.ToString(),
                Hint = $"'systemctl status {_unitPath.Unit}' shows what became of the unit",
            });
        }
        else
        {
            _cgroup = cgroup = CgroupDirectory.Adopt(_mount!, _cgroupPath);
        }

        _record = _record with
        {
            CgroupPath = cgroup.Path,
            SystemdUnit = _unitPath.Unit,
            SystemdUser = _systemd!.IsUser,
            SystemdBus = _systemd.Address,
        };
        _directory!.Save(_record);
        EnterSubgroup();
    }

    private bool IsInUnit()
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{_pid}/cgroup"), 1 << 20, out _);
        return table is not null && CgroupMount.OwnFrom(table) == _cgroupPath;
    }

    private bool HasEnded()
    {
        // CRIU has no such socket.
        Span<pollfd> end = [new pollfd { fd = _sync?.Number ?? _pidfd!.Number, events = Uapi.POLLIN }];
        Sys.ppoll(end, 0);
        return (end[0].revents & (_sync is null ? Uapi.POLLIN : Uapi.POLLHUP)) != 0;
    }

    // The child is in its cgroup. If it has ended, its report is what comes next.
    private void GoOn()
    {
        ReadOnlySpan<byte> go = [1];
        Sys.write(_sync!.Number, go);
    }

    private void SetLateProperties()
    {
        if (_unit is not null && !_lateProperties.IsEmpty)
            _unit.Set(_lateProperties);
    }

    private void UndoUnit()
    {
        if (_unit is not { IsStarted: true })
            return;
        if (_cgroup is not null)
            CgroupDirectory.Kill(_cgroup.Path);
        _unit.Watch = (-1, null);
        _unit.Stop(UndoLimit);
        if (_cgroup is not null)
            CgroupDirectory.Remove(_cgroup.Path, UndoLimit);
    }
}
