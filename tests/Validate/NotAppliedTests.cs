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
    [InlineData("\"listenerPath\": \"/run/x\", ")]
    [InlineData("")]
    public void Notification_is_refused_once(string listener) =>
        Validating.Linux($$"""
            "seccomp": {
              "defaultAction": "SCMP_ACT_ALLOW", {{listener}}
              "syscalls": [
                {"names": ["read"], "action": "SCMP_ACT_ERRNO"},
                {"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}, {"names": ["umount2"], "action": "SCMP_ACT_NOTIFY"}
              ]
            }
            """).Should().Equal(
            "linux.seccomp.syscalls[1].action \"SCMP_ACT_NOTIFY\": this action is not applied by this version; "
            + "use SCMP_ACT_ERRNO, or remove the rule");

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
            "linux": {"rootfsPropagation": "shared"}
            """).Select(finding => (finding.Field, finding.Code)).Should().Equal(
            ("process.cwd", null),
            ("linux.rootfsPropagation", "unsupported-field"));
}
