using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxMemoryPolicyTests
{
    [Theory]
    [InlineData("DEFAULT", "", "")]
    [InlineData("LOCAL", "", "")]
    [InlineData("PREFERRED", "", "")]
    [InlineData("PREFERRED", "3", "STATIC_NODES")]
    [InlineData("BIND", "0-3,7", "NUMA_BALANCING,RELATIVE_NODES")]
    [InlineData("PREFERRED_MANY", "32766", "NUMA_BALANCING")]
    [InlineData("INTERLEAVE", "0", "STATIC_NODES")]
    [InlineData("WEIGHTED_INTERLEAVE", "2000", "")]
    public void Nodes_and_flags_suit_the_mode(string mode, string nodes, string flags) => Findings(mode, nodes, flags).Should().BeEmpty();

    [Theory]
    [InlineData("DEFAULT", "0", "", "nodes \"0\": mode requires 0 nodes but got 1")]
    [InlineData("LOCAL", "0-3,7", "", "nodes \"0-3,7\": mode requires 0 nodes but got 5")]
    [InlineData("BIND", "", "", "nodes: MPOL_BIND needs at least one node")]
    [InlineData("INTERLEAVE", "", "", "nodes: MPOL_INTERLEAVE needs at least one node")]
    [InlineData("PREFERRED_MANY", "", "", "nodes: MPOL_PREFERRED_MANY needs at least one node")]
    [InlineData("WEIGHTED_INTERLEAVE", "", "", "nodes: MPOL_WEIGHTED_INTERLEAVE needs at least one node")]
    [InlineData("BIND", "1-", "", "nodes \"1-\": invalid memory policy node: not a list of numbers and ranges")]
    [InlineData("BIND", "32767", "", "nodes \"32767\": invalid memory policy node: a number above 32766")]
    [InlineData("X", "0", "", "mode \"MPOL_X\": invalid memory policy mode")]
    [InlineData("BIND", "0", "X", "flags[0] \"MPOL_F_X\": invalid memory policy flag")]
    [InlineData("BIND", "0", "STATIC_NODES,RELATIVE_NODES", "flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other")]
    [InlineData("INTERLEAVE", "0", "NUMA_BALANCING", "flags: MPOL_F_NUMA_BALANCING is only for")]
    [InlineData("LOCAL", "", "STATIC_NODES", "flags: they place nodes, and MPOL_LOCAL has none here")]
    [InlineData("PREFERRED", "", "RELATIVE_NODES", "flags: they place nodes, and MPOL_PREFERRED has none here")]
    public void Others_are_refused(string mode, string nodes, string flags, string finding) =>
        Findings(mode, nodes, flags).Should().ContainSingle().Which.Should().StartWith("linux.memoryPolicy." + finding);

    [Fact]
    public void A_mode_is_required() => Validating.Linux("\"memoryPolicy\": {\"nodes\": \"0\"}")
        .Should().ContainSingle().Which.Should().StartWith("linux.memoryPolicy.mode: invalid memory policy mode: missing; use one of MPOL_DEFAULT, ");

    [Theory]
    [InlineData("\"domain\": \"LINUX\"", null)]
    [InlineData("\"domain\": \"LINUX32\", \"flags\": [\"X\"]", null)]
    [InlineData("", "linux.personality.domain: missing; use one of LINUX, LINUX32")]
    [InlineData("\"domain\": \"linux\"", "linux.personality.domain \"linux\": unknown domain; use one of LINUX, LINUX32")]
    public void Personalities_have_a_domain(string members, string? finding) =>
        Validating.Linux("\"personality\": {" + members + "}").Should().Equal(finding is null ? [] : [finding]);

    private static string[] Findings(string mode, string nodes, string flags)
    {
        string words = flags.Length == 0 ? "" : $"\"MPOL_F_{flags.Replace(",", "\", \"MPOL_F_", System.StringComparison.Ordinal)}\"";
        return Validating.Linux($$"""
            "memoryPolicy": {"mode": "MPOL_{{mode}}", "nodes": "{{nodes}}", "flags": [{{words}}]}
            """);
    }
}
