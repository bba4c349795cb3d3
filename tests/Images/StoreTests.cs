using System;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class StoreTests
{
    [Theory]
    [InlineData(true, "/data", "/root", "/var/lib/ocirun/layers")]
    [InlineData(false, "/data", "/home/a", "/data/ocirun/layers")]
    [InlineData(false, "", "/home/a", "/home/a/.local/share/ocirun/layers")]
    [InlineData(false, "relative", "/home/a", "/home/a/.local/share/ocirun/layers")]
    public void The_store_is_the_callers(bool isRoot, string? data, string? home, string path) =>
        Store.DefaultPath(isRoot, data, home).Should().Be(path);

    [Fact]
    public void A_user_without_home_has_to_name_one()
    {
        Action find = () => Store.DefaultPath(false, null, null);
        find.Should().Throw<FaultException>().Which.Fault.Field.Should().Be("--store");
    }
}
