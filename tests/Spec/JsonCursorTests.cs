using System;
using System.Linq;
using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class JsonCursorTests
{
    private const string Nul = "contains a NUL character, which would cut it short in a system call; remove \\u0000";

    private const string Half = "contains half of a surrogate pair, which is no character; write both \\u escapes of the pair";

    [Theory]
    [InlineData("\"hostname\": 5", "hostname: expected a string, found 5")]
    [InlineData("\"hostname\": {}", "hostname: expected a string, found an object")]
    [InlineData("\"hostname\": [1]", "hostname: expected a string, found an array")]
    [InlineData("\"hostname\": false", "hostname: expected a string, found false")]
    [InlineData("\"root\": \"rootfs\"", "root: expected an object, found \"rootfs\"")]
    [InlineData("\"root\": {\"readonly\": \"true\"}", "root.readonly: expected true or false, found \"true\"")]
    [InlineData("\"root\": {\"readonly\": 0}", "root.readonly: expected true or false, found 0")]
    [InlineData("\"mounts\": {}", "mounts: expected an array, found an object")]
    [InlineData("\"mounts\": [{}, 3]", "mounts[1]: expected an object, found 3")]
    [InlineData("\"mounts\": [null]", "mounts[0]: expected an object, found null")]
    [InlineData("\"mounts\": [{}, {\"options\": \"ro\"}]", "mounts[1].options: expected an array, found \"ro\"")]
    [InlineData("\"process\": {\"args\": [\"a\", null]}", "process.args[1]: expected a string, found null")]
    [InlineData("\"process\": {\"args\": [[]]}", "process.args[0]: expected a string, found an array")]
    [InlineData("\"process\": {\"user\": {\"additionalGids\": [1, \"2\"]}}", "process.user.additionalGids[1]: expected an unsigned integer, found \"2\"")]
    [InlineData("\"process\": {\"rlimits\": [{}, {}, {\"soft\": \"many\"}]}", "process.rlimits[2].soft: expected an unsigned integer, found \"many\"")]
    [InlineData("\"process\": {\"oomScoreAdj\": \"low\"}", "process.oomScoreAdj: expected an integer, found \"low\"")]
    [InlineData("\"annotations\": {\"a\": \"1\", \"b\": 2}", "annotations.b: expected a string, found 2")]
    [InlineData("\"annotations\": [\"a\"]", "annotations: expected an object, found an array")]
    [InlineData("\"linux\": {\"sysctl\": {\"net.core.x\": 1}}", "linux.sysctl[\"net.core.x\"]: expected a string, found 1")]
    [InlineData("\"linux\": {\"netDevices\": {\"eth0\": \"a\"}}", "linux.netDevices.eth0: expected an object, found \"a\"")]
    [InlineData("\"linux\": {\"resources\": {\"rdma\": {\"m\": {\"hcaHandles\": {}}}}}", "linux.resources.rdma.m.hcaHandles: expected an unsigned integer, found an object")]
    public void Wrong_types_are_refused_by_path(string members, string text) => MemberRefusal(members).Should().Be(text);

    [Fact]
    public void Long_values_are_cut_between_characters() =>
        MemberRefusal($"\"root\": \"{new string('a', 63)}é{new string('b', 500)}\"").Should().Be(
            $"root: expected an object, found \"{new string('a', 63)}…\"");

    [Fact]
    public void Values_are_shown_without_control_characters() =>
        MemberRefusal("\"root\": \"\u007f\\u001b[31m\"").Should().Be("root: expected an object, found \"\\x7f\\u001b[31m\"");

    [Theory]
    [InlineData("\"hostname\": \"a\\u0000b\"", "hostname: " + Nul)]
    [InlineData("\"process\": {\"args\": [\"a\", \"\\u0000\"]}", "process.args[1]: " + Nul)]
    [InlineData("\"annotations\": {\"a\": \"\\u0000\"}", "annotations.a: " + Nul)]
    [InlineData("\"annotations\": {\"\\u0000\": \"\"}", "annotations: " + Nul)]
    [InlineData("\"x\": {\"y\": [0, \"\\u0000\"]}", "x.y[1]: " + Nul)]
    [InlineData("\"x\": {\"y\": {\"\\u0000\": 1}}", "x.y: " + Nul)]
    [InlineData("\"x\": \"\\u0000\"", "x: " + Nul)]
    [InlineData("\"hostname\": \"\\ud800\"", "hostname: " + Half)]
    [InlineData("\"hostname\": \"\\udc00\\ud800\"", "hostname: " + Half)]
    [InlineData("\"hostname\": \"\\ud800x\"", "hostname: " + Half)]
    [InlineData("\"hostname\": \"\\ud800\\u0041\"", "hostname: " + Half)]
    [InlineData("\"\\udfff\": 1, \"hostname\": \"\"", "config.json: " + Half)]
    [InlineData("\"windows\": [{\"a\": \"\\udfff\"}]", "windows[0].a: " + Half)]
    public void Texts_that_cannot_reach_the_kernel_whole_are_refused(string members, string text) =>
        MemberRefusal(members).Should().Be(text);

    [Fact]
    public void Every_escape_is_undone() =>
        Members("""
            "hostname": "\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00"
            """).Hostname.ToString().Should().Be("\"\\/\b\f\n\r\té€😀");

    [Fact]
    public void Ignored_blocks_are_passed_over_whole() =>
        Members("""
            "vm": {"hostname": "no", "a": [{"hostname": "no"}, [], {}, [[1.5e300, true, null, "x"]]]}, "z": [], "y": {}, "x": 1,
            "hostname": "yes"
            """).Hostname.ToString().Should().Be("yes");

    [Fact]
    public void Nesting_is_read_to_its_limit_and_refused_below()
    {
        string At(int depth) => $$"""{"ociVersion": "1.3.0", "x": {{new string('[', depth - 1) + new string(']', depth - 1)}} }""";
        Refusal(At(128)).Should().BeNull();
        Refusal(At(129)).Should().Be("config.json nests deeper than 128 levels at line 1, column 157; flatten it");
        Refusal(At(10_000)).Should().Be("config.json nests deeper than 128 levels at line 1, column 157; flatten it");
        Refusal("{\"ociVersion\": \"1.3.0\"" + string.Concat(Enumerable.Repeat(", \"a\": {\"b\": 1", 10_000)))
            .Should().StartWith("config.json nests deeper than 128 levels at line 1, column ");
    }

    [Fact]
    public void The_number_of_items_is_bounded()
    {
        string Items(int count) =>
            $$"""
            {"ociVersion": "1.3.0", "process": {"args": [{{string.Join(',', Enumerable.Repeat("\"\"", count - 1))}}] },
             "annotations": {"a": ""} }
            """;
        Refusal(Items(JsonCursor.MaximumItems)).Should().BeNull();
        Refusal(Items(JsonCursor.MaximumItems + 1)).Should().Be(
            "annotations.a: config.json has more than 262144 list items and map entries; shorten the lists");
    }

    [Fact]
    public void A_large_map_of_equal_keys_stays_fast()
    {
        string entries = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"k{i % 50_000}\":\"{i}\""));
        Pair[] read = Members($$"""
            "annotations": { {{entries}} }
            """).Annotations!;
        read.Should().HaveCount(50_000);
        read[0].Should().Be(new Pair("k0", "50000"));
    }

    [Fact]
    public void A_whole_config_is_read_with_few_allocations()
    {
        byte[] json = MaximalConfig.Bytes;
        ConfigReader.Read(json, "config.json");
        long before = GC.GetAllocatedBytesForCurrentThread();
        ConfigReader.Read(json, "config.json");
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(24_000);
    }
}
