using FluentAssertions;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class DescriptorTests
{
    [Theory]
    [InlineData("linux/amd64", "linux/amd64", true)]
    [InlineData("linux/amd64", "linux/amd64/v1", true)]
    [InlineData("linux/amd64", "linux/amd64/v3", false)]
    [InlineData("linux/amd64/v3", "linux/amd64/v3", true)]
    [InlineData("linux/arm64", "linux/arm64/v8", true)]
    [InlineData("linux/arm/v7", "linux/arm/v6", false)]
    [InlineData("linux/amd64", "windows/amd64", false)]
    [InlineData("linux/amd64", "unknown/unknown", false)]
    public void A_platform_takes_its_own_images(string wanted, string image, bool takes) =>
        Platform.Parse(wanted)!.Value.Takes(Platform.Parse(image)!.Value).Should().Be(takes);

    [Theory]
    [InlineData("linux")]
    [InlineData("linux/")]
    [InlineData("linux/a/b/c")]
    [InlineData("")]
    public void Other_texts_are_no_platform(string text) => Platform.Parse(text).Should().BeNull();
}
