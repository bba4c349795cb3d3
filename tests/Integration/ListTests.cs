using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>list (features.md §1.12).</summary>
[Trait("Category", "Conformance")]
public sealed class ListTests : RuntimeTest
{
    [RuntimeFact]
    public void The_table_has_the_columns_callers_cut()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        string[] lines = Runtime.Run("list").Out.TrimEnd('\n').Split('\n');
        lines.Should().HaveCount(2);
        lines[0].Split(' ', System.StringSplitOptions.RemoveEmptyEntries).Should().Equal("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
        string[] row = lines[1].Split(' ', System.StringSplitOptions.RemoveEmptyEntries);
        row[0].Should().Be(Id);
        row[1].Should().Be(Pid().ToString());
        row[2].Should().Be("created");
        row[3].Should().Be(Bundle.Path);
        row[4].Should().EndWith("Z");
        row[5].Should().Be("root");
    }

    [RuntimeFact]
    public void Quiet_prints_ids()
    {
        Bundle.Args("sleep", "100").Save();
        string other = NewId();
        Runtime.Run("create", "--bundle", Bundle.Path, Id);
        Runtime.Run("create", "--bundle", Bundle.Path, other);
        Outcome list = Runtime.Run("list", "--quiet");
        list.Exit.Should().Be(0);
        list.Out.TrimEnd('\n').Split('\n').Should().BeEquivalentTo(Id, other);
    }

    [RuntimeFact]
    public void Json_has_an_object_per_container()
    {
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        JsonArray list = (JsonArray)JsonNode.Parse(Runtime.Run("list", "--format", "json").Out)!;
        JsonObject entry = (JsonObject)list.Single()!;
        ((string)entry["id"]!).Should().Be(Id);
        ((string)entry["status"]!).Should().Be("stopped");
        ((int)entry["pid"]!).Should().Be(0);
        ((string)entry["bundle"]!).Should().Be(Bundle.Path);
        ((string)entry["owner"]!).Should().Be("root");
    }

    [RuntimeFact]
    public void Json_of_nothing_parses()
    {
        Directory.CreateDirectory(Runtime.Root!);
        Outcome list = Runtime.Run("list", "--format", "json");
        list.Exit.Should().Be(0);
        string.Concat(list.Out.Where(c => !char.IsWhiteSpace(c))).Should().BeOneOf("null", "[]");
    }

    [RuntimeFact]
    public void Foreign_entries_below_the_root_do_not_stop_it()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        string foreign = Path.Combine(Runtime.Root!, "foreign");
        Directory.CreateDirectory(foreign);
        Outcome list = Runtime.Run("list", "--quiet");
        Directory.Delete(foreign);
        list.Exit.Should().Be(0);
        list.Out.Should().Be(Id + "\n", "a directory without a record is no container");
    }

    [RuntimeFact]
    public void An_unknown_format_is_refused()
    {
        Outcome list = Runtime.Run("list", "--format", "nosuch");
        list.Exit.Should().Be(1);
        list.Err.Should().Contain("format");
    }
}
