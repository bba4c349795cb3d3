using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>events (features.md §1.16).</summary>
public sealed class EventsTests : RuntimeTest
{
    [RuntimeFact]
    public void Stats_are_one_line_of_JSON()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Outcome events = Runtime.Run("events", "--stats", Id);
        events.Exit.Should().Be(0);
        events.Err.Should().BeEmpty();
        events.Out.Should().EndWith("}\n");
        JsonNode json = JsonNode.Parse(events.Out)!;
        ((string)json["type"]!).Should().Be("stats");
        ((string)json["id"]!).Should().Be(Id);
        ((long)json["data"]!["cpu"]!["usage"]!["total"]!).Should().BePositive();
        ((int)json["data"]!["pids"]!["current"]!).Should().Be(1);
        json["data"]!.AsObject().ContainsKey("network_interfaces").Should().BeTrue();
    }

    [RuntimeFact]
    public void The_stream_ends_with_the_container()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Runtime.Call call = Runtime.With("events", "--interval", "100ms", Id);
        using Process process = call.Start();
        Eventually(() => call.Out.Count(c => c == '\n') >= 3, "three intervals");
        Directory.GetDirectories($"/proc/{process.Id}/task").Length.Should().BeLessThan(3, "nothing but main and the idle finalizer");
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Outcome outcome = call.Finish(process);
        outcome.Exit.Should().Be(0);
        outcome.Err.Should().BeEmpty();
        foreach (string line in outcome.Out.TrimEnd('\n').Split('\n'))
            ((string)JsonNode.Parse(line)!["type"]!).Should().Be("stats");
    }

    [RuntimeFact]
    public void It_ends_when_the_container_is_deleted_at_once()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Runtime.Call call = Runtime.With("events", "--interval", "1h", Id).Within(TimeSpan.FromSeconds(5));
        using Process process = call.Start();
        Thread.Sleep(200);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        call.Finish(process).Should().Be(Silent);
    }

    [RuntimeFact]
    public void It_lasts_as_long_as_a_daemon_of_the_container()
    {
        Bundle.NoNamespace("pid").Shell("sleep 1000 & exec sleep 1000");
        CreateAndStart();
        int init = Pid();
        Eventually(() => RunningProcess.Children(init) == 1, "the child runs");
        Runtime.Call call = Runtime.With("events", "--interval", "1h", Id).Within(TimeSpan.FromSeconds(5));
        using Process process = call.Start();
        Thread.Sleep(200);
        Runtime.Run("kill", Id, "TERM").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "init is dead");
        TimeSpan used = process.TotalProcessorTime;
        Thread.Sleep(700);
        process.HasExited.Should().BeFalse();
        (process.TotalProcessorTime - used).Should().BeLessThan(TimeSpan.FromMilliseconds(100), "it waits without spinning");
        Runtime.Run("kill", "--all", Id, "KILL").Should().Be(Silent);
        call.Finish(process).Should().Be(Silent);
    }

    [RuntimeFact]
    public void It_ends_quietly_when_nobody_reads()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string script = $"'{Runtime.Binary}' --root '{Runtime.Root}' events --interval 1h {Id} 2>err | true; "
            + $"'{Runtime.Binary}' --root '{Runtime.Root}' events --interval 50ms {Id} 2>>err | head -n 1 >/dev/null; cat err";
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { UseShellExecute = false, RedirectStandardOutput = true, WorkingDirectory = Work })!;
        shell.WaitForExit(5000).Should().BeTrue();
        shell.StandardOutput.ReadToEnd().Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_paused_container_is_followed_and_a_stopped_one_refused()
    {
        Use(View.Unified);
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Runtime.Run("pause", Id).Should().Be(Silent);
        Runtime.Run("events", "--stats", Id).Exit.Should().Be(0);
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is dead");
        Refused($"container with id {Id} is not running", "events", "--stats", Id);
        Refused("duration interval must be greater than 0", "events", "--interval", "0s", Id);
        Refused("parse error", "events", "--interval", "5", Id);
        Refused("does not exist", "events", NewId());
        Refused("requires exactly 1 argument(s)", "events");
    }

    [RuntimeFact]
    public void Prometheus_gets_one_or_all_containers()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string other = NewId();
        Runtime.Run("create", "--bundle", Bundle.Path, other).Should().Be(Silent);
        string all = Runtime.Run("events", "--format", "prometheus").Out;
        all.Should().Contain($"ocirun_container_state{{id=\"{Id}\",state=\"running\"}} 1\n")
            .And.Contain($"ocirun_container_state{{id=\"{other}\",state=\"created\"}} 1\n");
        Runtime.Run("events", "--format", "prometheus", other).Out.Should().Contain(other).And.NotContain(Id);
        Refused("--interval does not go with --format prometheus", "events", "--format", "prometheus", "--interval", "1s");
        Refused("does not exist", "events", "--format", "prometheus", NewId());
    }

    private void Refused(string text, params string[] words)
    {
        Outcome outcome = Runtime.Run(words);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(text);
    }
}
