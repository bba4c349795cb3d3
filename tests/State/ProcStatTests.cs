using System;
using System.Text;
using FluentAssertions;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.State;

public sealed class ProcStatTests
{
    private const string Tail = "1 1 1 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 77 1000 10 18446744073709551615 0 0";

    [Theory]
    [InlineData("sh")]
    [InlineData("a) R 1 (")]
    [InlineData(") Z 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 (x")]
    [InlineData("")]
    public void The_name_may_look_like_fields(string name)
    {
        ProcStat.TryParse(Encoding.UTF8.GetBytes($"5 ({name}) S {Tail}\n"), out ProcStat stat).Should().BeTrue();
        stat.Should().Be(new ProcStat('S', 77, 4194560));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0x40, false)]
    [InlineData(0x400040, false)]
    [InlineData(0x400100, true)]
    public void A_flag_says_whether_a_program_runs(uint flags, bool hasExecuted) => new ProcStat('S', 1, flags).HasExecuted.Should().Be(hasExecuted);

    [Theory]
    [InlineData("")]
    [InlineData("5 (x")]
    [InlineData("5 (x)")]
    [InlineData("5 (x) S 1 1")]
    public void A_short_line_is_no_process(string line) =>
        ProcStat.TryParse(Encoding.UTF8.GetBytes(line), out _).Should().BeFalse();

    [Fact]
    public void This_process_is_alive()
    {
        ProcStat.TryRead(Environment.ProcessId, out ProcStat stat).Should().BeTrue();
        stat.IsAlive.Should().BeTrue();
        stat.StartTime.Should().BePositive();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(4194304)]
    public void Other_numbers_are_nobody(int pid) => ProcStat.TryRead(pid, out _).Should().BeFalse();
}
