using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

/// <summary>What CRIU 4.1 restores, tried out with each of these tables (criu/mount-v2.c, do_set_group of the kernel).</summary>
public class CriuSharingTests
{
    private static readonly List<CriuBind> Data = [new("/data", "/disk/source")];

    private const string Wide = "1 0 8:1 / /disk rw shared:5 - ext4 /dev/sda rw";

    // The kernel lists binds first: their mounts are made before that of the root.
    private const string Slaves = """
        10 11 8:1 /source /data rw master:5 - ext4 /dev/sda rw
        11 9 8:1 /box/rootfs / rw master:5 - ext4 /dev/sda rw
        """;

    [Theory]
    [InlineData(Wide, Slaves, "/disk/box/rootfs")]
    [InlineData(Wide + "\n2 1 8:1 /box/rootfs /mnt rw shared:5 - ext4 /dev/sda rw", Slaves, "/mnt", "/data")]
    [InlineData("1 0 8:1 / /disk rw - ext4 /dev/sda rw", Slaves, "/disk/box/rootfs", "/data", "/")]
    [InlineData(Wide, "10 11 8:1 /source /data rw - ext4 /dev/sda rw\n11 9 8:1 /box/rootfs / rw master:5 - ext4 /dev/sda rw", "/mnt")]
    [InlineData(Wide + "\n2 1 8:1 /box/rootfs /mnt rw shared:5 - ext4 /dev/sda rw", "10 9 8:1 /box/rootfs / rw master:5 - ext4 /dev/sda rw\n11 10 8:1 /source /data rw master:5 - ext4 /dev/sda rw", "/mnt")]
    [InlineData(Wide, "10 11 8:1 /source /data rw shared:5 - ext4 /dev/sda rw\n11 9 8:1 /box/rootfs / rw shared:7 master:5 - ext4 /dev/sda rw", "/disk/box/rootfs", "/")]
    [InlineData(Wide, "10 9 8:1 / / rw shared:5 - ext4 /dev/sda rw\n11 10 8:1 /source /data rw master:5 - ext4 /dev/sda rw", "/none")]
    [InlineData("1 0 8:2 / /disk rw shared:5 - ext4 /dev/sdb rw", Slaves, "/disk/box/rootfs")]
    [InlineData(Wide, "10 9 8:1 /box/rootfs / rw shared:7 - ext4 /dev/sda rw\n11 10 8:1 /source /data rw shared:7 - ext4 /dev/sda rw", "/none", "/")]
    public void Mounts_are_lost_that_the_mount_that_is_tried_does_not_show(string host, string own, string rootfs, params string[] lost) =>
        CriuSharing.Lost(Table(own), Table(host), Data, rootfs).Select(mount => mount.Point.ToString()).Should().Equal(lost);

    private static List<MountEntry> Table(string text) => MountEntry.Parse(System.Text.Encoding.UTF8.GetBytes(text));
}
