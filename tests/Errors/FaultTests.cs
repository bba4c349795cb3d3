using System;
using FluentAssertions;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Errors;

public sealed class FaultTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\nb\tc\rd", "a\\nb\\tc\\rd")]
    [InlineData("\u001b[31m\u0000\u007f", "\\x1b[31m\\x00\\x7f")]
    [InlineData("\u0080\u009f\u00a0é", "\\x80\\x9f\u00a0é")]
    public void Control_characters_are_shown_as_what_they_are(string value, string shown) =>
        new Fault("wrong") { Field = "hostname", Value = value }.Text().Should().Be($"hostname \"{shown}\": wrong");

    [Fact]
    public void Megabytes_of_control_characters_cost_memory_in_proportion()
    {
        string value = new('\u0001', 2_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        new Fault("wrong") { Field = "hostname", Value = value }.Text().Should().HaveLength("hostname \"\": wrong".Length + (4 * value.Length));
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(400L * value.Length);
    }
}
