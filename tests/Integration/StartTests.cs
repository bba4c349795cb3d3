using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>start (features.md §1.7).</summary>
[Trait("Category", "Conformance")]
public sealed class StartTests : RuntimeTest
{
    [RuntimeFact]
    public void Starting_twice_is_an_error()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Outcome start = Runtime.Run("start", Id);
        start.Exit.Should().Be(1);
        start.Err.Should().Contain("cannot start an already running container");
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Starting_after_the_end_is_an_error()
    {
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        Outcome start = Runtime.Run("start", Id);
        start.Exit.Should().Be(1);
        start.Err.Should().Contain("cannot start a container that has stopped");
    }
}
