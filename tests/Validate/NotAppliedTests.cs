using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class NotAppliedTests
{
    private const string Field = "this field is not applied by this version; remove it";

    [Theory]
    [InlineData("\"mountLabel\": \"a:b:c\"", "linux.mountLabel \"a:b:c\"")]
    public void Fields_of_linux_are_refused(string member, string field) =>
        Validating.Linux("\"namespaces\": [{\"type\": \"time\"}], " + member).Should().Equal($"{field}: {Field}");

    [Theory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    [InlineData("startContainer")]
    [InlineData("poststart")]
    [InlineData("poststop")]
    public void Hooks_are_refused_by_the_path_of_the_first(string list) =>
        Validating.Members($$"""
            "hooks": {"{{list}}": [{"path": "/bin/a"}, {"path": "/bin/b"}]}
            """).Should().Equal($"hooks.{list}[0].path \"/bin/a\": hooks are not applied by this version; remove them");

    [Fact]
    public void Every_list_of_hooks_is_refused() =>
        Validating.Members("\"hooks\": {\"poststop\": [{\"path\": \"/b\"}], \"prestart\": [{\"path\": \"/a\"}]}").Should().Equal(
            "hooks.prestart[0].path \"/a\": hooks are not applied by this version; remove them",
            "hooks.poststop[0].path \"/b\": hooks are not applied by this version; remove them");

    [Theory]
    [InlineData("shared")]
    [InlineData("rshared")]
    public void Sharing_with_the_host_is_refused(string word) =>
        Validating.Linux($"\"rootfsPropagation\": \"{word}\"").Should().Equal(
            $"linux.rootfsPropagation \"{word}\": sharing mounts with the host is not applied by this version; "
            + "use one of private, rprivate, slave, rslave, unbindable, runbindable");

    [Theory]
    [InlineData("uidMappings")]
    [InlineData("gidMappings")]
    public void Mapped_mounts_are_refused(string field) =>
        Validating.Members($$"""
            "mounts": [
              {"destination": "/a", "source": "/a", "options": ["bind"],
               "{{field}}": [{"containerID": 0, "hostID": 1, "size": 1}]}
            ]
            """).Should().Equal(
            $"mounts[0].{field}: id-mapped mounts are not applied by this version; "
            + "remove uidMappings and gidMappings from the mount");

    [Fact]
    public void Empty_fields_ask_for_nothing() =>
        Validating.Members("""
            "process": {
              "args": ["sh"], "cwd": "/", "apparmorProfile": "", "selinuxLabel": "", "ioPriority": null,
              "scheduler": null, "execCPUAffinity": {}
            },
            "mounts": [{"destination": "/a", "type": "tmpfs", "uidMappings": [], "gidMappings": []}],
            "hooks": {"prestart": [], "poststop": null},
            "linux": {
              "timeOffsets": {}, "netDevices": {}, "mountLabel": "", "intelRdt": null, "memoryPolicy": null,
              "personality": {"domain": "LINUX"}, "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/x"}
            }
            """).Should().BeEmpty();

    [Fact]
    public void They_have_a_code_of_their_own_and_come_last() =>
        Validating.Faults("""
            "process": {"args": ["sh"], "cwd": "tmp"}, "root": {"path": "rootfs"},
            "hooks": {"prestart": [{"path": "/a"}]},
            "linux": {"rootfsPropagation": "shared"}
            """).Select(finding => (finding.Field, finding.Code)).Should().Equal(
            ("process.cwd", null),
            ("hooks.prestart[0].path", "unsupported-field"),
            ("linux.rootfsPropagation", "unsupported-field"));
}
