using System.Linq;
using FluentAssertions;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class MountsUidMappingsTests
{
    private const string Container =
        """ "uidMappings": [{"containerID": 0, "hostID": 100, "size": 9}], "gidMappings": [{"containerID": 0, "hostID": 200, "size": 9}] """;

    [Fact]
    public void The_parent_clones_and_maps_a_bind()
    {
        ContainerPlan plan = Plan("pid mount", """{"destination": "/a", "source": "/s", "options": ["rbind", "ridmap=uids=0-1-2;gids=0-3-4"]}""");
        BindSource source = plan.ParentSources.Should().ContainSingle().Subject;
        (source.Path.ToString(), source.Recursive, source.Field).Should().Be(("/s", true, "mounts[0]"));
        (source.Ids!.IsContainers, source.Ids.Recursive, source.Ids.Field).Should().Be((false, true, "mounts[0].options[1]"));
        plan.One(Op.MountBind).Number.Should().Be(source.Slot);
        plan.Mount(0).Enslave.Should().Be(1, "the clone is a peer of the host's mount");
        plan.All(Op.OpenSource).Should().BeEmpty();
    }

    [Theory]
    [InlineData("pid mount user", true)]
    [InlineData("pid mount user:/u", false)]
    public void The_mapping_of_a_new_user_namespace_needs_none_of_its_own(string namespaces, bool own)
    {
        ContainerPlan plan = Plan(namespaces, $$"""{"destination": "/a", "source": "/s", "options": ["bind"], {{Container}}}""");
        plan.ParentSources.Single(source => source.Field == "mounts[0]").Ids!.IsContainers.Should().Be(own);
    }

    [Fact]
    public void The_word_alone_means_the_containers() =>
        Plan("pid mount user", """{"destination": "/a", "source": "/s", "options": ["bind", "idmap"]}""")
            .ParentSources.Single(source => source.Field == "mounts[0]").Ids!.IsContainers.Should().BeTrue();

    [Fact]
    public void The_parent_makes_a_mapped_file_system()
    {
        ContainerPlan plan = Plan("pid mount", """{"destination": "/a", "type": "tmpfs", "options": ["size=1m", "ro", "idmap=uids=0-1-2;gids=0-3-4"]}""");
        FilesystemSource source = plan.ParentFilesystems.Should().ContainSingle().Subject;
        plan.One(Op.MountBind).Number.Should().Be(source.Slot);
        plan.One(Op.ReadonlyMount).Slot.Should().Be(plan.One(Op.MountBind).Slot).And.NotBe(Slot.None, "content comes first");
    }

    [Fact]
    public void Without_mappings_the_parent_does_nothing()
    {
        ContainerPlan plan = Plan("pid mount", """{"destination": "/a", "source": "/s", "options": ["bind"]}""");
        (plan.ParentSources.Count, plan.ParentFilesystems.Count).Should().Be((0, 0));
    }

    [Theory]
    [InlineData("pid mount user", "container", true)]
    [InlineData("pid mount", "uids=0-1-2;gids=0-3-4", false)]
    public void The_annotation_maps_the_root_file_system(string namespaces, string value, bool own)
    {
        IdMap ids = Annotated(namespaces, value).Plan().ParentSources.Single(source => source.Field == "root.path").Ids!;
        (ids.IsContainers, ids.Recursive).Should().Be((own, true));
    }

    [Theory]
    [InlineData("pid mount", "container", "annotations[\"run.ocirun.rootfs.idmap\"] \"container\": the container has no user namespace")]
    [InlineData("pid mount", "yes", "annotations[\"run.ocirun.rootfs.idmap\"] \"yes\": invalid mapping specified")]
    public void An_annotation_that_cannot_be_is_refused(string namespaces, string value, string refusal) =>
        Annotated(namespaces, value).Refusal().Should().StartWith(refusal);

    [Fact]
    public void An_unprivileged_user_cannot_map_the_root_file_system() =>
        (Annotated("pid mount user", "container") with { Request = request => request with { Privileged = false } })
            .Refusal().Should().Contain("needs root's rights");

    private static Sample Annotated(string namespaces, string value) => new()
    {
        Namespaces = namespaces,
        Linux = Container,
        Document = $$""" "annotations": {"run.ocirun.rootfs.idmap": "{{value}}"} """,
    };

    private static ContainerPlan Plan(string namespaces, string mount) =>
        new Sample { Namespaces = namespaces, Linux = Container, Document = $"\"mounts\": [{mount}]" }.Plan();
}
