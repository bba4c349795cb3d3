using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

/// <summary>The mounts of a container that is restored, made for their mount points' sake.</summary>
public sealed class MountPointsTests
{
    private static readonly Sample Mounted = new()
    {
        Namespaces = "pid network user mount cgroup",
        Document = """
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, {"destination": "/data", "source": "/srv", "options": ["bind"]}]
            """,
        Linux = """
            "maskedPaths": ["/proc/kcore"], "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]
            """,
    };

    [Fact]
    public void Nothing_but_the_mount_namespace_is_new()
    {
        ContainerPlan plan = Plan();
        plan.CloneFlags.Should().Be(0);
        plan.Steps.Single(step => step.Op == Op.Unshare).Flags.Should().Be((long)Uapi.CLONE_NEWNS);
        plan.Joined.Should().BeEmpty();
        plan.ParentSources.Should().BeEmpty("root opens the sources itself");
    }

    [Fact]
    public void It_mounts_and_then_waits()
    {
        Op[] steps = Plan().Steps.Select(step => step.Op).ToArray();
        steps.Should().ContainInOrder(Op.Unshare, Op.Propagation, Op.OpenSource, Op.AttachRootfs, Op.MountFilesystem, Op.MountBind, Op.MakeDevice, Op.Ready);
        steps[^1].Should().Be(Op.Ready);
        steps.Should().NotContain([Op.PivotRoot, Op.MaskPath, Op.Execute, Op.SetIds, Op.RuntimeHooks]);
    }

    private static ContainerPlan Plan()
    {
        ContainerPlan? made = null;
        (Mounted with
        {
            Request = request =>
            {
                made = Planner.MakeMountPoints(request);
                return request;
            },
        }).Plan();
        return made!;
    }
}
