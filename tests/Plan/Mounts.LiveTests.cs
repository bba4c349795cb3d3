using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

/// <summary>What must come before what when a process adds mounts to a container, or takes them away.</summary>
public sealed class MountsLiveTests
{
    private const string Two = """
        [{"destination": "/a", "type": "tmpfs", "options": ["ro"]}, {"destination": "/b", "source": "/src", "options": ["rbind"]}]
        """;

    [Fact]
    public void Sources_are_the_host_s_and_every_mount_is_acknowledged()
    {
        ContainerPlan plan = Planner.MakeMounts(Request(Two));
        plan.ParentSources.Should().ContainSingle().Which.Path.ToString().Should().Be("/src");
        plan.Steps.Select(static step => step.Op).Should().Equal(
            Op.ResetSignals, Op.DieWithParent, Op.NotDumpable, Op.ProbeMountApi, Op.JoinProcess, Op.AttachRootfs, Op.Umask,
            Op.MountFilesystem, Op.ReadonlyMount, Op.Ready, Op.MountBind, Op.Ready);
    }

    [Fact]
    public void A_procfs_of_the_host_is_held_before_the_container_is_entered_and_the_last_mount_goes_first()
    {
        ContainerPlan plan = Planner.MakeUnmounts(Request(Two));
        plan.Steps.Select(static step => step.Op).Should().Equal(
            Op.ResetSignals, Op.DieWithParent, Op.NotDumpable, Op.ProbeMountApi, Op.OpenProc, Op.JoinProcess, Op.AttachRootfs, Op.Umask,
            Op.Unmount, Op.Ready, Op.Unmount, Op.Ready);
        PlanText.Text(plan).Should().Contain("unmount                   \"b\"  [mounts[1] \"/b\"]");
    }

    [Theory]
    [InlineData("""{"destination": "/x", "type": "proc"}""", "a proc file system cannot be added")]
    [InlineData("""{"destination": "/proc/sys", "type": "tmpfs"}""", "inside /proc")]
    [InlineData("""{"destination": "/", "type": "tmpfs"}""", "over the root")]
    [InlineData("""{"destination": "/x", "type": "tmpfs", "options": ["remount"]}""", "cannot be added with these options")]
    [InlineData("""{"destination": "/x", "type": "ext4", "options": ["iversion"]}""", "cannot be added with these options")]
    public void What_needs_a_path_of_the_container_is_refused(string mount, string said) =>
        FluentActions.Invoking(() => Planner.MakeMounts(Request($"[{mount}]"))).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain(said);

    [Theory]
    [InlineData("/")]
    [InlineData("/x/..")]
    [InlineData("/proc")]
    [InlineData("/proc/kcore")]
    [InlineData("/x/../proc/acpi")]
    [InlineData("")]
    public void What_hides_something_stays(string destination) =>
        FluentActions.Invoking(() => Planner.MakeUnmounts(Request($$"""[{"destination": "{{destination}}"}]"""))).Should().Throw<FaultException>()
            .Which.Fault.Field.Should().Be("mounts[0].destination");

    private static PlanRequest Request(string mounts)
    {
        Config config = ConfigReader.Read(Sys.Bytes("""{"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "process": {"cwd": "/"}, "linux": {}}"""), "config.json");
        config.Mounts = ConfigReader.ReadMounts(Sys.Bytes(mounts), "mounts.json");
        return new PlanRequest
        {
            Config = config,
            Bundle = "/bundle",
            Rootfs = "/bundle/rootfs",
            Id = "c",
            Privileged = true,
            Join = Uapi.CLONE_NEWNS,
            InitPid = 42,
        };
    }
}
