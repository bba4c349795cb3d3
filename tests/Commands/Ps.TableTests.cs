using System.Text;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class PsTableTests
{
    [Theory]
    [InlineData("UID   PID  PPID CMD\nroot    1     0 init\nroot   12     1 a b\nroot  120    12 c\n", "UID   PID  PPID CMD\nroot   12     1 a b\n")]
    [InlineData("PID\n12", "PID\n12\n")]
    [InlineData("  PID CMD\n   12 12\n   13 12\n", "  PID CMD\n   12 12\n")]
    [InlineData("PPID PID\n12 13\n", "PPID PID\n")]
    [InlineData("PID S\n12 x\n- y\n13 x\n- y\n", "PID S\n12 x\n- y\n")]
    [InlineData("PID S\n12 \u001b[31mred\u007f\n", "PID S\n12 ?[31mred?\n")]
    [InlineData("PID S\n12 \u009b31m \u00e9 \u00a0\n", "PID S\n12 ?31m \u00e9 \u00a0\n")]
    [InlineData("PID\n12a\n1\n", "PID\n")]
    public void Header_and_lines_of_the_pids_are_kept(string table, string expected) =>
        Encoding.UTF8.GetString(PsTable.Filter(Encoding.UTF8.GetBytes(table), [12, 120000])).Should().Be(expected);

    [Theory]
    [InlineData("")]
    [InlineData("COMMAND\nsh\n")]
    [InlineData("TPID CMD\n1 sh\n")]
    public void A_table_without_pids_is_refused(string table) =>
        FluentActions.Invoking(() => PsTable.Filter(Encoding.UTF8.GetBytes(table), [12])).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("couldn't find PID field in ps output");
}
