using System;
using System.IO;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class CgroupMountTests
{
    [Theory]
    [InlineData("41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/unified")]
    [InlineData("41 31 0:38 / /cg rw shared:4 master:1 - cgroup2 none rw\n", "/cg")]
    [InlineData("1 2 0:1 / / rw - ext4 /dev/sda rw\n41 31 0:38 / /a rw - cgroup2 c rw\n42 31 0:38 / /b rw - cgroup2 c rw", "/a")]
    [InlineData("41 31 0:38 / /with\\040blank\\011tab\\134slash rw - cgroup2 c rw\n", "/with blank\ttab\\slash")]
    [InlineData("41 31 0:38 / /line\\012break rw - cgroup2 c rw\n", "/line\nbreak")]
    [InlineData("41 31 0:38 / /ü\\040 rw - cgroup2 c rw\n", "/ü ")]
    [InlineData("41 31 0:38 / /\\999\\777\\400\\0x1\\04 rw - cgroup2 c rw\n", "/\\999\\777\\400\\0x1\\04")]
    [InlineData("33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n", null)]
    [InlineData("33 31 0:30 / /cgroup2 rw - tmpfs cgroup2 rw\n", null)]
    [InlineData("", null)]
    public void The_mount_is_the_first_cgroup2_line(string table, string? path) =>
        CgroupMount.FromMountinfo(Encoding.UTF8.GetBytes(table))?.Path.Should().Be(path);

    [Theory]
    [InlineData("0::/user.slice/session-1.scope\n", "/user.slice/session-1.scope")]
    [InlineData("4:memory:/x\n1:name=systemd:/y\n0::/z\n", "/z")]
    [InlineData("0::/", "/")]
    [InlineData("10::/wrong\n4:memory:/x\n", "/")]
    [InlineData("", "/")]
    public void The_own_cgroup_is_the_line_of_the_unified_hierarchy(string table, string own) =>
        CgroupMount.OwnFrom(Encoding.UTF8.GetBytes(table)).Should().Be(own);

    [Fact]
    public void This_machines_mount_is_in_mountinfo()
    {
        string? found = CgroupMount.Find()?.Path;
        string[] mounts = [.. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal))];
        if (found is null)
            mounts.Should().BeEmpty();
        else
            mounts.Should().Contain(line => line.Contains($" {found} ", StringComparison.Ordinal));
        File.ReadAllText("/proc/self/cgroup").Should().Contain("0::" + CgroupMount.Own());
    }

    [CgroupFact]
    public void The_opened_mount_is_cgroup2()
    {
        using Fd root = TestCgroup.Mount.Open();
        Sys.fstatfs(root.Number, out statfs fs).Should().Be(0);
        fs.f_type.Should().Be(Uapi.CGROUP2_SUPER_MAGIC);
    }

    [Fact]
    public void A_mount_that_is_covered_by_another_one_is_refused()
    {
        CgroupMount stale = CgroupMount.FromMountinfo("41 31 0:38 / /proc rw - cgroup2 c rw\n"u8)!;
        Action open = () => stale.Open();
        open.Should().Throw<FaultException>().Which.Message.Should().Be("/proc is no cgroup2 file system");
    }
}
