using System;
using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Errors;

public sealed class PrintableTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("/srv/box ü 容器 \\ \"", "/srv/box ü 容器 \\ \"")]
    [InlineData("a\nb\tc\rd", "a\\nb\\tc\\rd")]
    [InlineData("\0\u001b[2J\u007f", "\\x00\\x1b[2J\\x7f")]
    [InlineData("\u0085\u009b31m\u00a0", "\\x85\\x9b31m\u00a0")]
    [InlineData("exe\u202efdp", "exe\\u202efdp")]
    [InlineData("\u2028\u2066\u200f\u061c", "\\u2028\\u2066\\u200f\\u061c")]
    public void What_moves_a_cursor_or_turns_a_line_is_written_out(string text, string expected) =>
        Printable.Of(text).Should().Be(expected);

    [Fact]
    public void A_plain_text_is_not_copied()
    {
        string text = new('a', 10);
        Printable.Of(text).Should().BeSameAs(text);
    }

    [Fact]
    public void No_control_character_is_left_of_all_there_are()
    {
        string all = string.Concat(Enumerable.Range(0, char.MaxValue + 1).Where(c => !char.IsSurrogate((char)c)).Select(c => (char)c));
        Printable.Of(all).Should().NotContainAny(Enumerable.Range(0, 0xa0).Where(c => char.IsControl((char)c)).Select(c => ((char)c).ToString()));
    }

    [Fact]
    public void Megabytes_of_control_characters_cost_memory_in_proportion()
    {
        string text = new('\u0001', 2_000_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Printable.Of(text).Should().HaveLength(4 * text.Length);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(100L * text.Length);
    }
}
