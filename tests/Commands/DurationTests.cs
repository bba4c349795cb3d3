using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>The values are those of Go's time.ParseDuration.</summary>
public sealed class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("5s", 5_000_000_000)]
    [InlineData("500ms", 500_000_000)]
    [InlineData("1h2m3.5s", 3_723_500_000_000)]
    [InlineData("-1.5h", -5_400_000_000_000)]
    [InlineData("+.5m", 30_000_000_000)]
    [InlineData("1.s", 1_000_000_000)]
    [InlineData("3us2ns", 3002)]
    [InlineData("1\u00b5s1\u03bcs", 2000)]
    public void Accepted(string text, long nanoseconds) => Duration.Parse(text, "interval").Should().Be(nanoseconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-")]
    [InlineData("1x")]
    [InlineData("1.2.3s")]
    [InlineData(".s")]
    [InlineData("5 s")]
    [InlineData("1e3s")]
    [InlineData("300000000h")]
    [InlineData("99999999999999999999h")]
    [InlineData("2562047h1h")]
    public void Refused(string text) => FluentActions.Invoking(() => Duration.Parse(text, "interval")).Should().Throw<FaultException>()
        .Which.Fault.Text().Should().Contain($"invalid value \"{text}\" for flag -interval: parse error");
}
