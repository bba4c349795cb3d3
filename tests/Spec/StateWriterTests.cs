using System.Text;
using FluentAssertions;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class StateWriterTests
{
    private static readonly StateDocument Sample = new(
        "1.3.0", "box", 4422, "running", "/containers/\"é\"", "/containers/rootfs", "2026-02-03T04:05:06.7Z",
        [new Pair("a.b", "c\nd"), new Pair("e", "")], "root");

    [Fact]
    public void State_is_indented_without_a_newline_at_the_end() => Text(StateWriter.State(Sample)).Should().Be(
        """
        {
          "ociVersion": "1.3.0",
          "id": "box",
          "pid": 4422,
          "status": "running",
          "bundle": "/containers/\"é\"",
          "rootfs": "/containers/rootfs",
          "created": "2026-02-03T04:05:06.7Z",
          "annotations": {
            "a.b": "c\nd",
            "e": ""
          },
          "owner": "root"
        }
        """);

    [Fact]
    public void Annotations_are_left_out_when_there_are_none_and_nothing_else_is()
    {
        const string expected = """
            {
              "ociVersion": "1.3.0",
              "id": "box",
              "pid": 0,
              "status": "stopped",
              "bundle": "/b",
              "rootfs": "/r",
              "created": "2026-02-03T04:05:06Z",
              "owner": ""
            }
            """;
        StateDocument state = new("1.3.0", "box", 0, "stopped", "/b", "/r", "2026-02-03T04:05:06Z", null, default);
        Text(StateWriter.State(state)).Should().Be(expected);
        Text(StateWriter.State(state with { Annotations = [] })).Should().Be(expected);
    }

    [Fact]
    public void Lists_are_one_line()
    {
        StateDocument second = Sample with { Id = "two", Pid = 0, Status = "stopped", Annotations = null };
        Text(StateWriter.List([Sample, second])).Should().Be(OneLine(
            """
            [{"ociVersion":"1.3.0","id":"box","pid":4422,"status":"running",
            "bundle":"/containers/\"é\"","rootfs":"/containers/rootfs","created":"2026-02-03T04:05:06.7Z",
            "annotations":{"a.b":"c\nd","e":""},"owner":"root"},
            {"ociVersion":"1.3.0","id":"two","pid":0,"status":"stopped",
            "bundle":"/containers/\"é\"","rootfs":"/containers/rootfs","created":"2026-02-03T04:05:06.7Z","owner":"root"}]
            """) + "\n");
    }

    [Fact]
    public void A_list_of_none_is_null() => Text(StateWriter.List([])).Should().Be("null\n");

    [Fact]
    public void Hooks_read_the_specified_members_only()
    {
        Text(StateWriter.Hook(Sample)).Should().Be(OneLine(
            """
            {"ociVersion":"1.3.0","id":"box","status":"running","pid":4422,
            "bundle":"/containers/\"é\"","annotations":{"a.b":"c\nd","e":""}}
            """));
        Text(StateWriter.Hook(Sample with { Annotations = null })).Should().Be(
            """{"ociVersion":"1.3.0","id":"box","status":"running","pid":4422,"bundle":"/containers/\"é\""}""");
    }

    [SchemaFact]
    public void State_and_hook_form_obey_the_schema()
    {
        Schema.Errors("state-schema.json", StateWriter.State(Sample)).Should().BeEmpty();
        Schema.Errors("state-schema.json", StateWriter.Hook(Sample with { Status = "creating" })).Should().BeEmpty();
        Schema.Errors("state-schema.json", StateWriter.State(Sample with { Status = "gone" })).Should().NotBeEmpty();
    }

    private static string OneLine(string text) => text.Replace("\n", "");

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
