using FluentAssertions;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class UserNamesTests
{
    [Theory]
    [InlineData(0, "root")]
    [InlineData(5, "five")]
    [InlineData(6, "#6")]
    public void Names_come_from_passwd(uint uid, string expected) =>
        new UserNames("bad line\nroot:x:0:0:root:/root:/bin/sh\nfive:x:5:6::/:\n+::::::\n").Find(uid).Should().Be(expected);
}
