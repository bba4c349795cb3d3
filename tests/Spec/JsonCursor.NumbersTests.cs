using FluentAssertions;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class JsonCursorNumbersTests
{
    private const string Memory = "\"linux\": {\"resources\": {\"memory\": {\"limit\": @}}}";
    private const string Umask = "\"process\": {\"user\": {\"umask\": @}}";
    private const string Weight = "\"linux\": {\"resources\": {\"blockIO\": {\"weight\": @}}}";
    private const string Nice = "\"process\": {\"scheduler\": {\"nice\": @}}";
    private const string Hard = "\"process\": {\"rlimits\": [{\"hard\": @}]}";

    [Theory]
    [InlineData(Umask, "-1", "process.user.umask: expected an integer from 0 to 4294967295, found -1")]
    [InlineData(Umask, "-0", "process.user.umask: expected an integer from 0 to 4294967295, found -0")]
    [InlineData(Umask, "1.0", "process.user.umask: expected an integer from 0 to 4294967295, found 1.0")]
    [InlineData(Umask, "1e3", "process.user.umask: expected an integer from 0 to 4294967295, found 1e3")]
    [InlineData(Umask, "4294967296", "process.user.umask: expected an integer from 0 to 4294967295, found 4294967296")]
    [InlineData(Hard, "18446744073709551616", "process.rlimits[0].hard: expected an integer from 0 to 18446744073709551615, found 18446744073709551616")]
    [InlineData(Hard, "-1", "process.rlimits[0].hard: expected an integer from 0 to 18446744073709551615, found -1")]
    [InlineData(Hard, "1.8446744073709551615e19", "process.rlimits[0].hard: expected an integer from 0 to 18446744073709551615, found 1.8446744073709551615e19")]
    [InlineData(Weight, "65536", "linux.resources.blockIO.weight: expected an integer from 0 to 65535, found 65536")]
    [InlineData(Memory, "9223372036854775808", "linux.resources.memory.limit: expected an integer from -9223372036854775808 to 9223372036854775807, found 9223372036854775808")]
    [InlineData(Memory, "-9223372036854775809", "linux.resources.memory.limit: expected an integer from -9223372036854775808 to 9223372036854775807, found -9223372036854775809")]
    [InlineData(Memory, "1.5", "linux.resources.memory.limit: expected an integer from -9223372036854775808 to 9223372036854775807, found 1.5")]
    [InlineData(Nice, "2147483648", "process.scheduler.nice: expected an integer from -2147483648 to 2147483647, found 2147483648")]
    [InlineData(Nice, "-2147483649", "process.scheduler.nice: expected an integer from -2147483648 to 2147483647, found -2147483649")]
    public void Numbers_outside_the_range_of_the_field_are_refused(string members, string number, string text) =>
        MemberRefusal(members.Replace("@", number)).Should().Be(text);

    [Theory]
    [InlineData(Umask, "4294967295")]
    [InlineData(Umask, "0")]
    [InlineData(Hard, "18446744073709551615")]
    [InlineData(Weight, "65535")]
    [InlineData(Memory, "9223372036854775807")]
    [InlineData(Memory, "-9223372036854775808")]
    [InlineData(Memory, "-0")]
    [InlineData(Nice, "2147483647")]
    [InlineData(Nice, "-2147483648")]
    public void The_ends_of_each_range_are_accepted(string members, string number) =>
        MemberRefusal(members.Replace("@", number)).Should().BeNull();

    [Theory]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData(".5")]
    [InlineData("NaN")]
    public void What_JSON_does_not_call_a_number_is_a_syntax_error(string number) =>
        MemberRefusal(Umask.Replace("@", number)).Should().StartWith(
            "process.user.umask: config.json is not valid JSON at line 1, column ");
}
