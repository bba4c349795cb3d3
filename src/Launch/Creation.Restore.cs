using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// The container's processes come from images: CRIU, in the container's cgroup, makes them as siblings of its own, so that
/// the first one is a child of this process as in every other creation (features.md §1.20).
/// </summary>
internal sealed unsafe partial class Creation
{
    // Null when the container is a new one.
    private readonly CriuFlags? _restores;
    private bool _isRestored;

    /// <summary>What can be refused before anything is made, beside <see cref="Prepare"/>.</summary>
    public void PrepareRestore()
    {
        ContainerCheckpoint.CheckPrivileges();
        CriuResources.Check(_config, _layers is not null);
    }

    /// <summary>Makes the processes, with their limits, and records them. They run when this returns.</summary>
    public void Restore()
    {
        CriuFlags flags = _restores!;
        Trace.Phase("images");
        _signals = new Fd(Sys.signalfd4(ulong.MaxValue, Uapi.SFD_CLOEXEC | Uapi.SFD_NONBLOCK));
        int version = CriuConnection.AskVersion();
        CheckVersion(flags, version);
        using CriuImages images = CriuImages.ForRestore(flags);
        List<string> descriptors = images.LoadDescriptors();
        CriuOptions options = Options(flags, images);
        List<Fd> namespaces = [];
        try
        {
            CriuResources.AddNamespacesToRestore(options, _config, version, namespaces);
            CriuResources.AddPipes(options, descriptors);
            using (MountPoints points = MountPoints.Make(_config, _request!))
            using (Fd root = points.OpenRoot())
                CriuResources.AddToRestore(options, _config, _options.Bundle, _record.Rootfs, root);
            images.ForgetLog();
            RunCriu(options, images, namespaces);
        }
        finally
        {
            foreach (Fd opened in namespaces)
                opened.Dispose();
        }
    }

    private void RunCriu(CriuOptions options, CriuImages images, List<Fd> namespaces)
    {
        Trace.Phase("criu");
        ulong since = Descendants.Now();
        using Descendants descendants = Descendants.Adopt();
        try
        {
            Span<int> numbers = stackalloc int[namespaces.Count];
            for (int i = 0; i < numbers.Length; i++)
                numbers[i] = namespaces[i].Number;
            CriuImages inside;
            CriuConnection criu;
            using (PrivateMounts.Enter())
            {
                // CRIU mounts below its working directory, which has to be among its own mounts.
                inside = CriuImages.ForRestore(_restores!);
                options = options with { ImagesDirectory = inside.Images.Number, WorkDirectory = inside.Work?.Number };
                criu = CriuConnection.Start(numbers, keepsStdio: true, NeedsCgroupNamespace(options));
            }

            using (inside)
            using (criu)
            {
                EnterCgroup(criu);
                AddCgroupRoots(options, criu.Pid);
                Restore(criu, options, images);
            }
        }
        catch (FaultException)
        {
            // Also those that CRIU has not told about yet.
            Descendants.Kill(since, kept: 0);
            throw;
        }
    }

    // CRIU makes it but where it is to ignore cgroups: there the processes have the one of CRIU itself, and so has the cgroup2
    // that it mounts for them, which would show the host's whole tree.
    private bool NeedsCgroupNamespace(CriuOptions options) =>
        options.CgroupMode == CriuCgroupMode.Ignore && CriuResources.Find(_config, "cgroup"u8) is not null;

    private void Restore(CriuConnection criu, CriuOptions options, CriuImages images)
    {
        CriuResponse response;
        try
        {
            response = criu.Run(CriuRequest.Make(CriuRequestType.Restore, options), Notified, _signals!.Number, CheckInterrupt);
        }
        catch (FaultException died) when (died.Fault.Code == CriuConnection.DiedCode)
        {
            throw ContainerCheckpoint.Failed(died.Fault.Message, 0, images);
        }

        if (!response.Success || !_isRestored)
            throw ContainerCheckpoint.Failed(response, images);

        int status = criu.Finish();
        if (status != 0)
            throw ContainerCheckpoint.Failed($"criu failed: exit status {status}", 0, images);
    }

    private void Notified(CriuResponse notification, Fd? received)
    {
        switch (notification.Script)
        {
            case "setup-namespaces":
                TakeRestored(notification.Pid);
                SetUpNamespaces();
                break;
            case "post-restore":
                TakeRestored(notification.Pid);
                ApplyDevices();
                ApplyLimits();
                SetLateProperties();
                EnterResctrl();
                MakeRootReadonly();
                _directory!.Save(_record);
                _isRestored = true;
                break;
            case "orphan-pts-master" when received is not null:
                _received = new Fd(received.Release());
                TakeMaster(_options.ConsoleSocket);
                break;
            default:
                break;
        }
    }

    // Its pid may be told twice. What it has must be waited for by this process, so it has to be a child.
    private void TakeRestored(int pid)
    {
        if (pid <= 0 || Sys.waitid(Uapi.P_PID, pid, out _, Uapi.WEXITED | Uapi.WNOHANG | Uapi.WNOWAIT | Uapi.__WALL) < 0)
            throw new FaultException(new Fault($"criu names process {pid} as the container's, which is no child of this one"));
        if (_pid != pid)
        {
            _pidfd?.Dispose();
            _pid = pid;
            _pidfd = new Fd(Sys.pidfd_open(pid));
            _began = true;
        }

        RecordPid();
    }

    // Nothing of the container runs yet. CRIU leaves the network to the runtime and its hooks.
    private void SetUpNamespaces()
    {
        _directory!.Save(_record);
        if ((_plan.NewNamespaces & Uapi.CLONE_NEWNET) != 0)
            SetUpNetwork();
        StateDocument state = HookSteps.State(_record.Id, "creating", _record.Bundle, _record.Annotations);
        RunHooks("prestart", _config.Hooks?.Prestart, state, _pidfd!.Number);
        RunHooks("createRuntime", _config.Hooks?.CreateRuntime, state, _pidfd.Number);
    }

    private void SetUpNetwork()
    {
        using Fd home = new(Sys.openat(Uapi.AT_FDCWD, "/proc/self/ns/net"u8, Uapi.O_RDONLY));
        using Fd its = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{_pid}/ns/net"), Uapi.O_RDONLY));
        int result = home.Number < 0 ? home.Number : its.Number < 0 ? its.Number : Sys.setns(its.Number, Uapi.CLONE_NEWNET);
        if (result >= 0)
        {
            int socket = Sys.socket(Uapi.AF_INET, Uapi.SOCK_DGRAM);
            result = Sys.setns(home.Number, Uapi.CLONE_NEWNET);
            if (result >= 0 && socket < 0)
                result = socket;
            using Fd inside = new(socket);
            if (result >= 0)
                result = Loopback.Raise(inside.Number);
            if (result >= 0 && _config.Linux?.NetDevices is { Length: > 0 })
            {
                _received = new Fd(inside.Release());
                MoveNetworkDevices();
            }
        }

        if (result < 0)
            throw new FaultException(new Fault("cannot set up the network namespace") { Field = "linux.namespaces", Syscall = "setns", Errno = -result });
    }

    // CRIU restores the flags of all mounts, but before 4.2 not those of the root. No process runs yet.
    private void MakeRootReadonly()
    {
        if (_config.Root is not { Readonly: true })
            return;
        using Fd mounts = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{_pid}/ns/mnt"), Uapi.O_RDONLY));
        int result;
        using (PrivateMounts.Join(mounts))
        {
            using Fd root = new(Sys.openat(Uapi.AT_FDCWD, "/"u8, Uapi.O_PATH | Uapi.O_DIRECTORY));
            mount_attr attributes = new() { attr_set = Uapi.MOUNT_ATTR_RDONLY };
            result = root.Number < 0 ? root.Number : Sys.mount_setattr(root.Number, 0, &attributes);

            // Before Linux 5.12 what is not named is taken away, but for the kind of access times.
            const ulong held = Uapi.MS_NOSUID | Uapi.MS_NODEV | Uapi.MS_NOEXEC;
            if (result == -Errno.ENOSYS && Sys.fstatfs(root.Number, out statfs now) >= 0)
                result = Sys.mount(""u8, "/"u8, Uapi.MS_BIND | Uapi.MS_REMOUNT | Uapi.MS_RDONLY | ((ulong)now.f_flags & held));
        }

        if (result < 0)
            throw new FaultException(new Fault("cannot be made read-only again") { Field = "root.readonly", Value = "true", Syscall = "mount_setattr", Errno = -result });
    }

    // CRIU hands the cgroup it is in down to what it makes.
    private void EnterCgroup(CriuConnection criu)
    {
        if (_cgroup is null && _unit is null)
            return;
        _pid = criu.Pid;
        _pidfd = criu.Pidfd;
        try
        {
            if (_unit is not null)
            {
                StartUnit();
                AwaitUnit();
            }
            else
            {
                AttachToCgroup();
            }

            EnterDelegated();
        }
        finally
        {
            _pid = 0;
            _pidfd = null;
        }

        _directory!.Save(_record);
    }

    private static void AddCgroupRoots(CriuOptions options, int pid)
    {
        byte[]? table = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/cgroup"), 1 << 20, out _);
        foreach (string line in Encoding.UTF8.GetString(table ?? []).Split('\n'))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3)
                continue;
            foreach (string controller in parts[1].Split(','))
                options.CgroupRoots.Add(new CriuPair(controller, parts[2]));
        }
    }

    private static void CheckVersion(CriuFlags flags, int version)
    {
        const int least = 31_600;
        string? option = version >= least ? null
            : flags.LsmProfile is not null ? "--lsm-profile"
            : flags.LsmMountContext is not null ? "--lsm-mount-context" : null;
        if (option is not null)
            throw new FaultException(new Fault($"{option} requires at least CRIU 3.16") { Hint = $"this one is {version / 10_000}.{version / 100 % 100}" });
    }

    private CriuOptions Options(CriuFlags flags, CriuImages images) => new()
    {
        ImagesDirectory = images.Images.Number,
        WorkDirectory = images.Work?.Number,
        LogFile = images.LogName,
        ConfigFile = CriuResources.ConfigFile(_config),

        // The directory itself and no bind of it: CRIU takes the peer group of bind mounts from the mount that this is on, which
        // the kernel refuses when their sources are not below that mount's root (do_set_group of fs/namespace.c).
        Root = _record.Rootfs,
        EvasiveDevices = true,
        RestoreSibling = true,
        ExternalUnixSockets = flags.ExtUnixSk,
        TcpEstablished = flags.TcpEstablished,
        TcpClose = flags.TcpClose ? true : null,
        ShellJob = flags.ShellJob,
        FileLocks = flags.FileLocks,
        AutoDedup = flags.AutoDedup,
        LazyPages = flags.LazyPages,
        OrphanPtsMaster = true,
        CgroupMode = _cgroup is null && _unit is null ? CriuCgroupMode.Ignore : flags.CgroupMode,
        EmptyNamespaces = (uint)Uapi.CLONE_NEWNET,
        LsmProfile = flags.LsmProfile,
        LsmMountContext = flags.LsmMountContext,
        NetworkLock = flags.NetworkLock,
    };
}
