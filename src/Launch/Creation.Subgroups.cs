using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// Cgroups below the container's own that crun's annotations ask for: <c>run.oci.systemd.subgroup</c>, in which the
/// program runs while limits stay on the scope, and <c>run.oci.delegate-cgroup</c>, below what its cgroup namespace shows
/// as the root (crun.1; features.md AN12, AN13).
/// </summary>
internal sealed unsafe partial class Creation
{
    private CgroupDirectory? _subgroup;

    private string Subgroup() => WantsSystemd ? SubgroupName("run.oci.systemd.subgroup"u8) : "";

    // One component: nothing of another cgroup can be named.
    private string SubgroupName(ReadOnlySpan<byte> annotation)
    {
        Utf8 value = _config.Annotation(annotation);
        if (value.IsEmpty)
            return "";
        string name = value.ToString();
        if (name is not "." and not ".." && name.Length <= 255 && name.AsSpan().IndexOfAny('/', '\n', '\0') < 0
            && !name.StartsWith("cgroup.", StringComparison.Ordinal))
            return name;
        throw new FaultException(new Fault("not the name of a cgroup")
        {
            Field = $"annotations[\"{System.Text.Encoding.UTF8.GetString(annotation)}\"]",
            Value = name,
            Hint = "use one word without slashes, such as container",
        });
    }

    // Before the child makes its cgroup namespace, whose root is where it is then.
    private void EnterSubgroup()
    {
        string name = Subgroup();
        if (name.Length != 0)
            Enter(name);
    }

    // When the child is set up: its cgroup namespace exists.
    private void EnterDelegated()
    {
        if (_cgroup is null)
            return;
        string name = SubgroupName("run.oci.delegate-cgroup"u8);
        if (name.Length != 0)
            Enter(name);
        Delegate();
    }

    private void Enter(string name)
    {
        CgroupDirectory above = _subgroup ?? _cgroup!;
        _subgroup = above.MakeBelow(name);
        int result = _subgroup.Attach(_pid);

        // No process is left above.
        above.PassControllersOn();
        if (above != _cgroup)
            above.Dispose();
        if (result < 0)
        {
            throw new FaultException(new Fault($"cannot move the process into {_subgroup.Path}")
            {
                Field = "linux.cgroupsPath",
                Syscall = "write",
                Errno = -result,
                Hint = _subgroup.Obstacle(),
            });
        }

        _record = _record with { SubCgroup = _record.SubCgroup is null ? name : $"{_record.SubCgroup}/{name}" };
    }

    /// <summary>
    /// A container that has a cgroup namespace and may write to its cgroups owns them: the directory and the files that
    /// the kernel names for it, no others (features.md CG13, cgroup-v2.rst, "Model of Delegation").
    /// </summary>
    private void Delegate()
    {
        bool asked = !_config.Annotation("run.oci.delegate-cgroup"u8).IsEmpty;
        if ((!asked && !WantsSystemd) || (_plan.NewNamespaces & Uapi.CLONE_NEWCGROUP) == 0 || !HasWritableCgroups())
            return;
        uint owner = HostUid(_config.Process!.User?.Uid ?? 0);
        if (owner == Sys.geteuid())
            return;
        int directory = (_subgroup ?? _cgroup!).Directory.Number;
        ReadOnlySpan<byte> files = Sys.ReadFile(Uapi.AT_FDCWD, "/sys/kernel/cgroup/delegate"u8, 4096, out _);
        if (files.IsEmpty)
            files = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"u8;
        int result = Own(directory, "."u8, owner);
        foreach (Range line in files.Split((byte)'\n'))
        {
            if (result == 0 && !files[line].IsEmpty && !files[line].Contains((byte)'/'))
                result = Own(directory, files[line], owner);
        }

        if (result < 0 && !_record.Rootless)
        {
            throw new FaultException(new Fault("cannot give the cgroup to the container's user")
            {
                Field = "process.user.uid",
                Value = owner.ToString(),
                Syscall = "fchownat",
                Errno = -result,
            });
        }
    }

    private static int Own(int directory, ReadOnlySpan<byte> file, uint owner)
    {
        int result = Sys.fchownat(directory, file, owner, uint.MaxValue, Uapi.AT_SYMLINK_NOFOLLOW);
        return result == -Errno.ENOENT ? 0 : result;
    }

    private bool HasWritableCgroups()
    {
        foreach (Mount mount in _config.Mounts ?? [])
        {
            if (!mount.Destination.Is("/sys/fs/cgroup"u8) || !(mount.Type.Is("cgroup"u8) || mount.Type.Is("cgroup2"u8)))
                continue;
            bool writable = true;
            foreach (Utf8 option in mount.Options ?? [])
                writable = option.Is("ro"u8) ? false : option.Is("rw"u8) || writable;
            return writable;
        }

        return false;
    }

    // An id outside the maps has no owner there; the kernel refused the container's user before.
    private uint HostUid(uint uid)
    {
        foreach (IdMapping map in _config.Linux?.UidMappings ?? [])
        {
            if (uid >= map.ContainerId && uid - map.ContainerId < map.Size)
                return map.HostId + (uid - map.ContainerId);
        }

        return uid;
    }
}
