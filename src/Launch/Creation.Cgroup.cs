using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Launch;

internal sealed unsafe partial class Creation
{
    private CgroupMount? _mount;
    private string _cgroupPath = "";

    private string? CgroupPathFor()
    {
        if (_options.CgroupManager == "disabled")
            return null;
        if (_options.SystemdCgroup || _options.CgroupManager == "systemd")
        {
            throw new FaultException(new Fault("the systemd cgroup driver is not part of this version")
            {
                Field = _options.SystemdCgroup ? "--systemd-cgroup" : "--cgroup-manager",
                Hint = "use the cgroupfs driver",
                Code = "unsupported-field",
            });
        }

        _mount = CgroupMount.Find();
        if (_mount is null)
        {
            throw new FaultException(new Fault("no cgroup2 file system is mounted")
            {
                Field = "linux.cgroupsPath",
                Hint = "mount -t cgroup2 none /sys/fs/cgroup, or use --cgroup-manager disabled",
            });
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

    // A rootless user whose tree is not delegated runs without a cgroup, unless the config asks for one (features.md RL08).
    private void MakeCgroup()
    {
        try
        {
            _cgroup = CgroupDirectory.Create(_mount!, _cgroupPath);
        }
        catch (FaultException failure)
            when (_record.Rootless && failure.Fault.Errno is Errno.EPERM or Errno.EACCES or Errno.EROFS
                && (_config.Linux?.CgroupsPath ?? default).IsEmpty)
        {
            Log.Warning($"running without a cgroup: {failure.Fault.Text()}");
            _record = _record with { CgroupPath = null };
            _directory!.Save(_record);
        }
    }
}
