using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using OciRun.Tests.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

/// <summary>What must come before what in a process that joins a container.</summary>
public sealed class ExecTests
{
    private const ulong All = Uapi.CLONE_NEWPID | Uapi.CLONE_NEWNS | Uapi.CLONE_NEWNET | Uapi.CLONE_NEWUSER;

    private const string Filter = """
        , "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}
        """;

    [Fact]
    public void Nobody_may_look_into_it_when_it_joins_and_nothing_is_held_when_it_shows()
    {
        ContainerPlan plan = Plan("", All);

        int[] order =
        [
            Index(plan, Op.DieWithParent), Index(plan, Op.WaitForParent), Index(plan, Op.NotDumpable), Index(plan, Op.JoinProcess),
            Index(plan, Op.BecomeNamespaceRoot), Index(plan, Op.SetIds), Index(plan, Op.VerifyWorkingDirectory),
            Index(plan, Op.FindExecutable), Index(plan, Op.CloseDescriptors), Index(plan, Op.CloneFinal), Index(plan, Op.NewSession),
            Index(plan, Op.Ready), Index(plan, Op.OutliveParent), Index(plan, Op.Execute),
        ];

        order.Should().OnlyContain(index => index >= 0).And.BeInAscendingOrder();
    }

    [Fact]
    public void Whatever_may_take_the_parents_death_back_is_followed_by_it()
    {
        ContainerPlan plan = Plan("", All);
        Op[] forget = [Op.BecomeNamespaceRoot, Op.JoinProcess, Op.SetIds, Op.CloneFinal];
        foreach (Op op in forget)
            plan.Steps.Skip(Index(plan, op)).TakeWhile(step => step.Op != Op.Execute).Should().Contain(step => step.Op == Op.DieWithParent, op.ToString());
    }

    [Fact]
    public void The_filter_and_the_right_that_it_takes_come_before_the_process_shows()
    {
        ContainerPlan plan = Plan(Filter, All);
        Index(plan, Op.EarlySeccomp).Should().BeInRange(0, Index(plan, Op.CloneFinal));
    }

    [Theory]
    [InlineData("\"noNewPrivileges\": true,", true)]
    [InlineData("", false)]
    public void A_filter_that_takes_no_right_is_loaded_last(string process, bool clones)
    {
        ContainerPlan plan = Plan(Filter, clones ? All : 0, process);
        Index(plan, Op.EarlySeccomp).Should().Be(-1);
        Index(plan, Op.Seccomp).Should().BeGreaterThan(Index(plan, Op.OutliveParent));
    }

    [Fact]
    public void Nothing_of_a_first_processs_set_up_is_done()
    {
        ContainerPlan plan = Plan(""", "hostname": "x", "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}]""", All);
        plan.Steps.Should().NotContain(step => step.Op == Op.MountFilesystem || step.Op == Op.Hostname || step.Op == Op.PivotRoot
            || step.Op == Op.Unshare || step.Op == Op.MakeDevice || step.Op == Op.Gate || step.Op == Op.RuntimeHooks);
    }

    [Fact]
    public void A_deadline_is_the_parents_to_set()
    {
        ContainerPlan plan = Plan("", All, """
            "scheduler": {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 2000000, "period": 2000000},
            """);
        unsafe
        {
            (plan.ParentScheduler is not null).Should().BeTrue();
        }

        Index(plan, Op.Scheduler).Should().Be(-1);
    }

    private static int Index(ContainerPlan plan, Op op) => plan.Find(op);

    private static ContainerPlan Plan(string document, ulong join, string process = "") => Planner.MakeExec(new PlanRequest
    {
        Config = Reading.Members($$"""
            "process": { {{process}} "args": ["sh"], "cwd": "/", "capabilities": {"bounding": ["CAP_KILL"]} }, "root": {"path": "rootfs"} {{document}}
            """),
        Bundle = "/bundle",
        Rootfs = "/bundle/rootfs",
        Id = "box",
        Privileged = true,
        Join = join,
        InitPid = 42,
    });
}
