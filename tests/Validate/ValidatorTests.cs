using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using OciRun.Tests.Spec;
using OciRun.Validate;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class ValidatorTests
{
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

    private const string Sound = """
        "process": {
          "user": {"uid": 0, "gid": 0, "umask": 18, "additionalGids": [5]}, "args": ["/bin/true"], "cwd": "/",
          "env": ["PATH=/bin"],
          "capabilities": {"bounding": ["CAP_KILL", "CAP_OF_TOMORROW"]}, "oomScoreAdj": 100,
          "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}, {"type": "RLIMIT_CORE", "hard": 0, "soft": 0}]
        },
        "root": {"path": "rootfs", "readonly": true}, "hostname": "box", "domainname": "example.org",
        "mounts": [
          {"destination": "/proc", "type": "proc", "source": "proc"},
          {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "newinstance", "gid=5"]},
          {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "relatime", "ro"]},
          {"destination": "/srv", "source": "/srv", "options": ["ro", "rbind"]}
        ],
        "annotations": {"a": "", "b": "c"},
        "linux": {
          "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
          "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
          "namespaces": [
            {"type": "pid"}, {"type": "network", "path": "/run/netns/x"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
            {"type": "cgroup"}, {"type": "user"}
          ],
          "sysctl": {"net.ipv4.ip_forward": "1", "kernel.shmmax": "65536"},
          "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}],
          "rootfsPropagation": "rslave",
          "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
          "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}
        }
        """;

    [Fact]
    public void A_sound_config_has_no_findings() => Validating.Bare(Sound).Should().BeEmpty();

    [Fact]
    public void A_sound_config_has_none_for_a_user_either() => Validating.Bare(Sound, Validating.Rootless).Should().BeEmpty();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_template_has_no_findings(bool rootless)
    {
        Config config = ConfigReader.Read(SpecTemplate.Write(rootless, 1000, 1000), "config.json");
        Validating.Texts(config, rootless ? Validating.Rootless : Validating.Root).Should().BeEmpty();
    }

    [Fact]
    public void Linux_may_be_absent() =>
        Validating.Bare("\"process\": {\"args\": [\"sh\"], \"cwd\": \"/\"}, \"root\": {\"path\": \"rootfs\"}").Should().BeEmpty();

    [Fact]
    public void Nothing_is_allocated_without_findings_but_the_list()
    {
        Config config = Reading.Members(Sound);
        Validator.Check(config, Validating.Rootless);
        long empty = Allocated(static () => new List<Fault>());
        Allocated(() => Validator.Check(config, Validating.Rootless)).Should().Be(empty);
    }

    [Fact]
    public void All_findings_are_returned_in_the_order_of_the_file() =>
        Validating.Bare("""
            "process": {"args": [], "cwd": "tmp", "env": ["A"], "rlimits": [{"type": "RLIMIT_X"}],
                        "oomScoreAdj": 2000, "ioPriority": {}},
            "root": {},
            "hostname": "box",
            "mounts": [{"type": "tmpfs"}],
            "annotations": {"": "x"},
            "linux": {
              "namespaces": [{"type": "disk"}],
              "uidMappings": [{"containerID": 0, "hostID": 0, "size": 1}],
              "sysctl": {"vm.swappiness": "1"},
              "devices": [{"path": "fuse", "type": "p"}],
              "rootfsPropagation": "open",
              "mountLabel": "x"
            }
            """).Select(text => text[..text.IndexOf(": ", StringComparison.Ordinal)]).Should().Equal(
            "process.args",
            "process.env[0] \"A\"",
            "process.cwd \"tmp\"",
            "process.rlimits[0].type \"RLIMIT_X\"",
            "process.oomScoreAdj \"2000\"",
            "process.ioPriority.class",
            "root.path",
            "hostname \"box\"",
            "mounts[0].destination",
            "annotations[\"\"] \"x\"",
            "linux.namespaces[0].type \"disk\"",
            "linux.uidMappings",
            "linux.sysctl[\"vm.swappiness\"]",
            "linux.devices[0].path \"fuse\"",
            "linux.rootfsPropagation \"open\"",
            "linux.mountLabel \"x\"");

    [Fact]
    public void The_number_of_findings_is_bounded()
    {
        string env = string.Join(',', Enumerable.Repeat("\"A\"", Validator.MaximumFindings + 1));
        Validating.Process($"\"env\": [{env}]").Should().HaveCount(Validator.MaximumFindings)
            .And.EndWith("process.env[999] \"A\": a variable needs the form NAME=value");
    }

    [Fact]
    public void Long_values_are_cut_between_characters() =>
        Validating.Process($"\"env\": [\"{new string('a', 255)}\u00e9bc\"]").Should().Equal(
            $"process.env[0] \"{new string('a', 255)}...\": a variable needs the form NAME=value");

    private static long Allocated(Func<object> action)
    {
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
