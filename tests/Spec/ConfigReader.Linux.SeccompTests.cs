using System.Linq;
using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderLinuxSeccompTests
{
    private static readonly Config Maximal = ConfigReader.Read(MaximalConfig.Bytes, "config.json");

    [Fact]
    public void Every_field_is_read() => Maximal.Linux!.Seccomp.Should().BeEquivalentTo(
        new Seccomp
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            DefaultErrnoRet = 38,
            Architectures = Texts("SCMP_ARCH_X86_64", "SCMP_ARCH_X32"),
            Flags = [],
            ListenerPath = "/run/agent.sock",
            ListenerMetadata = "m",
            Syscalls =
            [
                new SeccompSyscall { Names = Texts("read", "write"), Action = "SCMP_ACT_ALLOW" },
                new SeccompSyscall
                {
                    Names = Texts("clone"),
                    Action = "SCMP_ACT_TRACE",
                    ErrnoRet = 1,
                    Args =
                    [
                        new SeccompArg { Index = 5, Value = ulong.MaxValue, ValueTwo = 1UL << 63, Op = "SCMP_CMP_MASKED_EQ" },
                    ],
                },
            ],
        },
        options => options.WithStrictOrdering());

    [Fact]
    public void Absent_flags_differ_from_none()
    {
        Members("\"linux\": {\"seccomp\": {}}").Linux!.Seccomp!.Flags.Should().BeNull();
        Members("\"linux\": {\"seccomp\": {\"flags\": []}}").Linux!.Seccomp!.Flags.Should().NotBeNull().And.BeEmpty();
    }

    [Fact]
    public void More_names_than_the_first_list_holds_are_all_read()
    {
        string names = string.Join(',', Enumerable.Range(0, 2000).Select(i => $"\"call{i}\""));
        Utf8[] read = Members($$$"""
            "linux": {"seccomp": {"syscalls": [{"names": [{{{names}}}]}, {"names": ["last"]}]}}
            """).Linux!.Seccomp!.Syscalls![0].Names!;
        read.Should().HaveCount(2000);
        read[1999].ToString().Should().Be("call1999");
    }
}
