using FluentAssertions;
using OciRun.Errors;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Errors;

public sealed class FaultTests
{
    [Fact]
    public void The_parts_come_in_their_order() =>
        new Fault("source \"/srv/x\"") { Field = "mounts[3]", Value = "/data", Syscall = "open_tree", Errno = Errno.ENOENT, Hint = "create it first" }
            .Text().Should().Be("mounts[3] \"/data\": source \"/srv/x\": no such file or directory (open_tree: ENOENT); create it first");

    [Fact]
    public void It_is_one_line_whatever_its_parts_are() =>
        new Fault("a\nb") { Field = "f\u001b", Value = "v\u009b", Hint = "h\r" }.Text().Should().Be("f\\x1b \"v\\x9b\": a\\nb; h\\r");

    [Fact]
    public void A_part_of_megabytes_is_cut_and_what_follows_it_is_not()
    {
        string huge = new('x', 1 << 20);
        string text = new Fault(huge) { Field = huge, Value = huge, Syscall = "openat", Errno = Errno.ENOENT, Hint = huge + "end" }.Text();
        text.Length.Should().BeLessThan(30_000);
        text.Should().Contain("x…: no such file or directory (openat: ENOENT); x").And.EndWith("…");
    }
}
