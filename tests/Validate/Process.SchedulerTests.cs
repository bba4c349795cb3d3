using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class ProcessSchedulerTests
{
    [Theory]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"nice\": -20, \"priority\": 0, \"runtime\": 0")]
    [InlineData("\"policy\": \"SCHED_BATCH\", \"nice\": 19")]
    [InlineData("\"policy\": \"SCHED_IDLE\", \"nice\": 0")]
    [InlineData("\"policy\": \"SCHED_ISO\"")]
    [InlineData("\"policy\": \"SCHED_FIFO\", \"priority\": 1")]
    [InlineData("\"policy\": \"SCHED_RR\", \"priority\": 99, \"flags\": [\"SCHED_FLAG_RESET_ON_FORK\", \"SCHED_FLAG_UTIL_CLAMP_MAX\"]")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1024, \"deadline\": 1024")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1024, \"deadline\": 2000, \"period\": 2000")]
    public void Attributes_suit_the_policy(string members) => Findings(members).Should().BeEmpty();

    [Theory]
    [InlineData("", "policy: missing")]
    [InlineData("\"nice\": 1", "policy: missing")]
    [InlineData("\"policy\": \"SCHED_X\"", "policy \"SCHED_X\": unknown policy")]
    [InlineData("\"policy\": \"sched_other\"", "policy \"sched_other\": unknown policy")]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"nice\": 20", "nice \"20\": out of range")]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"nice\": -21", "nice \"-21\": out of range")]
    [InlineData("\"policy\": \"SCHED_BATCH\", \"priority\": 1", "priority \"1\": only for SCHED_FIFO and SCHED_RR")]
    [InlineData("\"policy\": \"SCHED_FIFO\"", "priority: out of range")]
    [InlineData("\"policy\": \"SCHED_RR\", \"priority\": 100", "priority \"100\": out of range")]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"runtime\": 5", "runtime \"5\": only for SCHED_DEADLINE")]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"deadline\": 5", "deadline \"5\": only for SCHED_DEADLINE")]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"period\": 5", "period \"5\": only for SCHED_DEADLINE")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\"", "runtime: too short for SCHED_DEADLINE")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1023, \"deadline\": 2000", "runtime \"1023\": too short")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\", \"runtime\": 2001, \"deadline\": 2000", "deadline \"2000\": before the end")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1024, \"deadline\": 2000, \"period\": 1999", "period \"1999\": shorter")]
    [InlineData("\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1024, \"deadline\": 9223372036854775808", "period \"9223372036854775808\": out of range")]
    [InlineData("\"policy\": \"SCHED_OTHER\", \"flags\": [\"SCHED_FLAG_RECLAIM\", \"X\"]", "flags[1] \"X\": unknown flag")]
    public void Others_are_refused(string members, string finding) =>
        Findings(members).Should().ContainSingle().Which.Should().StartWith("process.scheduler." + finding);

    private static string[] Findings(string members) =>
        Validating.Process("\"scheduler\": {" + members + "}");
}
