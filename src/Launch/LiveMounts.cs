using System;
using System.Collections.Generic;
using OciRun.Child;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;
using OciRun.Validate;

namespace OciRun.Launch;

/// <summary>
/// Mounts that come into a container that exists, or leave it (features.md O01). Sources are opened in the runtime's mount
/// namespace; a child enters the container's namespaces, makes the file systems there and attaches all by descriptor.
/// </summary>
internal sealed unsafe class LiveMounts : Offspring
{
    private readonly ContainerDirectory _directory;
    private readonly ContainerRecord _record;
    private readonly Fd _init;
    private Fd? _userNamespace;
    private int _done;

    private LiveMounts(string? root, string id)
    {
        _directory = StateRoot.FindContainer(root, id);
        _record = _directory.Load() ?? throw StateRoot.Missing(id);
        ContainerStatus status = Status.Of(_directory, _record);
        _init = status is ContainerStatus.Creating or ContainerStatus.Stopped
            ? throw NotRunning(Status.Name(status))
            : Liveness.Open(_record) ?? throw NotRunning("stopped");
    }

    private protected override string Undertaking => "the mounts were made";

    private protected override int JoinedUserNamespace => _userNamespace?.Number ?? -1;

    /// <summary>Makes all of the mounts, in their order, or none.</summary>
    public static void Add(string? root, string id, Mount[] mounts)
    {
        using LiveMounts change = new(root, id);
        try
        {
            change.Do(mounts, Planner.MakeMounts);
        }
        catch (FaultException e)
        {
            if (change.Done() is not (> 0 and var done))
                throw;
            throw TakeBack(root, id, mounts.AsSpan(0, done)) is { } left ? new FaultException(e.Fault with { Hint = left }) : e;
        }
    }

    /// <summary>Takes away what is mounted at each destination, the last first.</summary>
    public static void Remove(string? root, string id, Mount[] mounts)
    {
        using LiveMounts change = new(root, id);
        change.Do(mounts, Planner.MakeUnmounts);
    }

    public override void Dispose()
    {
        KillChild();
        _init.Dispose();
        _userNamespace?.Dispose();
        _directory.Dispose();
        base.Dispose();
    }

    // Changes of flags that are there already cannot be taken back.
    private static string? TakeBack(string? root, string id, ReadOnlySpan<Mount> mounts)
    {
        List<Mount> made = [];
        foreach (Mount mount in mounts)
        {
            if (!MountOptions.Parse(mount.Options).IsRemount)
                made.Add(mount);
        }

        try
        {
            Remove(root, id, [.. made]);
            return null;
        }
        catch (FaultException e)
        {
            return $"the mounts before it stay: {e.Fault.Text()}";
        }
    }

    private void Do(Mount[] mounts, Func<PlanRequest, ContainerPlan> plan)
    {
        Prepare(mounts, plan);
        if (mounts.Length == 0)
            return;
        Clone();
        while (true)
        {
            AwaitReady();
            if (++_done == mounts.Length)
                return;
            Go();
        }
    }

    // What the child had done before it ended, also what it has said since.
    private int Done()
    {
        KillChild();
        while (_sync is not null && Next(interruptible: false) is { } report)
            _done += report.Kind == ReportKind.Ready ? 1 : 0;
        return _done;
    }

    private void Prepare(Mount[] mounts, Func<PlanRequest, ContainerPlan> plan)
    {
        _config = _directory.LoadConfig();
        _config.Mounts = mounts;
        foreach (Fault finding in Validator.Check(_config, Facts(_config, null)))
        {
            if (finding.Field?.StartsWith("mounts", StringComparison.Ordinal) == true)
                throw new FaultException(finding);
        }

        ulong join = Joins("user", Uapi.CLONE_NEWUSER) | Joins("net", Uapi.CLONE_NEWNET) | Joins("ipc", Uapi.CLONE_NEWIPC)
            | Joins("cgroup", Uapi.CLONE_NEWCGROUP) | Joins("mnt", Uapi.CLONE_NEWNS);
        if ((join & Uapi.CLONE_NEWNS) == 0 || !InitNamespaces.HasMount(_config))
        {
            throw new FaultException(new Fault("the container has no mount namespace of its own")
            {
                Field = "container",
                Value = _record.Id,
                Hint = "create it with {\"type\": \"mount\"} in linux.namespaces",
            });
        }

        if ((join & Uapi.CLONE_NEWUSER) != 0)
            _userNamespace = NamespaceHolder.Open(_record.Pid, "container");

        // What was read by pid was the container's only if it still lives.
        if (!Liveness.IsAlive(_record))
            throw NotRunning("stopped");
        _plan = plan(new PlanRequest
        {
            Config = _config,
            Bundle = _record.Bundle,
            Rootfs = _record.Rootfs,
            Id = _record.Id,
            Privileged = Sys.geteuid() == 0,
            Egid = Sys.getegid(),
            InUserNamespace = Machine.InUserNamespace,
            LastCapability = Machine.LastCapability,
            Join = join,
            InitPid = _record.Pid,
        });
        foreach (string warning in _plan.Warnings)
            Log.Warning(warning);
    }

    private void Clone()
    {
        MakeContext(0, null);
        MakeSources();
        using Fd childEnd = MakeSync();
        _context->Slots[Slot.Init] = _init.Number;
        CloseInChild(_sync!.Number, _signals!.Number, _directory.Number, _directory.RootNumber, JoinedUserNamespace);
        CloneHere("cannot make a process");
        CloseSources();
    }

    private void AwaitReady()
    {
        while (true)
        {
            Report report = Next(interruptible: true) ?? throw new FaultException(Died());
            switch (report.Kind)
            {
                case ReportKind.Ready:
                    return;
                case ReportKind.Failed:
                    throw new FaultException(Failure.From(_plan, report, Failure.Text(_context->Message)));
                case ReportKind.MapIds:
                    MapLateIds(report.Step);
                    Go();
                    break;
                default:
                    throw new FaultException(new Fault("the process sent a record that makes no sense here") { Field = "container", Syscall = "recvmsg" });
            }
        }
    }

    private ulong Joins(string file, ulong flag)
    {
        int result = InitNamespaces.Differs(_record.Pid, file);
        return result < 0
            ? throw InitNamespaces.Unreadable(_record, $"ns/{file}", result) ?? NotRunning("stopped")
            : result == 0 ? 0 : flag;
    }

    private FaultException NotRunning(string status) => new(new Fault($"container not running: it is {status}")
    {
        Field = "container",
        Value = _record.Id,
        Code = "container-not-running",
    });
}
