using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>
/// Ends a container: kill, wait, cgroup, mount, resctrl group, directory, in this order. The directory is last because it is the proof
/// that something may be left, and a later <c>delete</c> goes on from there.
/// </summary>
internal static class Teardown
{
    /// <summary>Time for init to end after SIGKILL, in milliseconds (features.md D01).</summary>
    private const int ExitLimit = 10_000;

    private static readonly TimeSpan CgroupLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ThawLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan StandstillLimit = TimeSpan.FromSeconds(1);

    /// <summary>Kills init and, without a pid namespace that dies with it, all else in the cgroup; waits for init.</summary>
    /// <exception cref="FaultException"><c>container init still running</c> after ten seconds.</exception>
    public static void KillAndWait(ContainerRecord record)
    {
        Trace.Phase("kill");
        using Fd? init = Liveness.Open(record);
        if (!record.OwnPidNamespace)
            KillCgroup(record);
        if (init is null)
            return;
        int result = Sys.pidfd_send_signal(init.Number, Uapi.SIGKILL);
        if (result < 0 && result != -Errno.ESRCH)
        {
            throw new FaultException(new Fault("cannot kill the container")
            {
                Field = "container",
                Value = record.Id,
                Syscall = "pidfd_send_signal",
                Errno = -result,
            });
        }

        if (!Liveness.WaitForExit(init, ExitLimit))
        {
            throw new FaultException(new Fault("container init still running")
            {
                Field = "container",
                Value = record.Id,
                Hint = $"process {record.Pid} did not end within 10 s of SIGKILL; it may hang in the kernel",
                Code = "container-running",
            });
        }
    }

    /// <summary>Waits for an init that ends by itself, at most ten seconds; whoever calls has a failure to tell already.</summary>
    public static void AwaitExit(ContainerRecord record)
    {
        using Fd init = new(Sys.pidfd_open(record.Pid));
        if (init.Number >= 0 && Liveness.IsAlive(record))
            Liveness.WaitForExit(init, ExitLimit);
    }

    /// <summary>Removes what is left of a container whose init has ended. The caller holds the lock.</summary>
    /// <param name="directory">Its directory.</param>
    /// <param name="record">Its record; null when there is none to be trusted, then the cgroup is unknown.</param>
    /// <param name="force">Also ends what is in the cgroup although it cannot be the container's.</param>
    /// <exception cref="FaultException">The cgroup or the directory cannot be removed.</exception>
    public static void Remove(ContainerDirectory directory, ContainerRecord? record, bool force = false)
    {
        Trace.Phase("cgroup");
        bool isMissing = false;
        if (record?.CgroupPath is { } cgroup && CgroupLocation.IsContainerCgroup(cgroup, out isMissing))
        {
            if (force || !record.OwnPidNamespace)
                CgroupDirectory.Kill(cgroup);
            SystemdContainer.Stop(record);
            CgroupDirectory.Remove(cgroup, CgroupLimit);
        }
        else if (record is not null && SystemdContainer.MayBeLeft(record))
        {
            SystemdContainer.Stop(record);
        }

        // The kernel is to say it twice: nothing names a cgroup any more once the record is removed.
        if (isMissing)
            CgroupDirectory.Remove(record!.CgroupPath!, CgroupLimit, isMissing: true);

        Trace.Phase("state");
        if (record is not null)
            RootfsMount.Remove(record);
        if (record?.ResctrlGroup is { } group && ResctrlTree.Find() is { } tree)
            ResctrlGroup.Remove(tree, group, record.Id, record.ResctrlOwned, record.ResctrlMonitored);
        directory.Remove();
    }

    /// <summary>SIGKILL to every process of the container's cgroup; a missing permission is a warning.</summary>
    public static void KillCgroup(ContainerRecord record)
    {
        if (record.CgroupPath is { } cgroup && CgroupLocation.IsContainerCgroup(cgroup) && !CgroupDirectory.Kill(cgroup))
            Log.Warning($"cannot kill the processes of {cgroup}; only the container's first process is signalled");
    }

    /// <summary>Unfreezes the container's cgroup; without one, or without permission, nothing happens.</summary>
    public static void Thaw(ContainerRecord record)
    {
        using Fd? cgroup = OpenCgroup(record);
        if (cgroup is not null && CgroupDirectory.IsToFreeze(cgroup.Number))
            CgroupDirectory.Thaw(cgroup.Number, ThawLimit);
    }

    /// <summary>
    /// Sends a signal other than KILL to every process of the cgroup, and while they all stand still to init, which may
    /// be elsewhere: what forks meanwhile would be missed.
    /// </summary>
    /// <param name="record">The container.</param>
    /// <param name="signal">Number; 0 only probes.</param>
    /// <param name="init">Signals init.</param>
    public static void SignalAll(ContainerRecord record, int signal, Action init)
    {
        using Fd? cgroup = OpenCgroup(record);
        bool freezes = cgroup is not null && signal != 0 && !CgroupDirectory.IsToFreeze(cgroup.Number);
        try
        {
            if (freezes)
                CgroupDirectory.Freeze(cgroup!.Number, StandstillLimit);
            if (cgroup is not null)
                CgroupMembers.Signal(cgroup.Number, signal, except: record.Pid);
            init();
        }
        finally
        {
            if (freezes)
                CgroupDirectory.Thaw(cgroup!.Number, ThawLimit);
        }
    }

    // Null when there is none any more, or the path is not one that create can have written.
    private static Fd? OpenCgroup(ContainerRecord record)
    {
        if (record.CgroupPath is not { } path || !CgroupLocation.IsContainerCgroup(path))
            return null;
        Fd directory = CgroupDirectory.OpenDirectory(path);
        return directory.Number >= 0 ? directory : null;
    }
}
