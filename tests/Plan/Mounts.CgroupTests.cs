using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class MountsCgroupTests
{
    [Theory]
    [InlineData("mount cgroup", "/cg/own", "/cg/own")]
    [InlineData("mount cgroup:/x", "/cg/own", "/cg/own")]
    [InlineData("mount", "/cg/own", "/cg")]
    [InlineData("mount cgroup", null, "/cg")]
    public void A_refused_mount_becomes_a_bind_of_what_it_would_have_shown(string namespaces, string? own, string expected)
    {
        Step step = Plan(namespaces, own, rootless: false, out MountStep mount);
        Planning.Text(step.Second).Should().Be(expected);
        ((nint)mount.Mask).Should().Be(0, "with root's rights a missing cgroup is an error");
    }

    [Fact]
    public void Without_roots_rights_there_is_an_empty_mount_to_fall_back_to()
    {
        Plan("mount cgroup", "/cg/own", rootless: true, out MountStep mount);
        MountStep mask = *mount.Mask;
        (Marshal.PtrToStringUTF8((nint)mask.Type), Marshal.PtrToStringUTF8((nint)mask.Target), mask.AttributesSet).Should().Be(("tmpfs", "a", 0xfUL));
        Planning.Text(mask.Data).Should().Be("nr_blocks=1,nr_inodes=2");
    }

    private static Step Plan(string namespaces, string? own, bool rootless, out MountStep mount)
    {
        Step step = new Sample
        {
            Namespaces = namespaces,
            Document = "\"mounts\": [{\"destination\": \"/a\", \"type\": \"cgroup\"}]",
            Request = request => request with { CgroupPath = own, CgroupMount = "/cg", Rootless = rootless },
        }.Plan().One(Op.MountCgroup);
        mount = *(MountStep*)step.Data;
        return step;
    }
}
