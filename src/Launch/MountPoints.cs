using OciRun.Child;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// The container's mounts, made and held by a process of our own so that the mount points exist in the root file system
/// and that it can be seen where they are. The mounts go with the process, and the host never sees them.
/// </summary>
internal sealed unsafe class MountPoints : Offspring
{
    private readonly string _rootfs;

    private MountPoints(Config config, PlanRequest request)
    {
        _config = config;
        _rootfs = request.Rootfs.ToString();
        _plan = Planner.MakeMountPoints(request);
    }

    /// <exception cref="FaultException">A mount fails, as it would when the container is created.</exception>
    public static MountPoints Make(Config config, PlanRequest request)
    {
        MountPoints points = new(config, request);
        try
        {
            points.Clone();
            points.AwaitReady();
            return points;
        }
        catch
        {
            points.Dispose();
            throw;
        }
    }

    /// <summary>The root file system with all mounts on it.</summary>
    public Fd OpenRoot() =>
        new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{_pid}/root{_rootfs}"), Uapi.O_PATH | Uapi.O_DIRECTORY));

    private protected override string Undertaking => "the mount points were made";

    public override void Dispose()
    {
        KillChild();
        base.Dispose();
    }

    private void Clone()
    {
        MakeContext(0, null);
        using Fd childEnd = MakeSync();
        CloseInChild(_sync!.Number, _signals!.Number);
        CloneHere("cannot make the mount points");
    }

    private void AwaitReady()
    {
        while (true)
        {
            Report report = Next(interruptible: true) ?? throw new FaultException(Died());
            if (report.Kind == ReportKind.Failed)
                throw new FaultException(Failure.From(_plan, report, Failure.Text(_context->Message)));
            if (report.Kind == ReportKind.Ready)
                return;
        }
    }
}
