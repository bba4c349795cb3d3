using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class CgroupRestorationTests
{
    [Theory]
    [InlineData("memory.max", "5", "max\n", "max")]
    [InlineData("cpu.max", "5000 100000", "max 100000\n", "max 100000")]
    [InlineData("cpuset.cpus", "0", "", "\n")]
    [InlineData("cpuset.cpus", "0", "\n", "\n")]
    [InlineData("io.max", "8:0 rbps=1", "", "8:0 rbps=max wbps=max riops=max wiops=max")]
    [InlineData("io.max", "8:0 rbps=1", "8:16 rbps=9 wbps=max riops=max wiops=max\n", "8:0 rbps=max wbps=max riops=max wiops=max")]
    [InlineData("io.max", "8:0 rbps=1", "8:0 rbps=9 wbps=max riops=max wiops=max\n", "8:0 rbps=9 wbps=max riops=max wiops=max")]
    [InlineData("io.weight", "50", "default 100\n8:0 20\n", "default 100|8:0 20")]
    [InlineData("io.bfq.weight", "8:16 50", "default 100\n8:0 20\n", "8:16 default")]
    [InlineData("rdma.max", "mlx5 hca_handle=1", "mlx5 hca_handle=max hca_object=7\n", "mlx5 hca_handle=max hca_object=7")]
    [InlineData("rdma.max", "mlx5 hca_handle=1", "", "mlx5 hca_handle=max hca_object=max")]
    public void The_old_content_gives_the_writes_that_lead_back(string file, string text, string content, string lines) =>
        string.Join('|', CgroupRestoration.Lines(file, text, content)).Should().Be(lines);

    [Theory]
    [InlineData(5000L, null, "7000 50000\n", 5000L, 50_000UL)]
    [InlineData(null, 20_000UL, "7000 50000\n", 7000L, 20_000UL)]
    [InlineData(0L, 20_000UL, "max 100000\n", -1L, 20_000UL)]
    [InlineData(5000L, null, null, 5000L, null)]
    [InlineData(5000L, null, "max x\n", 5000L, null)]
    [InlineData(5000L, null, "max 18446744073709551616\n", 5000L, null)]
    [InlineData(null, 20_000UL, "x 100000\n", null, 20_000UL)]
    public void The_half_that_was_left_out_is_the_one_in_force(long? quota, ulong? period, string? file, long? newQuota, ulong? newPeriod)
    {
        LinuxCpu cpu = new() { Quota = quota, Period = period };
        ResourcesInForce.CompleteBandwidth(cpu, file);
        (cpu.Quota, cpu.Period).Should().Be((newQuota, newPeriod));
    }

    [Theory]
    [InlineData("max\n", -1L)]
    [InlineData("4096\n", 4096L)]
    [InlineData(null, null)]
    public void A_limit_of_swap_counts_from_the_limit_in_force(string? file, long? limit)
    {
        LinuxMemory memory = new() { Swap = 8192 };
        ResourcesInForce.CompleteMemory(memory, file);
        memory.Limit.Should().Be(limit);
    }

    [Theory]
    [InlineData("oom_kill", 2)]
    [InlineData("oom", 1)]
    [InlineData("oo", 0)]
    [InlineData("max", 0)]
    public void A_flat_keyed_file_is_read_by_key(string key, long value) =>
        CgroupValue.Keyed("low 0\nhigh 0\nmax 0\noom 1\noom_kill 2\noom_group_kill 9\n", key).Should().Be(value);

    [Theory]
    [InlineData("memory", true)]
    [InlineData("io", true)]
    [InlineData("cpuset", true)]
    [InlineData("cpu", true)]
    [InlineData("hugetlb", false)]
    [InlineData("rdma", false)]
    public void Controllers_of_version_1_are_known(string controller, bool bound) => CgroupController.IsVersion1(
        "12:cpuset:/\n4:blkio:/x\n3:memory:/\n2:cpu,cpuacct:/user.slice\n1:name=systemd:/\n0::/\n", controller).Should().Be(bound);
}
