using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class ProcessRlimitsTests
{
    private const string Known =
        "RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, "
            + "RLIMIT_NICE, "
        + "RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK";

    [Fact]
    public void All_sixteen_types_are_taken_at_once()
    {
        string[] types = Known.Split(", ");
        types.Should().HaveCount(16);
        Limits(types.Select(type => $$"""{"type": "{{type}}", "soft": 1, "hard": 2}""").ToArray()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("RLIMIT_X")]
    [InlineData("NOFILE")]
    [InlineData("rlimit_nofile")]
    [InlineData("RLIMIT_NOFILE ")]
    [InlineData("")]
    public void Another_type_is_refused(string type) =>
        Limits(
            """{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}""",
            $$"""{"type": "{{type}}", "soft": 1, "hard": 1}""").Should().Equal(
            $"process.rlimits[1].type \"{type}\": unknown resource limit; use one of {Known}");

    [Fact]
    public void A_type_is_needed() => Limits("{}").Should().Equal($"process.rlimits[0].type: missing; use one of {Known}");

    [Fact]
    public void A_type_is_given_once() =>
        Limits(
            """{"type": "RLIMIT_AS", "soft": 1, "hard": 1}""",
            """{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}""",
            """{"type": "RLIMIT_AS", "soft": 1, "hard": 1}""").Should().Equal(
            "process.rlimits[2].type \"RLIMIT_AS\": this resource limit is given twice; keep one entry of each type");

    [Fact]
    public void A_soft_limit_is_not_above_the_hard_one() =>
        Limits("""{"type": "RLIMIT_NOFILE", "soft": 2048, "hard": 1024}""").Should().Equal(
            "process.rlimits[0].soft \"2048\": the soft limit is above the hard limit; "
            + "lower it to 1024, or raise process.rlimits[0].hard");

    [Fact]
    public void Infinity_is_above_all_numbers() =>
        Limits("""{"type": "RLIMIT_NOFILE", "soft": 18446744073709551615, "hard": 18446744073709551614}""")
            .Should().ContainSingle();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1024, 1024)]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(ulong.MaxValue, ulong.MaxValue)]
    public void A_soft_limit_may_equal_the_hard_one(ulong soft, ulong hard) =>
        Limits($$"""{"type": "RLIMIT_NOFILE", "soft": {{soft}}, "hard": {{hard}}}""").Should().BeEmpty();

    private static string[] Limits(params string[] items) => Validating.Process($"\"rlimits\": [{string.Join(", ", items)}]");
}
