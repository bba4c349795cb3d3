using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class ProcessAttributesTests
{
    private static readonly Sample Labelled = new()
    {
        Process = """ "apparmorProfile": "box", "selinuxLabel": "u:r:t:s0:c2,c1", "noNewPrivileges": true """,
    };

    [Fact]
    public void A_config_that_names_none_pays_for_none()
    {
        ContainerPlan plan = new Sample().Plan();
        plan.All(
            Op.OpenProc, Op.OpenTimeOffsets, Op.TimeOffsets, Op.KeyringLabel, Op.ApparmorProfile, Op.SelinuxLabel, Op.Personality,
            Op.IoPriority, Op.Scheduler, Op.MemoryPolicy).Should().BeEmpty();
    }

    [Fact]
    public void A_scheduling_policy_is_the_kernels_struct()
    {
        ContainerPlan plan = new Sample
        {
            Process = """
                "scheduler": {"policy": "SCHED_DEADLINE", "runtime": 3000, "deadline": 4000, "period": 5000,
                  "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"]}
                """,
        }.Plan();
        sched_attr attr = *(sched_attr*)plan.One(Op.Scheduler).Data;
        attr.Should().Be(new sched_attr
        {
            size = 56,
            sched_policy = 6,
            sched_flags = 5,
            sched_runtime = 3000,
            sched_deadline = 4000,
            sched_period = 5000,
        });
        PlanText.Text(plan).Should().Contain(
            "SCHED_DEADLINE nice 0 priority 0 runtime 3000 deadline 4000 period 5000 SCHED_FLAG_RESET_ON_FORK SCHED_FLAG_DL_OVERRUN  "
            + "[process.scheduler \"SCHED_DEADLINE\"]");
    }

    [Theory]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"nice\": -5", 0, -5, 0)]
    [InlineData("\"policy\": \"SCHED_RR\", \"priority\": 9", 2, 0, 9)]
    [InlineData("\"policy\": \"SCHED_IDLE\"", 5, 0, 0)]
    public void Nice_and_priority_are_taken(string members, uint policy, int nice, uint priority)
    {
        sched_attr attr = *(sched_attr*)new Sample { Process = "\"scheduler\": {" + members + "}" }.Plan().One(Op.Scheduler).Data;
        (attr.sched_policy, attr.sched_nice, attr.sched_priority).Should().Be((policy, nice, priority));
    }

    [Theory]
    [InlineData("RT", 0, 0x2000)]
    [InlineData("BE", 7, 0x4007)]
    [InlineData("IDLE", 0, 0x6000)]
    public void An_io_priority_is_one_number(string name, int priority, long number)
    {
        ContainerPlan plan = new Sample { Process = $$""" "ioPriority": {"class": "IOPRIO_CLASS_{{name}}", "priority": {{priority}}} """ }.Plan();
        plan.One(Op.IoPriority).Flags.Should().Be(number);
        PlanText.Text(plan).Should().Contain($"IOPRIO_CLASS_{name} {priority}  [process.ioPriority");
    }

    [Theory]
    [InlineData("\"domain\": \"LINUX\"", 0, 0)]
    [InlineData("\"domain\": \"LINUX32\", \"flags\": [\"A\", \"B\"]", 8, 2)]
    public void Flags_of_a_personality_are_ignored_with_a_warning(string members, long number, int warnings)
    {
        ContainerPlan plan = new Sample { Linux = "\"personality\": {" + members + "}" }.Plan();
        plan.One(Op.Personality).Flags.Should().Be(number);
        plan.Warnings.Count(w => w.StartsWith("linux.personality.flags: ", System.StringComparison.Ordinal)).Should().Be(warnings);
    }

    [Theory]
    [InlineData("\"mode\": \"MPOL_LOCAL\"", 4, 0, "MPOL_LOCAL")]
    [InlineData("\"mode\": \"MPOL_BIND\", \"nodes\": \"0,2-3\", \"flags\": [\"MPOL_F_STATIC_NODES\"]", 0x8002, 5,
        "MPOL_BIND MPOL_F_STATIC_NODES 0,2,3")]
    [InlineData("\"mode\": \"MPOL_INTERLEAVE\", \"nodes\": \"2000\"", 3, 2002, "MPOL_INTERLEAVE 2000")]
    [InlineData("\"mode\": \"MPOL_INTERLEAVE\", \"nodes\": \"63\"", 3, 65, "MPOL_INTERLEAVE 63")]
    public void A_memory_policy_is_a_mode_and_a_mask(string members, long mode, int bits, string text)
    {
        ContainerPlan plan = new Sample { Linux = "\"memoryPolicy\": {" + members + "}" }.Plan();
        Step step = plan.One(Op.MemoryPolicy);
        step.Flags.Should().Be(mode);
        step.Number.Should().Be(bits, "the kernel takes one bit less than it is told");
        (step.Data is null).Should().Be(bits == 0);
        PlanText.Text(plan).Should().Contain(text + "  [linux.memoryPolicy");
    }

    [Fact]
    public void Labels_are_written_through_one_private_procfs()
    {
        ContainerPlan plan = Labelled.Plan();
        plan.All(Op.OpenProc).Should().ContainSingle();
        plan.Find(Op.OpenProc).Should().BeLessThan(plan.Find(Op.KeyringLabel));
        plan.Find(Op.KeyringLabel).Should().Be(plan.Find(Op.SessionKeyring) - 1);
        Texts(plan, Op.ApparmorProfile).Should().Be(("exec box", "box"));
        Texts(plan, Op.SelinuxLabel).Should().Be(("u:r:t:s0:c2,c1", "u:r:t"));
        Texts(plan, Op.KeyringLabel).Should().Be(("u:r:t:s0:c2,c1", "u:r:t"));
    }

    [Fact]
    public void Without_a_new_keyring_none_is_labelled() =>
        (Labelled with { Request = r => r with { NoNewKeyring = true } }).Plan().All(Op.KeyringLabel).Should().BeEmpty();

    [Theory]
    [InlineData("\"noNewPrivileges\": true", true, "stack box")]
    [InlineData("\"noNewPrivileges\": true", false, "exec box")]
    [InlineData("\"noNewPrivileges\": false", true, "exec box")]
    public void A_confined_caller_without_new_privileges_adds_a_profile(string process, bool confined, string text)
    {
        ContainerPlan plan = new Sample
        {
            Process = "\"apparmorProfile\": \"box\", " + process,
            Request = r => r with { ConfinedByAppArmor = confined },
        }.Plan();
        Texts(plan, Op.ApparmorProfile).Should().Be((text, "box"));
        plan.One(Op.ApparmorProfile).Flags.Should().Be(text.StartsWith('s') ? 1 : 0);
    }

    [Theory]
    [InlineData(":ns:box", "")]
    [InlineData("a//&b", "")]
    [InlineData("a//b", "a//b")]
    public void Compound_names_of_profiles_are_not_compared(string name, string compared) =>
        Texts(new Sample { Process = $"\"apparmorProfile\": \"{name}\"" }.Plan(), Op.ApparmorProfile).Should().Be(($"exec {name}", compared));

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a:b:c", "a:b:c")]
    [InlineData("a:b:c:d", "a:b:c")]
    public void The_level_of_a_label_is_not_compared(string label, string compared) =>
        Texts(new Sample { Process = $"\"selinuxLabel\": \"{label}\"" }.Plan(), Op.SelinuxLabel).Should().Be((label, compared));

    [Fact]
    public void Attributes_are_set_with_the_rights_of_root()
    {
        ContainerPlan plan = (Labelled with
        {
            Process = Labelled.Process + """
                , "scheduler": {"policy": "SCHED_OTHER"}, "ioPriority": {"class": "IOPRIO_CLASS_RT"}
                """,
            Linux = """ "personality": {"domain": "LINUX"}, "memoryPolicy": {"mode": "MPOL_LOCAL"} """,
        }).Plan();
        Op[] attributes = [Op.Personality, Op.IoPriority, Op.MemoryPolicy, Op.Scheduler];
        plan.All(attributes).Should().HaveCount(4);
        foreach (Op op in attributes)
        {
            plan.Find(op).Should().BeGreaterThan(plan.Find(Op.PivotRoot)).And.BeLessThan(plan.Find(Op.NoNewPrivileges));
            plan.Find(op).Should().BeLessThan(plan.Find(Op.DropBounding) is var drop and >= 0 ? drop : plan.Find(Op.SetIds));
        }
    }

    [Fact]
    public void Labels_are_written_before_the_images_proc_could_be_met()
    {
        ContainerPlan plan = Labelled.Plan();
        foreach (Op op in new[] { Op.ApparmorProfile, Op.SelinuxLabel })
            plan.Find(op).Should().BeGreaterThan(plan.Find(Op.OpenProc)).And.BeLessThan(plan.Find(Op.PivotRoot));
    }

    private static (string? Written, string? Compared) Texts(ContainerPlan plan, Op op)
    {
        Step step = plan.One(op);
        string? text = Planning.Text(step.Text);
        step.Number.Should().Be(text!.Length);
        return (text, Planning.Text(step.Second));
    }
}
