using FluentAssertions;
using OciRun.Validate;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class MountsOptionsTests
{
    [Theory]
    [InlineData("cgroup", "memory")]
    [InlineData("cgroup", "cpu,cpuacct")]
    [InlineData("cgroup", "none,name=systemd")]
    [InlineData("cgroup", "nsdelegate,release_agent=/x")]
    [InlineData("cgroup", "xattr")]
    [InlineData("cgroup2", "all")]
    public void A_hierarchy_of_cgroup_v1_is_refused(string type, string option) =>
        Mount(type, $"\"ro\", \"{option}\"").Should().Equal(
            $"mounts[0].options[1] \"{option}\": cgroup v1 hierarchies cannot be mounted; "
            + "remove the option: the mount is of cgroup v2, which has all controllers in one");

    [Theory]
    [InlineData("cgroup", "\"ro\", \"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"rprivate\"")]
    [InlineData("cgroup2", "\"nsdelegate\", \"memory_recursiveprot\", \"favordynmods\"")]
    [InlineData("tmpfs", "\"memory\", \"none\"")]
    public void Other_options_and_file_systems_are_not_concerned(string type, string options) =>
        Mount(type, options).Should().BeEmpty();

    [Theory]
    [InlineData("gid=5", "gid=5", "gid")]
    [InlineData("mode=755,uid=10,x", "uid=10", "uid")]
    public void Without_root_ids_are_mapped(string option, string pair, string kind) =>
        Mount("devpts", $"\"ro\", \"{option}\"", Validating.Rootless).Should().Equal(
            $"mounts[0].options[1] \"{option}\": cannot specify {pair} mount option for rootless container; "
            + $"map the id in linux.{kind}Mappings, or remove the option");

    [Theory]
    [InlineData("uid=0")]
    [InlineData("uid=9")]
    [InlineData("gid=0")]
    [InlineData("gid=")]
    [InlineData("gid=tty")]
    [InlineData("gid=5x")]
    [InlineData("guid=5")]
    [InlineData("mygid=5")]
    public void Mapped_ids_and_other_words_are_not_concerned(string option) =>
        Mount("devpts", $"\"{option}\"", Validating.Rootless).Should().BeEmpty();

    [Fact]
    public void Root_may_use_every_id() => Mount("devpts", "\"gid=5\"").Should().BeEmpty();

    [Fact]
    public void Ids_of_a_joined_user_namespace_are_not_known() =>
        Validating.Members("""
            "mounts": [{"destination": "/a", "type": "devpts", "options": ["gid=5"]}],
            "linux": {"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}]}
            """, Validating.Rootless).Should().BeEmpty();

    private static string[] Mount(string type, string options, ValidationFacts? facts = null) =>
        Validating.Members($$"""
            "mounts": [{"destination": "/a", "type": "{{type}}", "options": [{{options}}]}],
            "linux": {
              "namespaces": [{"type": "user"}],
              "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}],
              "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]
            }
            """, facts);
}
