using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class NotAppliedTests
{
    [Theory]
    [InlineData("shared")]
    [InlineData("rshared")]
    public void Sharing_with_the_host_is_refused(string word) =>
        Validating.Linux($"\"rootfsPropagation\": \"{word}\"").Should().Equal(
            $"linux.rootfsPropagation \"{word}\": sharing mounts with the host is not applied by this version; "
            + "use one of private, rprivate, slave, rslave, unbindable, runbindable");

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
