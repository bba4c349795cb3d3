using FluentAssertions;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class PathsTests
{
    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/", "/")]
    [InlineData("//", "/")]
    [InlineData("/a//b/", "/a/b")]
    [InlineData("/a/./b/.", "/a/b")]
    [InlineData("/a/../b", "/a/../b")]
    [InlineData("/a/.b", "/a/.b")]
    public void Absolute_paths_lose_what_means_nothing(string path, string expected) =>
        Paths.Absolute(path, "x").Should().Be(expected);

    [Fact]
    public void Relative_paths_start_at_the_working_directory() =>
        Paths.Absolute("a/b", "x").Should().Be(System.IO.Directory.GetCurrentDirectory().TrimEnd('/') + "/a/b");
}
