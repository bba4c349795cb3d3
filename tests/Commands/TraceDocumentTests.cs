using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class TraceDocumentTests
{
    [Fact]
    public void A_trace_is_a_document_of_complete_events()
    {
        JsonObject document = Document(
            new TraceEvent { Name = "config", Start = 1_000_000, End = 3_500_001 },
            new TraceEvent { Name = "mount \"x\"\n\u001b", Category = "step", Pid = 7, Step = 3, Start = 2_000_000, End = 2_000_999, Field = "mounts[0]", Errno = 2, Syscall = "openat" });
        JsonArray events = (JsonArray)document["traceEvents"]!;
        JsonNode[] names = [.. events.Where(e => (string)e!["ph"]! == "M").Select(e => e!)];
        names.Select(e => $"{e["name"]} {e["pid"]} {e["tid"]} {e["args"]!["name"]}").Should().Equal(
            "process_name 7 7 container's process", "thread_name 7 7 main", "process_name 5 5 ocirun run", "thread_name 5 5 main");
        JsonNode[] slices = [.. events.Where(e => (string)e!["ph"]! == "X").Select(e => e!)];
        slices.Select(e => $"{e["cat"]} {e["ts"]!.ToJsonString()} {e["dur"]!.ToJsonString()} {e["pid"]}").Should().Equal(
            "phase 1000.000 2500.001 5", "step 2000.000 0.999 7", "command 1000.000 2500.001 5");
        ((string)slices[1]["name"]!).Should().Be("mount \"x\"\n\u001b");
        slices[1]["args"]!.ToJsonString().Should().Be("""{"step":3,"field":"mounts[0]","syscall":"openat","errno":"ENOENT"}""");
        ((string)document["otherData"]!["command"]!).Should().Be("run");
    }

    [Fact]
    public void What_has_ended_is_written_once_and_early()
    {
        TraceEvent wait = new() { Name = "wait", Start = 2_000 };
        List<TraceEvent> events = [new TraceEvent { Name = "config", Start = 1_000, End = 2_000 }, wait, new TraceEvent { Name = "mount", Pid = 7, Step = 1, Start = 1_500, End = 1_700 }];
        TraceDocument document = new(5, 0);
        document.Add(events);
        wait.End = 9_000;
        events.Add(new TraceEvent { Name = "state", Start = 9_000, End = 9_500 });
        JsonNode[] slices = [.. JsonNode.Parse(Encoding.UTF8.GetString(document.Finish(events, "run")))!["traceEvents"]!.AsArray().Where(e => (string)e!["ph"]! == "X").Select(e => e!)];
        slices.Select(e => $"{e["name"]} {e["dur"]!.ToJsonString()}").Should().BeEquivalentTo("config 1.000", "mount 0.200", "wait 7.000", "state 0.500", "run 8.500");
    }

    [Fact]
    public void A_clock_that_was_set_back_makes_no_negative_time()
    {
        JsonArray events = (JsonArray)Document(new TraceEvent { Name = "config", Start = 5_000, End = 1_000 })["traceEvents"]!;
        events.Where(e => (string)e!["ph"]! == "X").Should().OnlyContain(e => (double)e!["dur"]! >= 0);
    }

    [Fact]
    public void Without_events_it_is_a_document_too() => Document()["traceEvents"]!.AsArray().Should().HaveCount(2);

    private static JsonObject Document(params TraceEvent[] events) =>
        (JsonObject)JsonNode.Parse(Encoding.UTF8.GetString(new TraceDocument(5, 0).Finish([.. events], "run")))!;
}
