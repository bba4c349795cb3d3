using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class ProcessUserTests
{
    private const string Namespaces = "\"namespaces\": [{\"type\": \"user\"}]";

    private const string Mappings = """
        "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 10}, {"containerID": 1000, "hostID": 200000, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": 100000, "size": 20}]
        """;

    [Theory]
    [InlineData(512)]
    [InlineData(4294967295)]
    public void An_umask_has_permission_bits_only(uint umask) =>
        Validating.Process($$"""
            "user": {"umask": {{umask}}}
            """).Should().Equal(
            $"process.user.umask \"{umask}\": more than permission bits; use a number from 0 to 511 (octal 0777); "
            + "JSON numbers are decimal");

    [Theory]
    [InlineData("0")]
    [InlineData("511")]
    [InlineData("null")]
    public void An_umask_may_have_all_of_them(string umask) => Validating.Process($$"""
        "user": {"umask": {{umask}}}
        """).Should().BeEmpty();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(9, 19)]
    [InlineData(1000, 19)]
    public void Ids_may_be_either_end_of_a_range(uint uid, uint gid) =>
        User($"\"uid\": {uid}, \"gid\": {gid}").Should().BeEmpty();

    [Theory]
    [InlineData(10)]
    [InlineData(999)]
    [InlineData(1001)]
    [InlineData(100000)]
    [InlineData(4294967294)]
    public void A_uid_is_mapped(uint uid) =>
        User($"\"uid\": {uid}").Should().Equal(
            $"process.user.uid \"{uid}\": the user namespace does not map this uid; "
            + "add a range that contains it to linux.uidMappings");

    [Fact]
    public void A_gid_is_mapped_by_the_gids() =>
        User("\"gid\": 1000").Should().Equal(
            "process.user.gid \"1000\": the user namespace does not map this gid; "
            + "add a range that contains it to linux.gidMappings");

    [Fact]
    public void Every_additional_gid_is_mapped() =>
        User("\"additionalGids\": [5, 20, 19, 30]").Should().Equal(
            "process.user.additionalGids[1] \"20\": the user namespace does not map this gid; "
            + "add a range that contains it to linux.gidMappings",
            "process.user.additionalGids[3] \"30\": the user namespace does not map this gid; "
            + "add a range that contains it to linux.gidMappings");

    [Theory]
    [InlineData("\"namespaces\": [{\"type\": \"pid\"}]")]
    [InlineData("\"namespaces\": [{\"type\": \"user\", \"path\": \"/proc/1/ns/user\"}]")]
    [InlineData("\"namespaces\": [{\"type\": \"user\", \"path\": \"/proc/1/ns/user\"}], " + Mappings)]
    public void Only_a_new_user_namespace_is_known_to_lack_an_id(string linux) =>
        Validating.Members($$"""
            "process": {"args": ["sh"], "cwd": "/", "user": {"uid": 5000, "gid": 5000, "additionalGids": [5001]} },
            "linux": { {{linux}} }
            """).Should().BeEmpty();

    private static string[] User(string members) =>
        Validating.Members($$"""
            "process": {"args": ["sh"], "cwd": "/", "user": { {{members}} } }, "linux": { {{Namespaces}}, {{Mappings}} }
            """);
}
