using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class AnnotationsTests
{
    [Fact]
    public void A_key_must_not_be_empty() =>
        Validating.Members("\"annotations\": {\"a\": \"b\", \"\": \"c\"}").Should().Equal(
            "annotations[\"\"] \"c\": a key must not be empty; name it, or remove it");

    [Fact]
    public void A_value_may_be_empty() => Validating.Members("\"annotations\": {\"a\": \"\"}").Should().BeEmpty();
}
