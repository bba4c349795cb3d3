using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderHooksTests
{
    [Fact]
    public void Every_field_is_read() => ConfigReader.Read(MaximalConfig.Bytes, "config.json").Hooks.Should().BeEquivalentTo(
        new Hooks
        {
            Prestart = [Hook(0, "prestart")],
            CreateRuntime = [Hook(1, "createRuntime")],
            CreateContainer = [Hook(2, "createContainer")],
            StartContainer = [Hook(3, "startContainer")],
            Poststart = [Hook(4, "poststart")],
            Poststop = [Hook(5, "poststop"), new Hook { Path = "/h/6" }],
        },
        options => options.WithStrictOrdering());

    [Theory]
    [InlineData("0", 0L)]
    [InlineData("-1", -1L)]
    [InlineData("null", null)]
    public void Timeouts_keep_what_validation_has_to_refuse(string json, long? timeout) =>
        Members($$"""
            "hooks": {"poststop": [{"timeout": {{json}}}]}
            """).Hooks!.Poststop![0].Timeout.Should().Be(timeout);

    private static Hook Hook(int number, string name) => new()
    {
        Path = $"/h/{number}",
        Args = Texts(name, "a"),
        Env = Texts($"N={number}"),
        Timeout = number + 1,
    };
}
