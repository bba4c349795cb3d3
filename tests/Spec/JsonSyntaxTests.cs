using System;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class JsonSyntaxTests
{
    [Theory]
    [InlineData("", "config.json is empty; write a JSON object")]
    [InlineData(" \n\t", "config.json is empty; write a JSON object")]
    [InlineData("{", "config.json ends at line 1, column 2, inside the document; it may be truncated")]
    [InlineData("{\n \"root\": {\n  \"path\": \"ro", "root.path: config.json ends at line 3, column 14, inside the document; it may be truncated")]
    [InlineData("{\"mounts\": [{}, {\"options\": [\"é\", ", "mounts[1].options: config.json ends at line 1, column 35, inside the document; it may be truncated")]
    [InlineData("{\"a\": tr", "a: config.json ends at line 1, column 9, inside the document; it may be truncated")]
    [InlineData("{\"a\": 1,}", "config.json is not valid JSON at line 1, column 9: a comma stands before \"}\"; remove the comma")]
    [InlineData("{\"root\": {\"a\": [1,\n ]}}", "root.a: config.json is not valid JSON at line 2, column 2: a comma stands before \"]\"; remove the comma")]
    [InlineData("{\"a\": 1} x", "config.json is not valid JSON at line 1, column 10: unexpected \"x\" after the end of the document")]
    [InlineData("{}{}", "config.json is not valid JSON at line 1, column 3: unexpected \"{\" after the end of the document")]
    [InlineData("// c\n{}", "config.json is not valid JSON at line 1, column 1: comments are not allowed; remove them")]
    [InlineData("{\"linux\": {/* c */}}", "linux: config.json is not valid JSON at line 1, column 12: comments are not allowed; remove them")]
    [InlineData("{\"é\": 'a'}", "[\"é\"]: config.json is not valid JSON at line 1, column 7: unexpected \"'\"")]
    [InlineData("{\"a\": \"x\ny\"}", "a: config.json is not valid JSON at line 1, column 9: unexpected control character 0x0a")]
    [InlineData("{\"a\": \"\\x\"}", "a: config.json is not valid JSON at line 1, column 9: unexpected \"x\"")]
    [InlineData("{\"a\": \"\\u12g4\"}", "a: config.json is not valid JSON at line 1, column 12: unexpected \"g\"")]
    [InlineData("{\"a\" 1}", "config.json is not valid JSON at line 1, column 6: unexpected \"1\"")]
    [InlineData("{a: 1}", "config.json is not valid JSON at line 1, column 2: unexpected \"a\"")]
    [InlineData("{\"a\": 1 \"b\": 2}", "config.json is not valid JSON at line 1, column 9: unexpected \"\"\"")]
    [InlineData("{\"a\": [1 2]}", "a: config.json is not valid JSON at line 1, column 10: unexpected \"2\"")]
    [InlineData("{\"a\": ]}", "a: config.json is not valid JSON at line 1, column 7: unexpected \"]\"")]
    [InlineData("\0", "config.json is not valid JSON at line 1, column 1: unexpected control character 0x00")]
    public void What_is_not_JSON_is_placed(string json, string text) => Refusal(json).Should().Be(text);

    [Fact]
    public void A_byte_order_mark_is_refused() =>
        Refusal([0xEF, 0xBB, 0xBF, .. "{}"u8]).Should().Be(
            "config.json starts with a byte order mark, which JSON does not have; save it as UTF-8 without one");

    [Theory]
    [InlineData(0x80)]
    [InlineData(0xC3)]
    [InlineData(0xFF)]
    public void Bytes_that_are_not_UTF_8_are_placed(int wrong)
    {
        byte[] json = [.. "{\"é\": \""u8, (byte)wrong, .. "\"}"u8];
        Refusal(json).Should().Be("config.json is not valid UTF-8 at byte offset 8; save it as UTF-8");
    }

    [Fact]
    public void Bytes_that_encode_a_surrogate_are_not_UTF_8() =>
        Refusal([.. "{}"u8, 0xED, 0xA0, 0x80]).Should().Be("config.json is not valid UTF-8 at byte offset 2; save it as UTF-8");

    [Fact]
    public void Files_up_to_16_MiB_are_read()
    {
        byte[] json = new byte[16 * 1024 * 1024];
        json.AsSpan().Fill((byte)' ');
        "{\"ociVersion\": \"1.3.0\"}"u8.CopyTo(json);
        Refusal(json).Should().BeNull();
    }

    [Fact]
    public void A_huge_file_is_refused_unparsed()
    {
        byte[] json = new byte[100_000_000];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal(json).Should().Be("config.json has 100000000 bytes, more than the 16777216 that are read; shorten it");
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(100_000);
    }

    [Fact]
    public void A_file_cut_anywhere_gives_one_fault()
    {
        byte[] json = Encoding.UTF8.GetBytes("""
            {"ociVersion": "1.3.0", "hostname": "é\ud83d\ude00", "linux": {"resources": {"memory": {"limit": -12}, "devices":
            [{"allow": true}, {"allow": false, "major": null}]}, "sysctl": {"a.b": "c"}}, "x": [1.5e3, {}]}
            """);
        Refusal(json).Should().BeNull();
        for (int length = 0; length < json.Length; length++)
        {
            byte[] cut = json[..length];
            Action read = () => ConfigReader.Read(cut, "config.json");
            read.Should().ThrowExactly<FaultException>($"it is cut at byte {length}").Which.Fault.Text().Should().Contain("config.json");
        }
    }
}
