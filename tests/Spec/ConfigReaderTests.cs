using System;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderTests
{
    [Fact]
    public void Every_top_level_field_is_read()
    {
        Config config = ConfigReader.Read(MaximalConfig.Bytes, "config.json");
        config.OciVersion.ToString().Should().Be("1.3.0-rc.1");
        config.Root.Should().BeEquivalentTo(new Root { Path = "rootfs", Readonly = true });
        config.Hostname.ToString().Should().Be("box");
        config.Domainname.ToString().Should().Be("example.org");
        config.Annotations.Should().Equal(new Pair("org.example.a", "1"), new Pair("empty", ""));
    }

    [Theory]
    [InlineData("{}", "ociVersion: missing; set it to \"1.3.0\"")]
    [InlineData("""{"ociVersion": null}""", "ociVersion: missing; set it to \"1.3.0\"")]
    [InlineData(
        """{"ociVersion": "2.0.0"}""",
        "ociVersion \"2.0.0\": only versions 1.x of the runtime specification are supported; convert the bundle to 1.3.0")]
    [InlineData(
        """{"ociVersion": "11.0"}""",
        "ociVersion \"11.0\": only versions 1.x of the runtime specification are supported; convert the bundle to 1.3.0")]
    [InlineData("""{"ociVersion": 1.3}""", "ociVersion: expected a string, found 1.3")]
    public void Other_versions_are_refused(string json, string text) => Refusal(json).Should().Be(text);

    [Theory]
    [InlineData("1.0.0")]
    [InlineData("1.0.2-dev")]
    [InlineData("1.3.0")]
    [InlineData("1.99.0-rc.1+build")]
    public void Any_version_1_is_accepted(string version) =>
        Config($$"""{"ociVersion": "{{version}}"}""").OciVersion.ToString().Should().Be(version);

    [Theory]
    [InlineData("[]", "config.json: expected an object, found an array")]
    [InlineData("null", "config.json: expected an object, found null")]
    [InlineData("\"a\"", "config.json: expected an object, found \"a\"")]
    [InlineData("12", "config.json: expected an object, found 12")]
    public void The_document_is_an_object(string json, string text) => Refusal(json).Should().Be(text);

    [Fact]
    public void Names_are_case_sensitive() =>
        Members("\"HostName\": 5, \"hostname\": \"a\"").Hostname.ToString().Should().Be("a");

    [Fact]
    public void Names_may_be_written_with_escapes() => Members("\"host\\u006eame\": \"a\"").Hostname.ToString().Should().Be("a");

    [Fact]
    public void The_last_of_equal_fields_wins()
    {
        Members("\"hostname\": \"a\", \"hostname\": \"b\"").Hostname.ToString().Should().Be("b");
        Members("\"hostname\": \"a\", \"hostname\": null").Hostname.IsNull.Should().BeTrue();
        Root root = Members("\"root\": {\"path\": \"a\", \"readonly\": true}, \"root\": {\"path\": \"b\"}").Root!;
        root.Should().BeEquivalentTo(new Root { Path = "b", Readonly = false });
    }

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(40)]
    public void The_last_of_equal_map_keys_wins_in_small_and_large_maps(int count)
    {
        string entries = string.Join(',', Enumerable.Range(0, count).Select(i => $"\"k{i}\": \"old\""));
        Pair[] read = Members($$"""
            "annotations": { {{entries}}, "k1": "new", "last": "z", "k{{count - 1}}": "newest"}
            """).Annotations!;
        read.Should().HaveCount(count + 1);
        read[1].Should().Be(new Pair("k1", "new"));
        read[count - 1].Should().Be(new Pair($"k{count - 1}", "newest"));
        read[count].Should().Be(new Pair("last", "z"));
        read.Count(pair => pair.Value == "old").Should().Be(count - 2);
    }

    [Fact]
    public void Every_field_may_be_null()
    {
        Config config = Members("""
            "process": null, "root": null, "hostname": null, "domainname": null, "mounts": null, "hooks": null,
            "annotations": null, "linux": null
            """);
        config.Should().BeEquivalentTo(new Config { OciVersion = "1.3.0" });
        config.Hostname.IsNull.Should().BeTrue();
    }

    [Fact]
    public void Texts_without_escapes_share_the_buffer()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"ociVersion": "1.3.0", "hostname": "abc"}""");
        Config config = ConfigReader.Read(json, "config.json");
        json[json.AsSpan().IndexOf("abc"u8)] = (byte)'x';
        config.Hostname.ToString().Should().Be("xbc");
    }

    [Fact]
    public void A_process_document_stands_on_its_own()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"cwd": "/", "args": ["a"], "rlimits": [{"soft": 1}]}""");
        Process process = ConfigReader.ReadProcess(json, "process.json");
        process.Cwd.ToString().Should().Be("/");
        process.Args.Should().Equal("a");
        process.Rlimits![0].Soft.Should().Be(1);
    }

    [Fact]
    public void Paths_in_a_process_document_start_in_it()
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"rlimits": [{"soft": true}]}""");
        Action read = () => ConfigReader.ReadProcess(json, "process.json");
        Fault fault = read.Should().Throw<FaultException>().Which.Fault;
        fault.Field.Should().Be("rlimits[0].soft");
        fault.Message.Should().Be("expected an unsigned integer, found true");
    }

    [Fact]
    public void Files_are_called_by_the_given_name()
    {
        Action read = () => ConfigReader.ReadProcess("[]"u8.ToArray(), "/tmp/p.json");
        read.Should().Throw<FaultException>().Which.Fault.Text().Should().Be("/tmp/p.json: expected an object, found an array");
        Action resources = () => ConfigReader.ReadResources("{"u8.ToArray(), "stdin");
        resources.Should().Throw<FaultException>().Which.Fault.Text().Should().StartWith("stdin ends at line 1, column 2");
    }
}
