using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxNamespacesTests
{
    private const string Known = "use one of cgroup, ipc, mount, network, pid, time, user, uts";

    [Fact]
    public void All_types_are_taken_at_once() =>
        Namespaces("""
            {"type": "pid"}, {"type": "network"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"},
            {"type": "user", "path": "/proc/1/ns/user"}, {"type": "cgroup"}, {"type": "time"}
            """).Should().BeEmpty();

    [Theory]
    [InlineData("net")]
    [InlineData("PID")]
    [InlineData("")]
    public void Another_type_is_refused(string type) =>
        Namespaces($$"""{"type": "pid"}, {"type": "{{type}}"}""").Should().Equal(
            $"linux.namespaces[1].type \"{type}\": unknown namespace type; {Known}");

    [Fact]
    public void A_type_is_needed() => Namespaces("{}").Should().Equal($"linux.namespaces[0].type: missing; {Known}");

    [Theory]
    [InlineData("{\"type\": \"pid\"}")]
    [InlineData("{\"type\": \"pid\", \"path\": \"/proc/1/ns/pid\"}")]
    public void A_type_is_given_once(string again) =>
        Namespaces("{\"type\": \"pid\"}, {\"type\": \"ipc\"}, " + again).Should().Equal(
            "linux.namespaces[2].type \"pid\": malformed spec file: duplicated ns; keep one entry of each type");

    [Fact]
    public void Several_unknown_types_are_no_duplicates() =>
        Namespaces("{\"type\": \"a\"}, {\"type\": \"b\"}").Should().HaveCount(2).And.NotContainMatch("*duplicated*");

    [Theory]
    [InlineData("proc/1/ns/pid")]
    [InlineData("./ns")]
    public void A_path_is_absolute(string path) =>
        Namespaces($$"""{"type": "pid", "path": "{{path}}"}""").Should().Equal(
            $"linux.namespaces[0].path \"{path}\": must be an absolute path; name a namespace file such as /proc/PID/ns/TYPE, "
            + "or remove the path for a new namespace");

    [Fact]
    public void An_empty_path_makes_a_new_namespace() => Namespaces("{\"type\": \"pid\", \"path\": \"\"}").Should().BeEmpty();

    [Theory]
    [InlineData("\"linux\": {\"namespaces\": [{\"type\": \"pid\"}]}")]
    [InlineData("\"linux\": {}")]
    [InlineData("\"linux\": null")]
    public void Without_root_a_user_namespace_is_needed(string members)
    {
        Validating.Members(members, Validating.Rootless).Should().Equal(
            "linux.namespaces: rootless container requires user namespaces; add {\"type\": \"user\"} and mappings, "
            + "as 'spec --rootless' does, or run as root");
        Validating.Members(members).Should().BeEmpty();
    }

    [Fact]
    public void Without_root_it_may_be_joined_and_needs_no_mappings_then() =>
        Validating.Linux(
            "\"namespaces\": [{\"type\": \"user\", \"path\": \"/proc/1/ns/user\"}]", Validating.Rootless).Should().BeEmpty();

    private static string[] Namespaces(string entries) => Validating.Linux($"\"namespaces\": [{entries}]");
}
