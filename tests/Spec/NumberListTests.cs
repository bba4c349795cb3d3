using System;
using System.Linq;
using System.Text;
using FluentAssertions;
using FsCheck;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class NumberListTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("7,0-3", "0,1,2,3,7")]
    [InlineData(" 1 , 2 - 3 ,,", "1,2,3")]
    [InlineData("63,64", "63,64")]
    [InlineData("5-5", "5")]
    [InlineData("1024,4096,65535", "1024,4096,65535")]
    [InlineData("0000001", "1")]
    public void Numbers_and_ranges_are_members(string text, string members) => Members(text).Should().Be(members);

    [Theory]
    [InlineData("", "a list without a number")]
    [InlineData(" , ", "a list without a number")]
    [InlineData("a", "not a list of numbers and ranges")]
    [InlineData("-1", "not a list of numbers and ranges")]
    [InlineData("1-", "not a list of numbers and ranges")]
    [InlineData("1-2-3", "not a list of numbers and ranges")]
    [InlineData("0x1", "not a list of numbers and ranges")]
    [InlineData("1 2", "not a list of numbers and ranges")]
    [InlineData("0-4:1/2", "not a list of numbers and ranges")]
    [InlineData("3-1", "a range that ends before it starts")]
    [InlineData("65536", "a number above 65535")]
    [InlineData("0-99999999999999999999", "a number above 65535")]
    public void What_is_no_list_says_why(string text, string problem)
    {
        NumberList.Parse(Encoding.UTF8.GetBytes(text), out string found).Should().BeNull();
        found.Should().Be(problem);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("63", 63)]
    [InlineData("64,3", 64)]
    [InlineData("0-8191", 8191)]
    public void The_last_member_ends_the_mask(string text, int last)
    {
        ulong[] mask = NumberList.Parse(Encoding.UTF8.GetBytes(text), out _)!;
        mask.Should().HaveCount((last / 64) + 1);
        NumberList.Last(mask).Should().Be(last);
    }

    [Fact]
    public void Any_set_survives_being_written() => Prop.ForAll<NonEmptyArray<ushort>>(numbers =>
        string.Equals(Members(string.Join(',', numbers.Get)), string.Join(',', numbers.Get.Distinct().Order()), StringComparison.Ordinal))
        .QuickCheckThrowOnFailure();

    private static string? Members(string text)
    {
        ulong[]? mask = NumberList.Parse(Encoding.UTF8.GetBytes(text), out _);
        return mask is null
            ? null
            : string.Join(',', Enumerable.Range(0, mask.Length * 64).Where(i => (mask[i / 64] & (1UL << (i % 64))) != 0));
    }
}
