using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxRootfsPropagationTests
{
    [Theory]
    [InlineData("")]
    [InlineData("private")]
    [InlineData("rprivate")]
    [InlineData("slave")]
    [InlineData("rslave")]
    [InlineData("shared")]
    [InlineData("rshared")]
    [InlineData("unbindable")]
    [InlineData("runbindable")]
    public void Known_words_are_taken(string word) => Validating.Linux($"\"rootfsPropagation\": \"{word}\"").Should().BeEmpty();

    [Theory]
    [InlineData("rrslave")]
    [InlineData("r")]
    [InlineData("Slave")]
    [InlineData("none")]
    public void Others_are_refused(string word) =>
        Validating.Linux($"\"rootfsPropagation\": \"{word}\"").Should().Equal(
            $"linux.rootfsPropagation \"{word}\": unknown propagation; "
            + "use one of private, rprivate, slave, rslave, shared, rshared, unbindable, runbindable");
}
