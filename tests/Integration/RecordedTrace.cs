using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>A trace as Perfetto reads it. Reading it checks what holds of every one.</summary>
internal sealed class RecordedTrace
{
    private RecordedTrace(JsonArray all)
    {
        Slice[] slices = [.. all.Where(e => (string)e!["ph"]! == "X").Select(e => new Slice((JsonObject)e!))];
        Dictionary<int, string> names = all.Where(e => (string)e!["ph"]! == "M" && (string)e["name"]! == "process_name")
            .ToDictionary(e => (int)e!["pid"]!, e => (string)e!["args"]!["name"]!);
        slices.Should().NotBeEmpty();
        slices.Should().OnlyContain(slice => names.ContainsKey(slice.Pid), "every process has a name");
        slices.Should().OnlyContain(slice => slice.Duration >= 0 && slice.Start > 0);
        foreach (IGrouping<int, Slice> process in slices.GroupBy(slice => slice.Pid))
            CheckNesting([.. process.OrderBy(slice => slice.Start).ThenByDescending(slice => slice.Duration)]);
        Slices = [.. slices.OrderBy(slice => slice.Start)];
        Names = names;
    }

    /// <summary>In the order of time, which the file need not have.</summary>
    public IReadOnlyList<Slice> Slices { get; }

    /// <summary>Names of the processes by pid.</summary>
    public IReadOnlyDictionary<int, string> Names { get; }

    /// <summary>The slice of the whole command.</summary>
    public Slice Command => Slices.Single(slice => slice.Category == "command");

    public string[] Phases => [.. Slices.Where(slice => slice.Category == "phase" && slice.Pid == Command.Pid).Select(slice => slice.Name)];

    public Slice[] Steps => [.. Slices.Where(slice => slice.Category == "step")];

    public Slice[] Hooks => [.. Slices.Where(slice => slice.Category == "hook")];

    public static RecordedTrace Read(string path)
    {
        JsonObject document = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        ((string)document["displayTimeUnit"]!).Should().Be("ns");
        return new RecordedTrace((JsonArray)document["traceEvents"]!);
    }

    // Slices of one thread are within one another or apart, as Perfetto's tracks demand.
    private static void CheckNesting(Slice[] slices)
    {
        const double rounding = 0.0015;
        Stack<Slice> open = new();
        foreach (Slice slice in slices)
        {
            while (open.TryPeek(out Slice? outer) && outer.End <= slice.Start + rounding)
                open.Pop();
            if (open.TryPeek(out Slice? around))
                slice.End.Should().BeLessThanOrEqualTo(around.End + rounding, $"{slice.Name} is within {around.Name}");
            open.Push(slice);
        }
    }

    /// <summary>A complete event; times in microseconds.</summary>
    internal sealed class Slice(JsonObject json)
    {
        public string Name { get; } = (string)json["name"]!;

        public string Category { get; } = (string)json["cat"]!;

        public int Pid { get; } = (int)json["pid"]!;

        public double Start { get; } = (double)json["ts"]!;

        public double Duration { get; } = (double)json["dur"]!;

        public double End => Start + Duration;

        public int Step => (int?)json["args"]!["step"] ?? 0;

        public bool IsUnfinished => (bool?)json["args"]!["unfinished"] ?? false;

        public bool IsUntimed => (bool?)json["args"]!["untimed"] ?? false;

        public string? this[string argument] => (string?)json["args"]![argument];

        public override string ToString() => json.ToJsonString();
    }
}
