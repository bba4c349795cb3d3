using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Plan;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class IdMapTests
{
    private static readonly Linux Container = new()
    {
        UidMappings = [new(0, 0, 1), new(1, 2, 1000)],
        GidMappings = [new(0, 500, 100)],
    };

    [Theory]
    [InlineData("uids=0-1-10;gids=5-6-7", "0-1-10", "5-6-7")]
    [InlineData("gids=5-6-7;uids=0-1-10", "0-1-10", "5-6-7")]
    [InlineData("uids=0-1-10#10-11-10;gids=0-100-10", "0-1-10 10-11-10", "0-100-10")]
    [InlineData("uids=@1-3-10;gids=@1-3-10", "1-4-10", "1-503-10")]
    [InlineData("uids=@0-0-3#9-9-9;gids=0-0-1", "0-0-1 1-2-2 9-9-9", "0-0-1")]
    [InlineData("uids=4294967294-4294967294-1;gids=0-0-1", "4294967294-4294967294-1", "0-0-1")]
    public void Ranges_are_read(string text, string uids, string gids)
    {
        IdMap map = IdMap.Parse(text, Container, recursive: true, "mounts[0].options[0]");
        (Text(map.Uids), Text(map.Gids), map.Recursive).Should().Be((uids, gids, true));
    }

    [Theory]
    [InlineData("uids=0-1-10")]
    [InlineData("gids=0-1-10")]
    [InlineData("uids=;gids=0-1-10")]
    [InlineData("uids=0-1;gids=0-1-10")]
    [InlineData("uids=0-1-0;gids=0-1-10")]
    [InlineData("uids=0-1-2-3;gids=0-1-10")]
    [InlineData("uids=0-1-10#;gids=0-1-10")]
    [InlineData("uids=-1-1-10x;gids=0-1-10")]
    [InlineData("uids=0-1-4294967296;gids=0-1-10")]
    [InlineData("uids=0-1-10;uids=0-1-10;gids=0-1-10")]
    [InlineData("uids=0-1-10;gids=0-1-10;other")]
    [InlineData("other")]
    public void What_is_no_mapping_is_refused(string text) =>
        Refusal(text).Should().StartWith($"mounts[0].options[0] \"{text}\": invalid mapping specified");

    [Fact]
    public void A_relative_range_needs_ids_that_the_container_has() =>
        Refusal("uids=@0-0-1;gids=@0-50-60").Should().Contain("linux.gidMappings does not map the container's id 100");

    private static string Refusal(string text)
    {
        try
        {
            IdMap.Parse(text, Container, recursive: false, "mounts[0].options[0]");
            return "";
        }
        catch (FaultException e)
        {
            return e.Fault.Text();
        }
    }

    private static string Text(IdMapping[]? ranges) =>
        string.Join(' ', ranges!.Select(range => $"{range.ContainerId}-{range.HostId}-{range.Size}"));
}
