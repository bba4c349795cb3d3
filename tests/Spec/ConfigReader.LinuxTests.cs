using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderLinuxTests
{
    [Fact]
    public void Every_field_is_read() => ConfigReader.Read(MaximalConfig.Bytes, "config.json").Linux.Should().BeEquivalentTo(
        new Linux
        {
            UidMappings = [new IdMapping(0, 100000, 65536)],
            GidMappings = [new IdMapping(0, 200000, 65536)],
            TimeOffsets = new TimeOffsets
            {
                Monotonic = new TimeOffset { Secs = long.MinValue, Nanosecs = 1 },
                Boottime = new TimeOffset { Secs = 86400, Nanosecs = 999_999_999 },
            },
            Sysctl = [new Pair("net.ipv4.ip_forward", "1"), new Pair("kernel.msgmax", "65536")],
            CgroupsPath = "/a/b",
            Namespaces = [new Namespace { Type = "pid" }, new Namespace { Type = "network", Path = "/run/netns/x" }],
            Devices =
            [
                new LinuxDevice { Type = "c", Path = "/dev/fuse", Major = 10, Minor = 229, FileMode = 438, Uid = 1, Gid = 2 },
                new LinuxDevice { Type = "p", Path = "/dev/pipe" },
            ],
            NetDevices = [new NetDevice("eth1", "net0"), new NetDevice("eth2", default)],
            RootfsPropagation = "slave",
            MaskedPaths = Texts("/proc/kcore"),
            ReadonlyPaths = Texts("/proc/sys", "/proc/bus"),
            MountLabel = "system_u:object_r:svirt_sandbox_file_t:s0",
            IntelRdt = new IntelRdt
            {
                ClosId = "guaranteed",
                Schemata = Texts("L3:0=7f", "MB:0=20"),
                L3CacheSchema = "L3:0=f",
                MemBwSchema = "MB:0=70",
                EnableMonitoring = true,
            },
            MemoryPolicy = new MemoryPolicy { Mode = "MPOL_BIND", Nodes = "0-1", Flags = Texts("MPOL_F_STATIC_NODES") },
            Personality = new Personality { Domain = "LINUX32", Flags = Texts("NONE") },
        },
        options => options.WithStrictOrdering().Excluding(linux => linux.Resources).Excluding(linux => linux.Seccomp));

    [Fact]
    public void A_clock_that_has_no_offset_is_refused() =>
        MemberRefusal("\"linux\": {\"timeOffsets\": {\"realtime\": {\"secs\": 1}}}").Should().Be(
            "linux.timeOffsets.realtime: unknown clock; use monotonic or boottime");

    [Fact]
    public void A_device_owner_cannot_be_the_id_that_means_unchanged() =>
        MemberRefusal("\"linux\": {\"devices\": [{\"gid\": 4294967295}]}").Should().Be(
            "linux.devices[0].gid: expected an integer from 0 to 4294967294, found 4294967295; " +
            "setresuid(2) and chown(2) take 4294967295 as 'leave unchanged'");

    [Fact]
    public void Removed_fields_are_ignored() =>
        Members("\"linux\": {\"intelRdt\": {\"enableCMT\": true, \"enableMBM\": 3}}").Linux!.IntelRdt.Should()
            .BeEquivalentTo(new IntelRdt());
}
