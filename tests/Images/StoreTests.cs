using System;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class StoreTests
{
    [Theory]
    [InlineData(0u, "/data", "/root", "/var/lib/ocirun/layers")]
    [InlineData(1000u, "/data", "/home/a", "/data/ocirun/layers")]
    [InlineData(1000u, "", "/home/a", "/home/a/.local/share/ocirun/layers")]
    [InlineData(1000u, "relative", "/home/a", "/home/a/.local/share/ocirun/layers")]
    public void The_store_is_the_callers(uint euid, string? data, string? home, string path) =>
        Store.DefaultPath(euid, data, home).Should().Be(path);

    [Fact]
    public void A_user_without_home_has_to_name_one()
    {
        Action find = () => Store.DefaultPath(1000, null, null);
        find.Should().Throw<FaultException>().Which.Fault.Field.Should().Be("--store");
    }
}
