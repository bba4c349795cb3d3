using System.Text;
using System.Text.Json;
using FluentAssertions;
using FsCheck;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class JsonTextTests
{
    [Fact]
    public void The_compact_form_has_no_white_space() => Sample(new JsonText()).Should().Be(
        """{"a":"b","list":["x","y"],"none":[],"empty":{},"n":-9223372036854775808,"yes":true,"in":{"no":false}}""");

    [Fact]
    public void The_indented_form_has_one_member_a_line() => Sample(new JsonText('\t', 1)).Replace('\t', '~').Should().Be(
        """
        {
        ~"a": "b",
        ~"list": [
        ~~"x",
        ~~"y"
        ~],
        ~"none": [],
        ~"empty": {},
        ~"n": -9223372036854775808,
        ~"yes": true,
        ~"in": {
        ~~"no": false
        ~}
        }
        """);

    [Fact]
    public void Only_what_has_to_be_escaped_is() =>
        Text("a\"\\/\b\n\r\t\u0001\u001f\u007f\u009fé€😀<>&'+"u8.ToArray()).Should().Be(
            "\"a\\\"\\\\/\\u0008\\n\\r\\t\\u0001\\u001f\\u007f\\u009fé€😀<>&'+\"");

    [Fact]
    public void Bytes_that_are_not_UTF_8_become_replacement_characters() =>
        Text([(byte)'a', 0xFF, (byte)'b', 0xC3]).Should().Be("\"a\uFFFDb\uFFFD\"");

    [Fact]
    public void Any_text_is_read_back() => Prop.ForAll<string>(text =>
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text ?? "");
        using JsonDocument read = JsonDocument.Parse(Text(utf8));
        read.RootElement.GetString().Should().Be(Encoding.UTF8.GetString(utf8));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_buffer_grows_as_needed()
    {
        string large = new('x', 10_000);
        Text(Encoding.UTF8.GetBytes(large)).Should().Be($"\"{large}\"");
    }

    private static string Text(byte[] text) => Encoding.UTF8.GetString(new JsonText().Value(text).ToArray());

    private static string Sample(JsonText json)
    {
        json.Object().Member("a"u8, "b").Member("list"u8, ["x", "y"]);
        json.Key("none"u8).Array().EndArray().Key("empty"u8).Object().EndObject();
        json.Member("n"u8, long.MinValue).Member("yes"u8, true).Key("in"u8).Object().Member("no"u8, false).EndObject();
        return Encoding.UTF8.GetString(json.EndObject().ToArray());
    }
}
