using System.Linq;
using FluentAssertions;
using OciRun.Child;
using OciRun.Kernel;
using OciRun.Launch;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class FailureTests
{
    [Fact]
    public void Every_system_call_has_its_name() =>
        typeof(SYS).GetFields().Select(call => Failure.SyscallName((int)call.GetRawConstantValue()!)).Should().Equal(typeof(SYS).GetFields().Select(call => call.Name));

    [Fact]
    public void No_system_call_has_none() => Failure.SyscallName(Report.NoSyscall).Should().BeNull();

    [Fact]
    public void What_no_table_knows_is_a_number() => Failure.SyscallName(9999).Should().Be("syscall 9999");
}
