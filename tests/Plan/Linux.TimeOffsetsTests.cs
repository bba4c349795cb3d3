using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class LinuxTimeOffsetsTests
{
    private const string Both = """
        "timeOffsets": {"boottime": {"secs": -7, "nanosecs": 9}, "monotonic": {"secs": 1}}
        """;

    [Theory]
    [InlineData(Both, "monotonic 1 0\nboottime -7 9\n")]
    [InlineData("\"timeOffsets\": {\"boottime\": {}}", "boottime 0 0\n")]
    public void They_are_one_text(string linux, string text)
    {
        ContainerPlan plan = new Sample { Namespaces = "pid mount time", Linux = linux }.Plan();
        Step step = plan.One(Op.TimeOffsets);
        Planning.Text(step.Text).Should().Be(text);
        step.Number.Should().Be(text.Length);
        step.Slot.Should().Be(plan.One(Op.OpenTimeOffsets).Slot).And.BeGreaterThanOrEqualTo(Slot.First);
    }

    [Theory]
    [InlineData("pid mount time", Both, true)]
    [InlineData("user pid mount time", Both, true)]
    [InlineData("user:/u pid mount time", Both, true)]
    [InlineData("user:/u pid mount time", Both, false)]
    [InlineData("pid:/p mount time", Both, true)]
    public void The_file_is_opened_before_and_written_after_the_namespaces_change(string namespaces, string linux, bool privileged)
    {
        ContainerPlan plan = new Sample { Namespaces = namespaces, Linux = linux, Request = r => r with { Privileged = privileged } }.Plan();
        int open = plan.Find(Op.OpenTimeOffsets);
        int write = plan.Find(Op.TimeOffsets);
        foreach (Op op in new[] { Op.BecomeNamespaceRoot, Op.NotDumpable, Op.JoinNamespace, Op.Unshare })
            (plan.Find(op) < 0 || open < plan.Find(op)).Should().BeTrue(op.ToString());
        plan.Steps[write - 1].Op.Should().Be(Op.Unshare);
        plan.Steps[write - 1].Flags.Should().Be((long)Uapi.CLONE_NEWTIME);
        foreach (Op op in new[] { Op.CloneFinal, Op.NewSession })
            (plan.Find(op) < 0 || write < plan.Find(op)).Should().BeTrue("a process in the namespace fixes them");
    }

    [Theory]
    [InlineData("pid mount time", "")]
    [InlineData("pid mount time", "\"timeOffsets\": {}")]
    public void Without_offsets_there_is_nothing_to_write(string namespaces, string linux) =>
        new Sample { Namespaces = namespaces, Linux = linux }.Plan().All(Op.OpenTimeOffsets, Op.TimeOffsets).Should().BeEmpty();
}
