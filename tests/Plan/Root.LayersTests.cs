using System.Linq;
using FluentAssertions;
using OciRun.Plan;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class RootLayersTests
{
    [Fact]
    public void Layers_are_opened_in_order_before_anything_is_mounted()
    {
        ContainerPlan plan = Make("/a b /c", upper: "/u", work: "w");
        Step[] opened = plan.All(Op.OpenLayer);
        opened.Select(step => Planning.Text(step.Text)).Should().Equal("/a", "/bundle/b", "/c", "/u", "/bundle/w");
        opened.Select(step => step.Slot - opened[0].Slot).Should().Equal(0, 1, 2, 3, 4);
        opened.Select(step => plan.FieldOf(step)).Should().StartWith("--layer[0] \"/a\"").And.EndWith("--work \"w\"");
        plan.Last(Op.OpenLayer).Should().BeLessThan(plan.Find(Op.MountLayers));
        plan.Find(Op.AttachRootfs).Should().Be(-1);
        LayersStep layers = Layers(plan);
        (layers.First, layers.LowerCount, layers.Writable, layers.Ephemeral, layers.Detached).Should().Be((opened[0].Slot, 3, 1, 0, 0));
        plan.Fields[layers.FirstField + 3].Should().Be("--upper \"/u\"");
        plan.SlotCount.Should().BeGreaterThanOrEqualTo(layers.First + 6, "upper, work and their tmpfs have slots");
        Planning.Text(layers.Data).Should().Be("redirect_dir=off,metacopy=off,index=on,");
        Planning.Text(layers.Target).Should().Be("/bundle/rootfs");
    }

    [Fact]
    public void One_layer_needs_no_overlay()
    {
        LayersStep layers = Layers(Make("/a"));
        (layers.OptionCount, layers.Writable).Should().Be((0, 0));
        Layers(Make("/a", ephemeral: true)).OptionCount.Should().Be(3);
        Layers(Make("/a /b")).OptionCount.Should().Be(2);
    }

    [Fact]
    public void A_user_namespace_of_root_leaves_the_overlay_to_the_parent()
    {
        ContainerPlan plan = Make("/a /b", namespaces: "user pid mount", ephemeral: true);
        plan.ParentSteps.Select(step => step.Op).Should().Equal(Op.ProbeMountApi, Op.OpenLayer, Op.OpenLayer, Op.MountLayers);
        plan.All(Op.OpenLayer, Op.MountLayers).Should().BeEmpty();
        (plan.One(Op.AttachRootfs).Flags, plan.One(Op.PivotRoot).Number).Should().Be((1L, 0));
        LayersStep layers = *(LayersStep*)plan.ParentSteps[^1].Data;
        layers.Detached.Should().Be(1);
        Planning.Text(layers.Data).Should().StartWith("redirect_dir=off,");
    }

    [Theory]
    [InlineData("user pid mount", "container", true)]
    [InlineData("user pid mount", "uids=0-7000-10;gids=0-7000-10", false)]
    [InlineData("pid mount", "uids=0-7000-10;gids=0-7000-10", false)]
    public void Layers_with_mapped_ids_are_the_parents(string namespaces, string value, bool containers)
    {
        ContainerPlan plan = new Sample
        {
            Namespaces = namespaces,
            Document = $$"""
                "annotations": {"run.ocirun.rootfs.idmap": "{{value}}"}
                """,
            Request = request => request with { Layers = new RootLayers { Lower = [new LayerDirectory("/a", "a"), new LayerDirectory("/b", "b")], IsEphemeral = true } },
        }.Plan();
        plan.ParentSteps.Select(step => step.Op).Should().Equal(Op.ProbeMountApi, Op.OpenLayer, Op.OpenLayer, Op.MountLayers);
        LayersStep layers = *(LayersStep*)plan.ParentSteps[^1].Data;
        (layers.Mapped, layers.Detached).Should().Be((1, 1));
        Planning.Text(layers.Data).Should().StartWith("redirect_dir=off,");
        plan.LayerIds!.IsContainers.Should().Be(containers);
        plan.LayerIds.Field.Should().Be("annotations[\"run.ocirun.rootfs.idmap\"]");
        (plan.One(Op.AttachRootfs).Flags, plan.One(Op.PivotRoot).Number).Should().Be((1L, 0));
        PlanText.Text(plan).Should().Contain("2 layers, upper in tmpfs, ids mapped on a detached mount");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_user_namespace_without_rights_uses_its_own_attributes(bool privileged, bool inUserNamespace)
    {
        ContainerPlan plan = Make("/a /b", namespaces: "user pid mount", privileged: privileged, inUserNamespace: inUserNamespace);
        Step mount = privileged ? plan.ParentSteps[^1] : plan.One(Op.MountLayers);
        Planning.Text((*(LayersStep*)mount.Data).Data).Should().Be("userxattr,");
    }

    [Fact]
    public void A_root_without_a_place_goes_over_the_old_one()
    {
        ContainerPlan plan = Make("/a", rootfs: "", ephemeral: true, noPivot: true);
        Planning.Text(Layers(plan).Target).Should().BeNull();
        plan.One(Op.MoveRoot).Flags.Should().Be(1);
        Make("/a", rootfs: "", ephemeral: true).One(Op.PivotRoot).Number.Should().Be(1, "the tmpfs goes too");
        Make("/a /b", rootfs: "").One(Op.PivotRoot).Number.Should().Be(0);
    }

    [Fact]
    public void Root_readonly_is_for_what_can_be_written()
    {
        Make("/a /b", root: "\"readonly\": true").Find(Op.ReadonlyRoot).Should().Be(-1);
        Make("/a /b", root: "\"readonly\": true", ephemeral: true).Find(Op.ReadonlyRoot).Should().BePositive();
    }

    [Fact]
    public void The_text_shows_layers_of_parent_and_child()
    {
        PlanText.Text(Make("/a /b", ephemeral: true)).Should()
            .Contain("  mount layers              2 layers, upper in tmpfs on \"/bundle/rootfs\", data \"redirect_dir=off,metacopy=off,index=on\"  [--layer]\n");
        PlanText.Text(Make("/a", namespaces: "user pid mount")).Should()
            .Contain("\nparent  open layer                \"/a\"  [--layer[0] \"/a\"]\nparent  mount layers              1 layer, read-only on a detached mount  [--layer]\n");
    }

    [Fact]
    public void A_root_directory_has_no_such_steps()
    {
        ContainerPlan plan = new Sample().Plan();
        plan.All(Op.OpenLayer, Op.MountLayers).Should().BeEmpty();
        plan.ParentSteps.Should().BeEmpty();
        (plan.One(Op.PivotRoot).Number, plan.One(Op.PivotRoot).Flags).Should().Be((0, 0L));
    }

    private static LayersStep Layers(ContainerPlan plan) => *(LayersStep*)plan.One(Op.MountLayers).Data;

    private static ContainerPlan Make(
        string layers, string? upper = null, string? work = null, bool ephemeral = false, string rootfs = "/bundle/rootfs",
        string namespaces = "pid mount", bool privileged = true, bool inUserNamespace = false, bool noPivot = false, string root = "") =>
        new Sample
        {
            Namespaces = namespaces,
            Root = root,
            Request = request => request with
            {
                Layers = RootLayers.FromFlags(layers.Split(' '), upper, work, ephemeral),
                Rootfs = rootfs,
                Privileged = privileged,
                InUserNamespace = inUserNamespace,
                NoPivot = noPivot,
            },
        }.Plan();
}
