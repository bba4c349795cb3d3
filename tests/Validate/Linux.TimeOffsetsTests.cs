using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxTimeOffsetsTests
{
    private const string Offsets = "\"timeOffsets\": {\"boottime\": {\"secs\": 1}}";

    [Theory]
    [InlineData(Offsets)]
    [InlineData("\"timeOffsets\": {\"monotonic\": {\"secs\": 1}}")]
    public void They_need_a_time_namespace(string linux) =>
        Rule(linux).Should().Equal("linux.timeOffsets: offsets need a time namespace; "
            + "add {\"type\": \"time\"} to linux.namespaces");

    [Fact]
    public void A_joined_one_has_its_own() =>
        Rule($"{Offsets}, \"namespaces\": [{{\"type\": \"time\", \"path\": \"/proc/1/ns/time\"}}]").Should().Equal(
            "linux.timeOffsets: a joined time namespace has its offsets already; remove them, or the path of the time namespace");

    [Theory]
    [InlineData(Offsets + ", \"namespaces\": [{\"type\": \"time\"}]")]
    [InlineData("\"timeOffsets\": {}")]
    [InlineData("\"timeOffsets\": {\"monotonic\": null}")]
    public void A_new_namespace_or_no_offset_will_do(string linux) => Rule(linux).Should().BeEmpty();

    [Theory]
    [InlineData("monotonic", 999_999_999u, false)]
    [InlineData("monotonic", 1_000_000_000u, true)]
    [InlineData("boottime", 4_294_967_295u, true)]
    public void Nanoseconds_are_less_than_a_second(string clock, uint nanoseconds, bool refused)
    {
        string[] findings = Rule(
            $$"""
            "namespaces": [{"type": "time"}], "timeOffsets": {"{{clock}}": {"secs": -1, "nanosecs": {{nanoseconds}} } }
            """);
        string[] expected =
            [$"linux.timeOffsets.{clock}.nanosecs \"{nanoseconds}\": a second or more; use a number below 1000000000, and secs for the rest"];
        findings.Should().Equal(refused ? expected : []);
    }

    private static string[] Rule(string linux) => Validating.Linux(linux);
}
