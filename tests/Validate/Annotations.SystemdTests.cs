using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class AnnotationsSystemdTests
{
    [Fact]
    public void Cgroup_v1_is_refused() =>
        Validating.Members("\"annotations\": {\"run.oci.systemd.force_cgroup_v1\": \"/sys/fs/cgroup/systemd\"}").Should().Equal(
            "annotations[\"run.oci.systemd.force_cgroup_v1\"] \"/sys/fs/cgroup/systemd\": cgroup v1 is not supported; "
            + "remove the annotation; the program in the container must know cgroup v2");

    [Fact]
    public void Other_systemd_annotations_are_left_alone() =>
        Validating.Members("\"annotations\": {\"run.oci.systemd.subgroup\": \"x\"}").Should().BeEmpty();
}
