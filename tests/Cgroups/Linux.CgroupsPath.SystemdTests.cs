using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class LinuxCgroupsPathSystemdTests
{
    [Theory]
    [InlineData("", "ocirun-id.scope", "system.slice", "/system.slice/ocirun-id.scope")]
    [InlineData("system.slice:docker:abc", "docker-abc.scope", "system.slice", "/system.slice/docker-abc.scope")]
    [InlineData(":docker:abc", "docker-abc.scope", "system.slice", "/system.slice/docker-abc.scope")]
    [InlineData("machine.slice::abc", "-abc.scope", "machine.slice", "/machine.slice/-abc.scope")]
    [InlineData("a-b-c.slice:p:n", "p-n.scope", "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice/p-n.scope")]
    [InlineData("-.slice:p:n", "p-n.scope", "-.slice", "/p-n.scope")]
    [InlineData("system.slice:p:kube-pod.slice", "kube-pod.slice", "kube.slice", "/kube.slice/kube-pod.slice")]
    [InlineData("system.slice:p:pod.slice", "pod.slice", "system.slice", "/pod.slice")]
    [InlineData("system.slice:_p:n", "_p-n.scope", "system.slice", "/system.slice/__p-n.scope")]
    [InlineData("memory.slice:cgroup.x:n", "cgroup.x-n.scope", "memory.slice", "/_memory.slice/_cgroup.x-n.scope")]
    public void Paths_become_units(string path, string unit, string slice, string group) =>
        SystemdPath.Resolve(path, "id", isUser: false).Should().Be(new SystemdPath(unit, slice, group));

    [Fact]
    public void Users_have_a_slice_of_their_own() =>
        SystemdPath.Resolve(default, "a+b", isUser: true).Should().Be(
            new SystemdPath("ocirun-a\\x2bb.scope", "user.slice", "/user.slice/ocirun-a\\x2bb.scope"));

    [Theory]
    [InlineData("/a/b", "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups")]
    [InlineData("a:b", "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups")]
    [InlineData("a.slice:b:c:d", "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups")]
    [InlineData("a.slice:b:", "the third part, the name, is missing")]
    [InlineData("a:b:c", "invalid slice name: a")]
    [InlineData("a/b.slice:b:c", "invalid slice name: a/b.slice")]
    [InlineData("a--b.slice:b:c", "invalid slice name: a--b.slice")]
    [InlineData("-a.slice:b:c", "invalid slice name: -a.slice")]
    [InlineData("a-.slice:b:c", "invalid slice name: a-.slice")]
    [InlineData(".slice:b:c", "invalid slice name: .slice")]
    [InlineData("../x.slice:b:c", "invalid slice name: ../x.slice")]
    [InlineData("a.slice:b:c/d", "\"b-c/d.scope\" is no name of a systemd unit")]
    [InlineData("a.slice:b:c+d", "\"b-c+d.scope\" is no name of a systemd unit")]
    [InlineData("a.slice:b':c", "\"b'-c.scope\" is no name of a systemd unit")]
    [InlineData("a.slice:b:-c.slice", "invalid slice name: -c.slice")]
    [InlineData("a.slice:b:-.slice", "invalid slice name: -.slice")]
    public void Refused_paths(string path, string message)
    {
        Action resolve = () => SystemdPath.Resolve(path, "id", isUser: false);
        resolve.Should().Throw<FaultException>().Which.Fault.Should().Match<Fault>(fault =>
            fault.Message == message && fault.Field == "linux.cgroupsPath" && fault.Value == path);
    }

    [Fact]
    public void Names_are_as_long_as_systemd_takes_them()
    {
        SystemdPath.IsUnitName(new string('a', 249) + ".scope").Should().BeTrue();
        SystemdPath.IsUnitName(new string('a', 250) + ".scope").Should().BeFalse();
        SystemdPath.IsUnitName("sshd.service").Should().BeFalse();
    }
}
