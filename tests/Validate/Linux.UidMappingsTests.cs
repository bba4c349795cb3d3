using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxUidMappingsTests
{
    private const string User = "\"namespaces\": [{\"type\": \"user\"}]";
    private const string Good = "{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}";

    [Theory]
    [InlineData("uidMappings")]
    [InlineData("gidMappings")]
    public void Mappings_need_a_user_namespace(string field) =>
        Validating.Linux($"\"{field}\": [{Good}]").Should().Equal(
            $"linux.{field}: user namespace mappings specified, but USER namespace isn't enabled in the config; "
            + "add {\"type\": \"user\"} to linux.namespaces, or remove the mappings");

    [Fact]
    public void Empty_lists_need_none() => Validating.Linux("\"uidMappings\": [], \"gidMappings\": []").Should().BeEmpty();

    [Fact]
    public void A_new_user_namespace_needs_both() =>
        Validating.Linux(User).Should().Equal(
            "linux.uidMappings: a new user namespace requires at least one UID mapping; "
            + "add {\"containerID\": 0, \"hostID\": N, \"size\": 1} with an id of the host",
            "linux.gidMappings: a new user namespace requires at least one GID mapping; "
            + "add {\"containerID\": 0, \"hostID\": N, \"size\": 1} with an id of the host");

    [Fact]
    public void So_does_that_of_a_rootless_container() =>
        Validating.Linux($"{User}, \"uidMappings\": [{Good}], \"gidMappings\": []", Validating.Rootless).Should().Equal(
            "linux.gidMappings: rootless container requires at least one GID mapping; "
            + "add {\"containerID\": 0, \"hostID\": N, \"size\": 1} with an id of the host");

    [Fact]
    public void Mappings_beside_a_joined_namespace_are_not_judged() =>
        Validating.Linux("""
            "namespaces": [{"type": "user", "path": "/proc/1/ns/user"}],
            "uidMappings": [{"containerID": 5, "hostID": 5, "size": 0}]
            """).Should().BeEmpty();

    [Theory]
    [InlineData("uidMappings")]
    [InlineData("gidMappings")]
    public void A_range_is_not_empty(string field) =>
        Mappings(field, Good, Map(70000, 900000, 0)).Should().Equal(
            $"linux.{field}[1].size \"0\": an empty range maps nothing; use 1 or more, or remove the range");

    [Fact]
    public void The_whole_range_of_ids_can_be_mapped() => Mappings("uidMappings", Map(0, 0, 4294967295)).Should().BeEmpty();

    [Theory]
    [InlineData(4294967294, 1)]
    [InlineData(4294901759, 65536)]
    public void A_range_may_end_at_the_last_id(uint first, uint size) =>
        Mappings("uidMappings", Map(0, 0, 1), Map(first, first, size)).Should().BeEmpty();

    [Theory]
    [InlineData(4294967294, 2)]
    [InlineData(4294901760, 65536)]
    [InlineData(1, 4294967295)]
    public void A_range_does_not_go_beyond_the_last_id(uint first, uint size)
    {
        string rest = "ends beyond the last id; the last id is 4294967294; lower the size";
        Mappings("uidMappings", Map(0, 0, 1), Map(first, 1, size)).Should().Contain(
            $"linux.uidMappings[1].containerID \"{first}\": a range of {size} from here {rest}");
        Mappings("uidMappings", Map(0, 0, 1), Map(1, first, size)).Should().Contain(
            $"linux.uidMappings[1].hostID \"{first}\": a range of {size} from here {rest}");
    }

    [Theory]
    [InlineData(0, 10, 10, 10)]
    [InlineData(0, 10, 9, 1)]
    [InlineData(0, 10, 5, 100)]
    public void Ranges_of_the_container_do_not_overlap(uint first, uint size, uint second, uint secondSize)
    {
        string[] expected = second >= size
            ? []
            : [$"linux.uidMappings[1].containerID \"{second}\": the range overlaps that of linux.uidMappings[0]; "
            + "every id may be mapped once"];
        Mappings("uidMappings", Map(first, 100000, size), Map(second, 200000, secondSize)).Should().Equal(expected);
        string[] reversed = second >= size
            ? []
            : [$"linux.uidMappings[1].containerID \"{first}\": the range overlaps that of linux.uidMappings[0]; "
            + "every id may be mapped once"];
        Mappings("uidMappings", Map(second, 200000, secondSize), Map(first, 100000, size)).Should().Equal(reversed);
    }

    [Fact]
    public void Ranges_of_the_host_do_not_overlap() =>
        Mappings("gidMappings", Map(0, 100000, 10), Map(10, 300000, 10), Map(20, 100009, 10)).Should().Equal(
            "linux.gidMappings[2].hostID \"100009\": the range overlaps that of linux.gidMappings[0]; "
            + "every id may be mapped once");

    [Fact]
    public void A_range_given_twice_overlaps_on_both_sides() =>
        Mappings("uidMappings", Good, Good).Should().Equal(
            "linux.uidMappings[1].containerID \"0\": the range overlaps that of linux.uidMappings[0]; "
            + "every id may be mapped once",
            "linux.uidMappings[1].hostID \"100000\": the range overlaps that of linux.uidMappings[0]; "
            + "every id may be mapped once");

    [Fact]
    public void There_are_at_most_340_ranges()
    {
        string[] ranges = Enumerable.Range(0, 341).Select(i => Map((uint)i, 100000u + (uint)i, 1)).ToArray();
        Mappings("uidMappings", ranges[..340]).Should().BeEmpty();
        Mappings("uidMappings", ranges).Should().Equal(
            "linux.uidMappings: 341 ranges are too many; the kernel takes at most 340; join adjacent ones");
    }

    [Theory]
    [InlineData("uidMappings", "uid", "UID")]
    [InlineData("gidMappings", "gid", "GID")]
    public void Root_of_the_container_is_mapped(string field, string kind, string name) =>
        Mappings(field, Map(1, 100000, 65535)).Should().Equal(
            $"process.user.{kind} \"0\": the user namespace does not map this {kind}; "
            + $"add a range that contains it to linux.{field}",
            $"linux.{field}: {name} 0 of the container is not mapped; "
            + "the container is set up as its root: add a range with containerID 0");

    [Fact]
    public void Root_of_the_container_may_be_in_any_range() =>
        Mappings("uidMappings", Map(1, 100001, 10), Map(0, 1000, 1)).Should().BeEmpty();

    private static string Map(uint container, uint host, uint size) =>
        $$"""{"containerID": {{container}}, "hostID": {{host}}, "size": {{size}}}""";

    private static string[] Mappings(string field, params string[] ranges)
    {
        string other = field == "uidMappings" ? "gidMappings" : "uidMappings";
        return Validating.Linux($"{User}, \"{other}\": [{Good}], \"{field}\": [{string.Join(", ", ranges)}]");
    }
}
