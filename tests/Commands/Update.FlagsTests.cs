using FluentAssertions;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class UpdateFlagsTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("-1", -1L)]
    [InlineData("67108864", 67_108_864L)]
    [InlineData("64k", 65_536L)]
    [InlineData("64K", 65_536L)]
    [InlineData("64kb", 65_536L)]
    [InlineData("64KiB", 65_536L)]
    [InlineData("64M", 67_108_864L)]
    [InlineData("1.5g", 1_610_612_736L)]
    [InlineData("2t", 2_199_023_255_552L)]
    [InlineData("5b", 5L)]
    [InlineData("5 m", 5_242_880L)]
    [InlineData("", null)]
    [InlineData("-2", null)]
    [InlineData("m", null)]
    [InlineData("5x", null)]
    [InlineData("5mm", null)]
    [InlineData("1e3", null)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("9223372036854775808", null)]
    [InlineData("99999999999999p", null)]
    public void A_size_is_read(string text, long? bytes) => Update.ParseSize(text).Should().Be(bytes);
}
