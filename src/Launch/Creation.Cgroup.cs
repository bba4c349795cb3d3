using System.Collections.Generic;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    private CgroupMount? _mount;
    private string _cgroupPath = "";
    private CgroupSettings _settings = CgroupSettings.From(null);
    private bool _limited;

    private string? CgroupPathFor()
    {
        if (_options.CgroupManager == "disabled")
            return null;
        _mount = CgroupMount.Find();
        if (_mount is null)
        {
            throw new FaultException(new Fault("no cgroup2 file system is mounted")
            {
                Field = "linux.cgroupsPath",
                Hint = "mount -t cgroup2 none /sys/fs/cgroup, or use --cgroup-manager disabled",
            });
        }

        SubgroupName("run.oci.delegate-cgroup"u8);
        if (WantsSystemd)
        {
            _cgroupPath = UnitPathFor();
            string subgroup = Subgroup();
            return _mount.Path + _cgroupPath + (subgroup.Length == 0 ? "" : "/" + subgroup);
        }

        _cgroupPath = CgroupPath.Resolve(_config.Linux?.CgroupsPath ?? default, _options.Id);
        return _mount.Path + _cgroupPath;
    }

    // A container without a cgroup may still show the hierarchy.
    private CgroupMount? FindCgroupMount()
    {
        if (_mount is null && System.Array.Exists(_config.Mounts ?? [], static mount => mount.Type.Is("cgroup"u8) || mount.Type.Is("cgroup2"u8)))
            return CgroupMount.Find();
        return _mount;
    }

    // A rootless user whose tree is not delegated runs without a cgroup, unless the config asks for one or for limits
    // (features.md RL08, RES27).
    private void MakeCgroup()
    {
        try
        {
            _cgroup = CgroupDirectory.Create(_mount!, _cgroupPath);
        }
        catch (FaultException failure)
            when (_record.Rootless && failure.Fault.Errno is Errno.EPERM or Errno.EACCES or Errno.EROFS)
        {
            CheckNeedless(failure.Fault);
            Log.Warning($"running without a cgroup: {failure.Fault.Text()}");
            _record = _record with { CgroupPath = null };
            _directory!.Save(_record);
        }
    }

    private void CheckNeedless(Fault refusal)
    {
        Spec.Utf8 path = _config.Linux?.CgroupsPath ?? default;
        CgroupSetting? limit = _settings.All.Count == 0 ? null : _settings.All[0];
        if (path.IsEmpty && limit is null)
            return;
        throw new FaultException(new Fault("rootless needs no limits + no cgrouppath when no permission is granted for cgroups")
        {
            Field = limit?.Field ?? "linux.cgroupsPath",
            Value = limit is null ? path.ToString() : limit.Value,
            Syscall = refusal.Syscall,
            Errno = refusal.Errno,
            Hint = "have the cgroup tree delegated to the user (systemd: --systemd-cgroup), or remove it",
        });
    }

    // Limits that nothing here can hold, found before anything is made.
    private List<Fault> FindMissing()
    {
        if (_settings.All.Count == 0)
            return [];
        if (_mount is not null)
            return CgroupController.Missing(_settings, _mount);
        return
        [
            new Fault("without a cgroup there are no limits")
            {
                Field = _settings.All[0].Field,
                Value = _settings.All[0].Value,
                Hint = "remove it, or do not use --cgroup-manager disabled",
            },
        ];
    }

    // When the child is set up, so that small limits hit the program and not what leads to it; before the hooks that
    // may want to change them.
    private void ApplyLimits()
    {
        if (_limited || _cgroup is null || _settings.All.Count == 0)
            return;
        _limited = true;
        _cgroup.Apply(_settings);
        if (_config.Linux!.Resources!.Memory is not null && WasKilledForMemory())
            throw new FaultException(Died());
    }

    private bool WasKilledForMemory() => _cgroup?.Read("memory.events") is { } events
        && CgroupValue.Keyed(events, "oom_kill") > 0;
}
