using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class SpecTemplateTests
{
    private static readonly byte[] Root = SpecTemplate.Write(rootless: false, 0, 0);
    private static readonly byte[] Rootless = SpecTemplate.Write(rootless: true, 1000, 1001);

    [Fact]
    public void The_file_is_indented_by_tabs() => Encoding.UTF8.GetString(Root).Should()
        .StartWith("{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n\t\t\"terminal\": true,\n")
        .And.EndWith("\n\t}\n}\n");

    [Fact]
    public void The_process_is_a_shell_with_few_capabilities()
    {
        Utf8[] kept = Texts("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");
        Config config = ConfigReader.Read(Root, "config.json");
        config.OciVersion.ToString().Should().Be("1.3.0");
        config.Hostname.ToString().Should().Be("ocirun");
        config.Root.Should().BeEquivalentTo(new Root { Path = "rootfs", Readonly = true });
        config.Process.Should().BeEquivalentTo(new Process
        {
            Terminal = true,
            User = new User(),
            Args = Texts("sh"),
            Env = Texts("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"),
            Cwd = "/",
            Capabilities = new Capabilities { Bounding = kept, Effective = kept, Permitted = kept },
            Rlimits = [new Rlimit { Type = "RLIMIT_NOFILE", Soft = 1024, Hard = 1024 }],
            NoNewPrivileges = true,
        });
        ConfigReader.Read(Rootless, "config.json").Process.Should().BeEquivalentTo(config.Process);
    }

    [Fact]
    public void The_mounts_are_the_usual_ones() => Mounts(Root).Should().Equal(
        "/proc proc proc ",
        "/dev tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k",
        "/dev/pts devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
        "/dev/shm tmpfs shm nosuid,noexec,nodev,mode=1777,size=65536k",
        "/dev/mqueue mqueue mqueue nosuid,noexec,nodev",
        "/sys sysfs sysfs nosuid,noexec,nodev,ro",
        "/sys/fs/cgroup cgroup cgroup nosuid,noexec,nodev,relatime,ro");

    [Fact]
    public void Rootless_mounts_need_no_other_ids_and_no_network_namespace() => Mounts(Rootless).Should().Equal(
        "/proc proc proc ",
        "/dev tmpfs tmpfs nosuid,strictatime,mode=755,size=65536k",
        "/dev/pts devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620",
        "/dev/shm tmpfs shm nosuid,noexec,nodev,mode=1777,size=65536k",
        "/dev/mqueue mqueue mqueue nosuid,noexec,nodev",
        "/sys none /sys rbind,nosuid,noexec,nodev,ro",
        "/sys/fs/cgroup cgroup cgroup nosuid,noexec,nodev,relatime,ro");

    [Fact]
    public void The_linux_part_isolates_and_denies_devices()
    {
        Linux linux = ConfigReader.Read(Root, "config.json").Linux!;
        linux.Resources.Should().BeEquivalentTo(new LinuxResources { Devices = [new DeviceRule { Access = "rwm" }] });
        Types(linux).Should().Equal("pid", "network", "ipc", "uts", "mount", "cgroup");
        linux.MaskedPaths.Should().Equal(
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi");
        linux.ReadonlyPaths.Should().Equal("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");
        linux.UidMappings.Should().BeNull();
    }

    [Fact]
    public void The_rootless_linux_part_maps_the_caller_to_root()
    {
        Linux linux = ConfigReader.Read(Rootless, "config.json").Linux!;
        linux.Resources.Should().BeNull();
        Types(linux).Should().Equal("pid", "ipc", "uts", "mount", "cgroup", "user");
        linux.UidMappings.Should().Equal(new IdMapping(0, 1000, 1));
        linux.GidMappings.Should().Equal(new IdMapping(0, 1001, 1));
        linux.MaskedPaths.Should().HaveCount(10);
    }

    [SchemaFact]
    public void Both_obey_the_schema()
    {
        Schema.Errors("config-schema.json", Root).Should().BeEmpty();
        Schema.Errors("config-schema.json", Rootless).Should().BeEmpty();
    }

    private static string[] Mounts(byte[] json) => ConfigReader.Read(json, "config.json").Mounts!
        .Select(mount => $"{mount.Destination} {mount.Type} {mount.Source} {string.Join(',', mount.Options ?? [])}").ToArray();

    private static string[] Types(Linux linux) => linux.Namespaces!.Select(joined => joined.Type.ToString()).ToArray();
}
