using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class HooksTests
{
    [Theory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    [InlineData("startContainer")]
    [InlineData("poststart")]
    [InlineData("poststop")]
    public void Every_list_is_judged(string list) =>
        Hooks($$"""{"{{list}}": [{"path": "/a", "timeout": 1}, {"path": "b"}, {}, {"path": "/c", "timeout": 0}, {"path": "/d", "timeout": -1}]}""").Should().Equal(
            $"hooks.{list}[1].path \"b\": must be an absolute path; hooks are not searched for in PATH",
            $"hooks.{list}[2].path: missing; hooks are not searched for in PATH",
            $"hooks.{list}[3].timeout \"0\": must be a number of seconds above 0; remove it for no limit",
            $"hooks.{list}[4].timeout \"-1\": must be a number of seconds above 0; remove it for no limit");

    [Fact]
    public void Sound_hooks_have_no_findings() =>
        Hooks("""{"prestart": [], "poststop": [{"path": "/x", "args": ["x"], "env": ["A=b"], "timeout": 3155760000}]}""").Should().BeEmpty();

    private static string[] Hooks(string hooks) => Validating.Members($"\"hooks\": {hooks}");
}
