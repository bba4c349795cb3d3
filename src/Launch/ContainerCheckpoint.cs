using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>Writes a running container to images (features.md §1.19). One whose dump fails goes on as it was.</summary>
internal static class ContainerCheckpoint
{
    private static readonly TimeSpan ThawLimit = TimeSpan.FromSeconds(10);

    /// <param name="root">State root; null for the default.</param>
    /// <param name="id">The container.</param>
    /// <param name="flags">What is asked for.</param>
    /// <exception cref="FaultException">Nothing has been done to the container, or CRIU has undone it.</exception>
    public static void Run(string? root, string id, CriuFlags flags)
    {
        Trace.Phase("state");
        using ContainerDirectory directory = StateRoot.FindContainer(root, id);
        directory.Lock();
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(id);
        ContainerStatus status = Status.Of(directory, record);
        if (status is not (ContainerStatus.Running or ContainerStatus.Paused))
        {
            throw new FaultException(new Fault($"Container cannot be checkpointed in {Status.Name(status)} state")
            {
                Field = "container",
                Value = id,
                Code = "container-state",
            });
        }

        CheckPrivileges();
        Config config = directory.LoadConfig();
        CriuResources.Check(config, record.Layers);
        CheckStatusFd(flags);
        Trace.Phase("images");
        int version = CriuConnection.AskVersion();
        using CriuImages images = CriuImages.ForDump(flags);
        if (flags.PreDump || flags.LazyPages)
            CriuConnection.Need(flags.PreDump, flags.LazyPages);
        CriuOptions options = Options(config, record, flags, images, version);
        if (!flags.PreDump)
        {
            CriuResources.AddToDump(options, config, record.Bundle, record.Rootfs, record.Pid, version);
            images.SaveDescriptors(record.Pid);
        }

        CriuResources.AddNamespacesToDump(options, config, record.Pid, version);
        Trace.Phase("criu");
        try
        {
            Dump(options, flags, images);
        }
        catch (FaultException)
        {
            // CRIU thaws what it has frozen, unless it was killed.
            if (status == ContainerStatus.Running)
                Thaw(record);
            throw;
        }

        if (!flags.LeaveRunning && !flags.PreDump)
            Destroy(directory, record);
    }

    /// <summary>CRIU needs nearly all of root's rights, in the user namespace of the machine (features.md RL17).</summary>
    public static void CheckPrivileges()
    {
        if (Sys.geteuid() == 0)
            return;
        throw new FaultException(new Fault("checkpoint and restore need root")
        {
            Hint = "run it as root, with --root if the container's state is elsewhere",
            Code = "criu-root",
        });
    }

    private static CriuOptions Options(Config config, ContainerRecord record, CriuFlags flags, CriuImages images, int version) => new()
    {
        ImagesDirectory = images.Images.Number,
        WorkDirectory = images.Work?.Number,
        LogFile = images.LogName,
        ConfigFile = CriuResources.ConfigFile(config),
        Root = record.Rootfs,
        Pid = record.Pid,
        LeaveRunning = flags.LeaveRunning,
        ExternalUnixSockets = flags.ExtUnixSk,
        TcpEstablished = flags.TcpEstablished,
        TcpSkipInFlight = flags.TcpSkipInFlight,
        ShellJob = flags.ShellJob,
        FileLocks = flags.FileLocks,
        LinkRemap = flags.LinkRemap,
        PageServer = flags.PageServer,
        ParentImages = flags.ParentPath,

        // A dump after this one then needs the pages alone that changed since.
        TrackMemory = flags.PreDump || flags.ParentPath is not null ? true : null,
        AutoDedup = flags.AutoDedup,
        LazyPages = flags.LazyPages,
        StatusFd = flags.LazyPages && flags.StatusFd >= 0 && !Notifies(version) ? flags.StatusFd : null,
        OrphanPtsMaster = true,
        CgroupMode = record.CgroupPath is null ? CriuCgroupMode.Ignore : flags.CgroupMode,

        // The freezer of cgroup2, CRIU 3.14; without it CRIU stops the processes one by one.
        FreezeCgroup = version >= 31_400 && record.CgroupPath is { } cgroup && CgroupLocation.IsContainerCgroup(cgroup) ? cgroup : null,
        EmptyNamespaces = (uint)Uapi.CLONE_NEWNET,
        NetworkLock = flags.NetworkLock,
    };

    private static void Dump(CriuOptions options, CriuFlags flags, CriuImages images)
    {
        images.ForgetLog();
        using CriuConnection criu = CriuConnection.Start();
        CriuRequestType type = flags.PreDump ? CriuRequestType.PreDump : CriuRequestType.Dump;
        CriuResponse response;
        try
        {
            response = criu.Run(CriuRequest.Make(type, options), (notification, _) =>
            {
                if (notification.Script == "status-ready")
                    TellReady(flags.StatusFd);
            });
        }
        catch (FaultException died) when (died.Fault.Code == CriuConnection.DiedCode)
        {
            throw Failed(died.Fault.Message, 0, images);
        }

        if (!response.Success)
            throw Failed(response, images);

        // One that has pre-dumped waits for the next request and calls it a failure when there is none.
        int status = criu.Finish();
        if (status != 0 && !flags.PreDump)
            throw Failed($"criu failed: exit status {status}", 0, images);
    }

    /// <summary>The name by which CRIU's answers are known, as other runtimes print it.</summary>
    public static string TypeName(CriuRequestType type) => type switch
    {
        CriuRequestType.Dump => "DUMP",
        CriuRequestType.Restore => "RESTORE",
        CriuRequestType.PreDump => "PRE_DUMP",
        CriuRequestType.Notify => "NOTIFY",
        CriuRequestType.Empty => "EMPTY",
        _ => ((int)type).ToString(),
    };

    /// <summary>A request that CRIU has answered with a failure.</summary>
    public static FaultException Failed(CriuResponse response, CriuImages images)
    {
        string said = response.Message.Trim();
        string what = $"criu failed: type {TypeName(response.Type)} errno {response.Errno}";

        // The first error of the log is quoted with it.
        return Failed(said.Length == 0 || images.Excerpt().Contains(said, StringComparison.Ordinal) ? what : $"{what}: {said}", response.Errno, images);
    }

    /// <summary>A failure of CRIU with what its log says.</summary>
    public static FaultException Failed(string message, int errno, CriuImages images)
    {
        string excerpt = images.Excerpt();
        if (excerpt.Contains("iptables-restore", StringComparison.Ordinal))
            excerpt += "; install iptables, or use --network-lock nftables or skip";
        return new FaultException(new Fault(message)
        {
            Errno = Math.Max(errno, 0),
            Hint = excerpt.Length > 0 ? excerpt : "'criu check' says whether CRIU works on this machine",
            Code = "criu",
        });
    }

    // Newer ones tell by a notification (CRIU 3.15).
    private static bool Notifies(int version) => version >= 31_500;

    private static void TellReady(int fd)
    {
        if (fd < 0)
            return;
        ReadOnlySpan<byte> ready = [0];
        if (Sys.write(fd, ready) != 1)
            Log.Warning($"--status-fd: cannot write to descriptor {fd}");
        Sys.close(fd);
    }

    private static void CheckStatusFd(CriuFlags flags)
    {
        if (!flags.LazyPages || flags.StatusFd < 0)
            return;
        int mode = Sys.fcntl(flags.StatusFd, Uapi.F_GETFL);
        if (mode >= 0 && (mode & (Uapi.O_WRONLY | Uapi.O_RDWR)) != 0)
            return;
        throw new FaultException(new Fault(mode < 0
            ? $"invalid --status-fd argument {flags.StatusFd}"
            : $"invalid --status-fd argument {flags.StatusFd}: not writable")
        {
            Syscall = mode < 0 ? "fcntl" : null,
            Errno = mode < 0 ? -mode : 0,
        });
    }

    private static void Thaw(ContainerRecord record)
    {
        if (record.CgroupPath is not { } path || !CgroupLocation.IsContainerCgroup(path))
            return;
        using Fd cgroup = CgroupDirectory.OpenDirectory(path);
        if (cgroup.Number >= 0 && CgroupDirectory.IsToFreeze(cgroup.Number))
            CgroupDirectory.Thaw(cgroup.Number, ThawLimit);
    }

    // The images are complete: what cannot be cleared away is a warning, and `delete` tries again.
    private static void Destroy(ContainerDirectory directory, ContainerRecord record)
    {
        try
        {
            Hooks? hooks = directory.LoadHooks();
            Teardown.KillAndWait(record);
            Teardown.Remove(directory, record);
            RuntimeHooks.Poststop(hooks, record);
        }
        catch (FaultException failure)
        {
            Log.Warning(failure.Fault.Text());
        }
    }
}
