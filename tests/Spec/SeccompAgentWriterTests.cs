using System.Text;
using FluentAssertions;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class SeccompAgentWriterTests
{
    private static readonly StateDocument State = new("1.3.0", "id", 7, "creating", "/b", "/b/r", "now", [new Pair("k", "v")], "");

    [Fact]
    public void The_members_are_those_of_the_specification() =>
        Encoding.UTF8.GetString(SeccompAgentWriter.Write(7, "me\"ta", State)).Should().Be(
            """{"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"metadata":"me\"ta","state":{"ociVersion":"1.3.0","id":"id","status":"creating","pid":7,"bundle":"/b","annotations":{"k":"v"}}}""");

    [Fact]
    public void Empty_metadata_is_left_out() =>
        Encoding.UTF8.GetString(SeccompAgentWriter.Write(7, default, State with { Annotations = null })).Should().Be(
            """{"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"state":{"ociVersion":"1.3.0","id":"id","status":"creating","pid":7,"bundle":"/b"}}""");
}
