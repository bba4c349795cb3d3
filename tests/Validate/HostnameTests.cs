using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class HostnameTests
{
    private const string Uts = "\"linux\": {\"namespaces\": [{\"type\": \"uts\"}]}";

    [Theory]
    [InlineData("hostname")]
    [InlineData("domainname")]
    public void It_needs_a_uts_namespace(string field) =>
        Validating.Members($"\"{field}\": \"box\"").Should().Equal(
            $"{field} \"box\": unable to set it without a private UTS namespace; add {{\"type\": \"uts\"}} to linux.namespaces");

    [Theory]
    [InlineData("{\"type\": \"uts\"}")]
    [InlineData("{\"type\": \"uts\", \"path\": \"/run/uts\"}")]
    public void The_namespace_may_be_new_or_joined(string entry) =>
        Validating.Members($$"""
            "hostname": "box", "domainname": "example.org", "linux": {"namespaces": [{{entry}}]}
            """).Should().BeEmpty();

    [Theory]
    [InlineData("hostname")]
    [InlineData("domainname")]
    public void It_has_at_most_64_bytes(string field)
    {
        // Two bytes in each of 32 characters.
        string longest = new('\u00e9', 32);
        Validating.Members($"\"{field}\": \"{longest}\", {Uts}").Should().BeEmpty();
        Validating.Members($"\"{field}\": \"{longest}x\", {Uts}").Should().Equal(
            $"{field} \"{longest}x\": 65 bytes are too long; the kernel takes at most 64 bytes");
    }

    [Fact]
    public void An_empty_one_leaves_the_name_and_needs_nothing() =>
        Validating.Members("\"hostname\": \"\", \"domainname\": \"\"").Should().BeEmpty();
}
