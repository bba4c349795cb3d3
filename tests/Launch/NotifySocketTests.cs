using System.Text;
using FluentAssertions;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class NotifySocketTests
{
    [Theory]
    [InlineData("READY=1", "READY=1")]
    [InlineData("READY=1\n", "READY=1")]
    [InlineData("STATUS=up\nREADY=1\nX=1", "READY=1")]
    [InlineData("\n\nREADY=1", "READY=1")]
    [InlineData("READY=1\nREADY=2", "READY=1")]
    [InlineData("READY=", "READY=")]
    [InlineData("NOTREADY=1", "")]
    [InlineData("ready=1", "")]
    [InlineData("STATUS=READY=1", "")]
    [InlineData("READY=1\0", "")]
    [InlineData("", "")]
    public void The_first_line_that_says_so(string datagram, string line) =>
        Encoding.UTF8.GetString(NotifySocket.FindReady(Encoding.UTF8.GetBytes(datagram))).Should().Be(line);
}
