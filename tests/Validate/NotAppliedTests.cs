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
            "linux": {"mountLabel": "a:b:c"}
            """).Select(finding => (finding.Field, finding.Code)).Should().Equal(
            ("process.cwd", null),
            ("linux.mountLabel", "unsupported-field"));
}
