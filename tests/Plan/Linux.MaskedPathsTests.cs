using System.Linq;
using FluentAssertions;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class LinuxMaskedPathsTests
{
    [Fact]
    public void Paths_are_cleaned_and_keep_their_order()
    {
        const string linux = """
            "maskedPaths": ["/proc//keys", "/x/../../sys/firmware/"], "readonlyPaths": ["/proc/./sys"]
            """;
        ContainerPlan plan = new Sample { Linux = linux }.Plan();
        plan.All(Op.MaskPath).Select(step => Planning.Text(step.Text)).Should().Equal("proc/keys", "sys/firmware");
        plan.All(Op.MaskPath).Select(step => plan.FieldOf(step)).Should().Equal(
            "linux.maskedPaths[0] \"/proc//keys\"", "linux.maskedPaths[1] \"/x/../../sys/firmware/\"");
        plan.All(Op.ReadonlyPath).Select(step => Planning.Text(step.Text)).Should().Equal("proc/sys");
    }

    [Fact]
    public void A_mount_below_a_read_only_path_is_read_only_before_it_is_cloned()
    {
        Sample sample = new()
        {
            Document = """
                "mounts": [{"destination": "/m/a", "type": "tmpfs", "source": "t", "options": ["ro"]}, {"destination": "/o", "type": "tmpfs", "source": "t", "options": ["ro"]}]
                """,
            Linux = "\"readonlyPaths\": [\"/m\"]",
        };
        ContainerPlan plan = sample.Plan();
        plan.All(Op.ReadonlyMount).Select(step => plan.FieldOf(step)).Should().Equal("mounts[0]", "mounts[1]");
        plan.Find(Op.ReadonlyMount).Should().BeLessThan(plan.Find(Op.ReadonlyPath));
        plan.Last(Op.ReadonlyMount).Should().BeGreaterThan(plan.Find(Op.ReadonlyPath));
    }

    [Fact]
    public void A_cover_is_empty_and_read_only()
    {
        MountStep* mask = (MountStep*)new Sample { Linux = "\"maskedPaths\": [\"/x\"]" }.Plan().One(Op.MaskPath).Data;
        (mask->AttributesSet, mask->Flags, Planning.Text(mask->Type)).Should().Be((0xfUL, 0xfUL, "tmpfs"));
        Planning.Text(mask->Data).Should().Be("nr_blocks=1,nr_inodes=2");
    }

    [Theory]
    [InlineData("maskedPaths")]
    [InlineData("readonlyPaths")]
    public void A_relative_path_is_refused(string field) =>
        new Sample { Linux = $"\"{field}\": [\"/a\", \"b\"]" }.Refusal().Should().StartWith($"linux.{field}[1] \"b\": must be an absolute path");
}
