using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class GVariantTextTests
{
    [Theory]
    [InlineData("true", "b true")]
    [InlineData(" false ", "b false")]
    [InlineData("5", "i 5")]
    [InlineData("-0x10", "i -16")]
    [InlineData("010", "i 8")]
    [InlineData("1.5", "d 1.5")]
    [InlineData("2e3", "d 2000")]
    [InlineData("double 2", "d 2")]
    [InlineData("byte 255", "y 255")]
    [InlineData("int16 -32768", "n -32768")]
    [InlineData("uint16 65535", "q 65535")]
    [InlineData("uint32 5", "u 5")]
    [InlineData("handle 1", "h 1")]
    [InlineData("int64 -9223372036854775808", "x -9223372036854775808")]
    [InlineData("uint64 18446744073709551615", "t 18446744073709551615")]
    [InlineData("@t 5", "t 5")]
    [InlineData("'SIGKILL'", "s \"SIGKILL\"")]
    [InlineData("\"it's\"", "s \"it's\"")]
    [InlineData("'a\\'b\\n\\u00e9\\U0001F600'", "s \"a'b\né😀\"")]
    [InlineData("objectpath '/a'", "o \"/a\"")]
    [InlineData("@g 'as'", "g \"as\"")]
    [InlineData("b'a\\101'", "ay [97, 65, 0]")]
    [InlineData("['a', 'b']", "as [\"a\", \"b\"]")]
    [InlineData("@as []", "as []")]
    [InlineData("@at [1, 2]", "at [1, 2]")]
    [InlineData("[uint32 1, 2]", "au [1, 2]")]
    [InlineData("[byte 1]", "ay [1]")]
    [InlineData("('a', uint64 5)", "(st) (\"a\", 5)")]
    [InlineData("(1,)", "(i) (1)")]
    [InlineData("@a(st) [('a', 1), ('b', 2)]", "a(st) [(\"a\", 1), (\"b\", 2)]")]
    [InlineData("[('/dev/null', 'rwm')]", "a(ss) [(\"/dev/null\", \"rwm\")]")]
    [InlineData("{'k': <1>, 'l': <'x'>}", "a{sv} {\"k\": <i 1>, \"l\": <s \"x\">}")]
    [InlineData("@a{sv} {}", "a{sv} {}")]
    [InlineData("<<@as []>>", "v <v <as []>>")]
    public void Values(string text, string value) => GVariantText.Parse(text).ToString().Should().Be(value);

    [Theory]
    [InlineData("", "a value is missing (at character 1)")]
    [InlineData("[]", "an empty array needs a type, such as @as [] (at character 3)")]
    [InlineData("{}", "an empty dictionary needs a type, such as @a{sv} {} (at character 3)")]
    [InlineData("()", "D-Bus has no empty structure (at character 3)")]
    [InlineData("1 2", "there is more after the value (at character 3)")]
    [InlineData("[1, 'a']", "the value is not of type i (at character 8)")]
    [InlineData("['a', 1]", "the value is not of type s (at character 8)")]
    [InlineData("byte 256", "256 is out of the range of type y (at character 9)")]
    [InlineData("2147483648", "2147483648 is out of the range of type i (at character 11)")]
    [InlineData("uint64 -1", "-1 is out of the range of type t (at character 10)")]
    [InlineData("uint64 99999999999999999999999", "\"99999999999999999999999\" is no number (at character 8)")]
    [InlineData("12ab", "\"12ab\" is no number (at character 1)")]
    [InlineData("nothing", "unknown word \"nothing\" (at character 1)")]
    [InlineData("just 5", "unknown word \"just\" (at character 1)")]
    [InlineData("'abc", "a text does not end (at character 5)")]
    [InlineData("'abc\\", "a text does not end (at character 6)")]
    [InlineData("@ 5", "no D-Bus type after @ (at character 2)")]
    [InlineData("@r 5", "no D-Bus type after @ (at character 2)")]
    [InlineData("@(st) ('a',)", "the value is not of type (st) (at character 13)")]
    [InlineData("[1", "',' is missing (at character 3)")]
    [InlineData("'\\ud800'", "no character after \\u (at character 4)")]
    public void Refused_values(string text, string why)
    {
        Action parse = () => GVariantText.Parse(text);
        parse.Should().Throw<FaultException>().Which.Fault.Message.Should().Be("not a value in GVariant's text format: " + why);
    }

    [Fact]
    public void Depth_is_bounded()
    {
        Action parse = () => GVariantText.Parse(new string('<', 100_000));
        parse.Should().Throw<FaultException>().Which.Fault.Message.Should().Contain("nested too deeply");
    }
}
