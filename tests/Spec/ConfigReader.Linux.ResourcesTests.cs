using System.Text;
using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderLinuxResourcesTests
{
    private static readonly Config Maximal = ConfigReader.Read(MaximalConfig.Bytes, "config.json");

    [Fact]
    public void Every_field_is_read() => Maximal.Linux!.Resources.Should().BeEquivalentTo(
        new LinuxResources
        {
            Devices =
            [
                new DeviceRule { Allow = false },
                new DeviceRule { Allow = true, Type = "c", Major = 10, Minor = -1, Access = "rwm" },
            ],
            Memory = new LinuxMemory
            {
                Limit = long.MaxValue,
                Reservation = 2,
                Swap = -1,
                Kernel = 4,
                KernelTcp = 5,
                Swappiness = 60,
                DisableOomKiller = true,
                UseHierarchy = false,
                CheckBeforeUpdate = true,
            },
            Cpu = new LinuxCpu
            {
                Shares = 1024,
                Quota = -1,
                Burst = 3,
                Period = 100000,
                RealtimeRuntime = 5,
                RealtimePeriod = 6,
                Cpus = "0-1",
                Mems = "0",
                Idle = 1,
            },
            Pids = new LinuxPids { Limit = -1 },
            BlockIo = new LinuxBlockIo
            {
                Weight = 10,
                LeafWeight = 1000,
                WeightDevice = [new WeightDevice { Major = 8, Minor = 0, Weight = 500, LeafWeight = 300 }],
                ThrottleReadBpsDevice = [new ThrottleDevice { Major = 8, Minor = 1, Rate = 600 }],
                ThrottleWriteBpsDevice = [new ThrottleDevice { Major = 8, Minor = 2, Rate = 700 }],
                ThrottleReadIopsDevice = [new ThrottleDevice { Major = 8, Minor = 3, Rate = 800 }],
                ThrottleWriteIopsDevice = [new ThrottleDevice { Major = 8, Minor = 4, Rate = ulong.MaxValue }],
            },
            HugepageLimits = [new HugepageLimit { PageSize = "2MB", Limit = 9223372036854771712 }],
            Network = new LinuxNetwork { ClassId = 1048577, Priorities = [new InterfacePriority("eth0", 500)] },
            Rdma =
            [
                new RdmaLimit { Device = "mlx5_1", HcaHandles = 3, HcaObjects = 10000 },
                new RdmaLimit { Device = "mlx4_0", HcaObjects = 1000 },
            ],
            Unified = [new Pair("memory.high", "1G"), new Pair("io.max", "8:0 rbps=1\n8:1 rbps=2")],
        },
        options => options.WithStrictOrdering());

    [Fact]
    public void A_resources_document_stands_on_its_own()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"memory": {"limit": 5}, "unified": {"a.b": "c"}}""");
        ConfigReader.ReadResources(json, "resources.json").Should().BeEquivalentTo(
            new LinuxResources { Memory = new LinuxMemory { Limit = 5 }, Unified = [new Pair("a.b", "c")] });
    }

    [Fact]
    public void Map_entries_that_are_null_are_absent()
    {
        LinuxResources read = Members("""
            "linux": {"resources": {"rdma": {"a": null, "b": {}}, "unified": {"x": "1", "x": null}}}
            """).Linux!.Resources!;
        read.Rdma.Should().BeEquivalentTo(new RdmaLimit[] { new() { Device = "b" } });
        read.Unified.Should().BeEmpty();
    }
}
