using OciRun.Kernel;

namespace OciRun.State;

/// <summary>features.md 1.5; the lower-case names are the runtime-spec's, <c>paused</c> is the customary addition.</summary>
internal enum ContainerStatus
{
    Creating,
    Created,
    Running,
    Paused,
    Stopped,
}

/// <summary>Derives the status; no file says it (features.md DS03, security.md R-024).</summary>
internal static class Status
{
    /// <summary>
    /// Name of the socket at which a created init waits for <c>start</c>, which unlinks it. It has to exist before a
    /// record with init's pid is saved, or the container would count as running.
    /// </summary>
    public static System.ReadOnlySpan<byte> Gate => "gate.sock"u8;

    /// <summary>The word of the OCI state.</summary>
    public static string Name(ContainerStatus status) => status switch
    {
        ContainerStatus.Creating => "creating",
        ContainerStatus.Created => "created",
        ContainerStatus.Running => "running",
        ContainerStatus.Paused => "paused",
        _ => "stopped",
    };

    /// <summary>Status of the container at this moment.</summary>
    public static ContainerStatus Of(ContainerDirectory directory, ContainerRecord record) =>
        Of(directory, record, record.Pid != 0 && Liveness.IsAlive(record));

    /// <summary>Status of a container of whose first process one knows whether it lives.</summary>
    public static ContainerStatus Of(ContainerDirectory directory, ContainerRecord record, bool isAlive)
    {
        if (record.Pid == 0)
            return directory.IsLockedByAnother() ? ContainerStatus.Creating : ContainerStatus.Stopped;
        if (!isAlive)
            return ContainerStatus.Stopped;
        if (record.CgroupPath is not null && IsFrozen(record.CgroupPath))
            return ContainerStatus.Paused;
        return Sys.fstatat(directory.Number, Gate, out _, Uapi.AT_SYMLINK_NOFOLLOW) == 0 && !HasBegun(record)
            ? ContainerStatus.Created
            : ContainerStatus.Running;
    }

    // A `start` that was killed after it had connected has left the socket there.
    private static bool HasBegun(ContainerRecord record) => ProcStat.TryRead(record.Pid, out ProcStat stat) && stat.HasExecuted;

    // cgroup-v2.rst: cgroup.freeze holds what was asked for, "0" or "1"; Linux 5.2.
    private static bool IsFrozen(string cgroup)
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(cgroup + "/cgroup.freeze"), Uapi.O_RDONLY | Uapi.O_NONBLOCK);
        if (fd < 0)
            return false;
        System.Span<byte> value = stackalloc byte[4];
        long length = Sys.read(fd, value);
        Sys.close(fd);
        return length > 0 && value[0] == (byte)'1';
    }
}
