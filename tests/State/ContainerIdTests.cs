using FluentAssertions;
using OciRun.Errors;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.State;

public sealed class ContainerIdTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("A-Za-z0-9_+.-")]
    [InlineData(".hidden")]
    [InlineData("..x")]
    [InlineData("-x")]
    public void Names_of_the_allowed_characters_are_ids(string id) => ContainerId.IsValid(id).Should().BeTrue();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("a\n")]
    [InlineData("a%2fb")]
    [InlineData("٣")]
    [InlineData("a b")]
    [InlineData("\ufffd")]
    public void Anything_else_is_refused(string id) => ContainerId.IsValid(id).Should().BeFalse();

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(4096, false)]
    public void The_longest_id_is_the_longest_file_name(int length, bool valid) =>
        ContainerId.IsValid(new string('a', length)).Should().Be(valid);

    [Theory]
    [InlineData("", "container id cannot be empty")]
    [InlineData("../x", "container id \"../x\": invalid container ID format")]
    [InlineData("a\nb", "container id \"a\\nb\": invalid container ID format")]
    public void The_text_is_what_callers_know_and_names_the_id(string id, string expected) =>
        FluentActions.Invoking(() => ContainerId.Check(id))
            .Should().Throw<FaultException>().Which.Fault.Text().Should().StartWith(expected);
}
