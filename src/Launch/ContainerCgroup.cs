using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>The cgroup of a container, for the verbs that cannot do without.</summary>
internal static class ContainerCgroup
{
    /// <summary>Its descriptor, beneath which its files are opened.</summary>
    /// <exception cref="FaultException">The container has none, or what is recorded is no container's cgroup.</exception>
    public static Fd Open(ContainerRecord record)
    {
        if (record.CgroupPath is not { } path)
        {
            throw Failed(record.Id, new Fault("the container has no cgroup")
            {
                Hint = record.Rootless
                    ? "delegate a cgroup to the user, e.g. by 'systemctl --user', and create the container again"
                    : "create it without --cgroup-manager disabled",
                Code = "no-cgroup",
            });
        }

        int result = -Errno.EINVAL;
        if (CgroupLocation.IsContainerCgroup(path))
        {
            Fd directory = CgroupDirectory.OpenDirectory(path);
            if (directory.Number >= 0)
                return directory;
            result = directory.Number;
        }

        throw Failed(record.Id, new Fault($"its cgroup {path} cannot be opened")
        {
            Syscall = result == -Errno.EINVAL ? null : "openat2",
            Errno = result == -Errno.EINVAL ? 0 : -result,
            Hint = "it is gone, or not visible from here: the same cgroup2 file system must be mounted as at create",
            Code = "no-cgroup",
        });
    }

    /// <summary>The same for who changes it or puts processes into it.</summary>
    /// <exception cref="FaultException">As of <see cref="Open"/>.</exception>
    public static CgroupDirectory OpenDirectory(ContainerRecord record)
    {
        Fd directory = Open(record);
        return new CgroupDirectory(record.CgroupPath!, directory);
    }

    /// <summary>
    /// Where the container's first process is now; null when that is no cgroup of its own or is <paramref name="but"/>.
    /// </summary>
    public static CgroupDirectory? OfInit(ContainerRecord record, string? but)
    {
        CgroupMount? mount = CgroupMount.Find();
        string? path = mount is null ? null : CgroupDirectory.Of(record.Pid, mount);
        if (path is null || path == but)
            return null;
        Fd directory = CgroupDirectory.OpenDirectory(path);
        return directory.Number < 0 ? null : new CgroupDirectory(path, directory);
    }

    /// <summary>Whether the recorded cgroup is gone: the first process was moved elsewhere.</summary>
    public static bool IsGone(ContainerRecord record)
    {
        using Fd directory = CgroupDirectory.OpenDirectory(record.CgroupPath!);
        return directory.Number == -Errno.ENOENT;
    }

    /// <summary>A failure that concerns a container.</summary>
    public static FaultException Failed(string id, Fault fault) => new(fault with { Field = "container", Value = id });
}
