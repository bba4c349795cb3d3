using System;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class AnnotationsSeccompTests
{
    // One instruction: return SECCOMP_RET_ALLOW.
    private const string Allow = "BgAAAAAA/38=";

    [Theory]
    [InlineData("run.oci.seccomp.receiver", "/run/agent")]
    [InlineData("run.oci.seccomp.plugins", "")]
    [InlineData("run.oci.seccomp_bpf_data", Allow)]
    [InlineData("run.oci.seccomp_fail_unknown_syscall", "1")]
    [InlineData("run.oci.keep_original_groups", "1")]
    public void Accepted(string key, string value) => Findings(key, value).Should().BeEmpty();

    [Theory]
    [InlineData("run.oci.seccomp.receiver", "agent", "the seccomp receiver is not an absolute path")]
    [InlineData("run.oci.seccomp.receiver", "", "the seccomp receiver is not an absolute path")]
    [InlineData("run.oci.seccomp.plugins", "a.so:b.so", "a static program cannot load shared libraries")]
    [InlineData("run.oci.seccomp_bpf_data", "", "invalid seccomp BPF data")]
    [InlineData("run.oci.seccomp_bpf_data", "!", "invalid seccomp BPF data")]
    [InlineData("run.oci.seccomp_bpf_data", "BgAAAAAA/w==", "invalid seccomp BPF data")]
    [InlineData("run.oci.seccomp_bpf_data", "IAAAAAAAAAA=", "invalid seccomp BPF data")]
    public void Refused(string key, string value, string why) =>
        Findings(key, value).Should().ContainSingle().Which.Should().StartWith($"annotations[\"{key}\"] \"{value}\": {why}; ");

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    public void A_program_has_at_most_4096_instructions(int count, bool accepted)
    {
        byte[] program = new byte[count * 8];
        for (int i = 0; i < count; i++)
            program[i * 8] = 0x06;
        (Findings("run.oci.seccomp_bpf_data", Convert.ToBase64String(program)).Length == 0).Should().Be(accepted);
    }

    private static string[] Findings(string key, string value) => Validating.Members($"\"annotations\": {{\"{key}\": \"{value}\"}}");
}
