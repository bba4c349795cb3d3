using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class RootTests
{
    [Fact]
    public void It_is_needed() =>
        Validating.Members("\"root\": null").Should().Equal("root: missing; "
            + "name the directory of the root file system in root.path");

    [Theory]
    [InlineData("{}", "missing")]
    [InlineData("{\"path\": null}", "missing")]
    [InlineData("{\"path\": \"\"}", "must not be empty")]
    public void Its_path_is_needed(string root, string message) =>
        Validating.Members($"\"root\": {root}").Should().Equal(
            $"root.path: {message}; name the directory of the root file system, absolute or relative to the bundle");

    [Theory]
    [InlineData("rootfs")]
    [InlineData("/srv/rootfs")]
    public void Its_path_may_be_relative(string path) => Validating.Members($$"""
        "root": {"path": "{{path}}"}
        """).Should().BeEmpty();
}
