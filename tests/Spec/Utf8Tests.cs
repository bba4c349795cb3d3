using FluentAssertions;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class Utf8Tests
{
    [Fact]
    public void Slices_keep_their_bytes() => new Utf8("abcdef").Slice(2, 3).ToString().Should().Be("cde");
}
