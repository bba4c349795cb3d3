using System;
using System.Linq;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class ListTableTests
{
    [Fact]
    public void A_path_forges_no_row_and_no_escape_sequence()
    {
        StateDocument[] containers =
        [
            Document("box", "/srv/a\nroot-box     1           running\u001b[2K\u009bA"),
            Document("other", "/srv/b"),
        ];

        string[] lines = ListTable.Write(containers).Split('\n');

        lines.Should().HaveCount(4).And.OnlyContain(line => !line.Any(char.IsControl));
        lines[1].Should().Contain("/srv/a\\nroot-box     1           running\\x1b[2K\\x9bA");
        lines[1].IndexOf("2026", StringComparison.Ordinal).Should().Be(lines[2].IndexOf("2026", StringComparison.Ordinal), "columns stay columns");
    }

    private static StateDocument Document(string id, string bundle) =>
        new("1.2.0", id, 1, "running", bundle, "/", "2026-01-31T10:20:30Z", null, "root");
}
