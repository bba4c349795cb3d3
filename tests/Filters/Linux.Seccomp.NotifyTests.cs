using System;
using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Filters;

public sealed class LinuxSeccompNotifyTests
{
    // return SECCOMP_RET_USER_NOTIF
    private static readonly byte[] NotifyProgram = [6, 0, 0, 0, 0, 0, 0xc0, 0x7f];
    private static readonly byte[] AllowProgram = [6, 0, 0, 0, 0, 0, 0xff, 0x7f];

    [Fact]
    public void A_rule_or_the_end_of_a_program_notifies()
    {
        SeccompCompiler.Notifies(null).Should().BeFalse();
        SeccompCompiler.Notifies(new Seccomp()).Should().BeFalse();
        SeccompCompiler.Notifies(new Seccomp { Syscalls = [new SeccompSyscall { Action = "SCMP_ACT_NOTIFY" }] }).Should().BeTrue();
        SeccompCompiler.Notifies(new Seccomp { Syscalls = [new SeccompSyscall { Action = "SCMP_ACT_ERRNO" }] }).Should().BeFalse();
        SeccompCompiler.Notifies(new Seccomp { Program = NotifyProgram }).Should().BeTrue();
        SeccompCompiler.Notifies(new Seccomp { Program = AllowProgram }).Should().BeFalse();
    }

    [Theory]
    [InlineData("SCMP_ACT_ALLOW", "", true)]
    [InlineData("SCMP_ACT_LOG", "", true)]
    [InlineData("SCMP_ACT_ERRNO", "", false)]
    [InlineData("SCMP_ACT_TRACE", "", false)]
    [InlineData("SCMP_ACT_ERRNO", "write:SCMP_ACT_ALLOW", true)]
    [InlineData("SCMP_ACT_ERRNO", "read:SCMP_ACT_ALLOW", false)]
    [InlineData("SCMP_ACT_ERRNO", "write:SCMP_ACT_ALLOW:0", false)]
    [InlineData("SCMP_ACT_ERRNO", "write:SCMP_ACT_ALLOW write:SCMP_ACT_KILL:0", false)]
    [InlineData("SCMP_ACT_ALLOW", "write:SCMP_ACT_KILL:0", false)]
    [InlineData("SCMP_ACT_ALLOW", "write:SCMP_ACT_ERRNO", false)]
    [InlineData("SCMP_ACT_ALLOW", "writev:SCMP_ACT_ERRNO write:SCMP_ACT_LOG", true)]
    public void A_call_is_permitted_only_for_certain(string byDefault, string rules, bool permitted)
    {
        Seccomp profile = new()
        {
            DefaultAction = byDefault,
            Syscalls = Array.ConvertAll(rules.Split(' ', StringSplitOptions.RemoveEmptyEntries), static rule => new SeccompSyscall
            {
                Names = [rule.Split(':')[0]],
                Action = rule.Split(':')[1],
                Args = rule.Split(':').Length > 2 ? [new SeccompArg()] : null,
            }),
        };
        SeccompCompiler.Permits(profile, "write"u8).Should().Be(permitted);
        profile.Program = AllowProgram;
        SeccompCompiler.Permits(profile, "write"u8).Should().BeFalse("nobody has read it");
    }

    [Fact]
    public void A_ready_program_goes_before_the_rules()
    {
        Seccomp profile = new()
        {
            Program = AllowProgram,
            Syscalls = [new SeccompSyscall { Names = ["mkdir"], Action = "SCMP_ACT_NOTIFY" }],
        };
        SeccompProgram program = SeccompCompiler.Compile(profile, Architecture.X64)!.Value;
        program.Instructions.Should().Equal(AllowProgram);
        program.Load.Should().Be(new SeccompLoad(1, Uapi.SECCOMP_FILTER_FLAG_SPEC_ALLOW, Uapi.SECCOMP_FILTER_FLAG_SPEC_ALLOW, false));
    }

    [Fact]
    public void A_ready_program_that_notifies_needs_a_listener()
    {
        Action compile = () => SeccompCompiler.Compile(new Seccomp { Program = NotifyProgram }, Architecture.X64);
        compile.Should().Throw<FaultException>().Which.Fault.Text().Should().Contain("seccomp listenerPath is not set");
        SeccompCompiler.Compile(new Seccomp { Program = NotifyProgram, ListenerPath = "/x", Flags = [] }, Architecture.X64)!.Value
            .Load.Should().Be(new SeccompLoad(1, Uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, true));
    }

    [Fact]
    public void Unknown_names_are_errors_where_they_shall_be()
    {
        Seccomp profile = new()
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Syscalls = [new SeccompSyscall { Names = ["mkdir", "nothing"], Action = "SCMP_ACT_ERRNO" }],
        };
        SeccompCompiler.Compile(profile, Architecture.X64).Should().NotBeNull();
        profile.RefuseUnknownNames = true;
        Action compile = () => SeccompCompiler.Compile(profile, Architecture.X64);
        compile.Should().Throw<FaultException>().Which.Fault.Text()
            .Should().StartWith("linux.seccomp.syscalls[0].names[1] \"nothing\": unknown system call");
    }
}
