using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class TraceFileTests
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
            "process_name 5 5 ocirun run", "thread_name 5 5 main", "process_name 7 7 container's process", "thread_name 7 7 main");
        JsonNode[] slices = [.. events.Where(e => (string)e!["ph"]! == "X").Select(e => e!)];
        slices.Select(e => $"{e["cat"]} {e["ts"]!.ToJsonString()} {e["dur"]!.ToJsonString()} {e["pid"]}").Should().Equal(
            "command 1000.000 2500.001 5", "phase 1000.000 2500.001 5", "step 2000.000 0.999 7");
        ((string)slices[2]["name"]!).Should().Be("mount \"x\"\n\u001b");
        slices[2]["args"]!.ToJsonString().Should().Be("""{"step":3,"field":"mounts[0]","syscall":"openat","errno":"ENOENT"}""");
        ((string)document["otherData"]!["command"]!).Should().Be("run");
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
        (JsonObject)JsonNode.Parse(Encoding.UTF8.GetString(TraceFile.Document([.. events], "run", 5).Written))!;
}
