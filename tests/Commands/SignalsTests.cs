using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class SignalsTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("9", 9)]
    [InlineData("64", 64)]
    [InlineData("015", 15)]
    [InlineData("KILL", 9)]
    [InlineData("SIGKILL", 9)]
    [InlineData("sigterm", 15)]
    [InlineData("Hup", 1)]
    [InlineData("winch", 28)]
    [InlineData("SIGSYS", 31)]
    [InlineData("IOT", 6)]
    [InlineData("SIGCLD", 17)]
    [InlineData("POLL", 29)]
    [InlineData("RTMIN", 34)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("rtmin+30", 64)]
    [InlineData("RTMAX", 64)]
    [InlineData("SIGRTMAX-14", 50)]
    public void Numbers_and_names_are_known(string text, int expected) => Signals.Parse(text).Should().Be(expected);

    [Theory]
    [InlineData("")]
    [InlineData("65")]
    [InlineData("-9")]
    [InlineData("9x")]
    [InlineData("99999999999999999999")]
    [InlineData("SIG")]
    [InlineData("SIGSIGKILL")]
    [InlineData("NOPE")]
    [InlineData("RTMIN-1")]
    [InlineData("RTMAX+1")]
    [InlineData("RTMIN+31")]
    [InlineData("RTMIN+")]
    public void Others_are_named(string text) =>
        FluentActions.Invoking(() => Signals.Parse(text)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().StartWith($"unknown signal \"{text}\"");
}
