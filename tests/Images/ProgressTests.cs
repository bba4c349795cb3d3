using FluentAssertions;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class ProgressTests
{
    [Theory]
    [InlineData(0, "layer 2 of 5 [                             ]   0 %  0.0 of 25.0 MB")]
    [InlineData(12_500_000, "layer 2 of 5 [##############               ]  50 %  12.5 of 25.0 MB")]
    [InlineData(25_000_000, "layer 2 of 5 [########################################] 100 %  25.0 of 25.0 MB")]
    [InlineData(99_000_000, "layer 2 of 5 [########################################] 100 %  99.0 of 25.0 MB")]
    public void The_bar_is_the_share_of_the_bytes(long done, string line) =>
        Progress.Line(2, 5, done, 25_000_000, done < 20_000_000 ? line.Length + 1 : 200).Should().Be(line);

    [Theory]
    [InlineData(40, "layer 1 of 1   50 %  1.0 of 2.0 MB")]
    [InlineData(10, "layer 1 o")]
    [InlineData(1, "")]
    public void A_narrow_terminal_gets_no_second_line(int width, string line) =>
        Progress.Line(1, 1, 1_000_000, 2_000_000, width).Should().Be(line);

    [Fact]
    public void Nothing_to_do_is_done() => Progress.Line(0, 0, 0, 0, 80).Should().Contain("100 %");
}
