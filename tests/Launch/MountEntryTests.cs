using System.Text;
using FluentAssertions;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

public class MountEntryTests
{
    [Fact]
    public void A_line_is_read_with_its_optional_fields()
    {
        MountEntry.Parse("""
            36 35 98:0 /a\040b /mnt/\134x rw,noatime shared:12 master:7 propagate_from:3 - ext3 /dev/root rw
            37 36 0:5 / /dev rw - devtmpfs shared:9 rw

            """u8).Should().Equal(
            new MountEntry { Device = "98:0", Root = "/a b", Point = "/mnt/\\x", Shared = 12, Master = 7 },
            new MountEntry { Device = "0:5", Root = "/", Point = "/dev" });
    }

    [Fact]
    public void The_mounts_of_a_process_can_be_read()
    {
        MountEntry.Read("/proc/self/mountinfo").Should().Contain(entry => entry.Point == "/proc" && entry.Root == "/");
        MountEntry.Read("/proc/self/none").Should().BeEmpty();
    }

    [Theory]
    [InlineData("/a/b", "/a", "/b")]
    [InlineData("/a", "/a", "")]
    [InlineData("/ab", "/a", null)]
    [InlineData("/", "/", "")]
    [InlineData("/a", "/", "/a")]
    [InlineData("/", "/a", null)]
    public void What_follows_a_directory_in_a_path(string path, string directory, string? rest) =>
        (CriuBind.Rest(path, directory) is { } found ? Encoding.UTF8.GetString(found.Span) : null).Should().Be(rest);
}
