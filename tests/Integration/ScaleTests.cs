using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>Many containers, many commands at once, and a slow disk below the state root.</summary>
public sealed class ScaleTests : RuntimeTest
{
    [RuntimeFact]
    public void Sixty_four_creates_at_once_all_succeed()
    {
        Bundle.Args("sleep", "100").Save();
        string[] ids = [.. Enumerable.Range(0, 64).Select(_ => NewId())];
        List<(Runtime.Call Call, Process Process)> running = [.. ids.Select(id => Runtime.With("create", "--bundle", Bundle.Path, id))
            .Select(call => (call, call.Start()))];
        foreach ((Runtime.Call call, Process process) in running)
        {
            using (process)
                call.Finish(process).Should().Be(Silent);
        }

        JsonArray list = (JsonArray)JsonNode.Parse(Runtime.Run("list", "--format", "json").Out)!;
        list.Select(entry => (string)entry!["id"]!).Should().BeEquivalentTo(ids);
        list.Select(entry => (string)entry!["status"]!).Should().OnlyContain(status => status == "created");
        list.Select(entry => (int)entry!["pid"]!).Should().OnlyHaveUniqueItems();
    }

    [RuntimeFact]
    public void A_list_reads_each_state_once_and_only_names_read_none()
    {
        Bundle.Args("sleep", "100").Save();
        string[] ids = [.. Enumerable.Range(0, 10).Select(_ => NewId())];
        foreach (string id in ids)
            Runtime.Run("create", "--bundle", Bundle.Path, id).Should().Be(Silent);
        Opened("list").Should().Be(10);
        Opened("list", "--quiet").Should().Be(0);
        Opened("state", ids[0]).Should().Be(1);
        Opened("kill", ids[1], "KILL").Should().Be(1);

        int Opened(params string[] words)
        {
            string file = Path.Combine(Work, "strace");
            Runtime.With(words).Under("strace", "-o", file, "-e", "trace=openat,openat2").Run().Exit.Should().Be(0);
            return File.ReadLines(file).Count(line => line.Contains("\"state.json\"", StringComparison.Ordinal));
        }
    }

    // Each call on the state root takes 50 ms; who works on another container does not wait for that.
    [RuntimeFact]
    public void A_slow_disk_delays_only_who_uses_it()
    {
        Bundle.Args("sleep", "100").Save();
        string other = NewId();
        Runtime.Run("run", "--detach", "--bundle", Bundle.Path, other).Should().Be(Silent);
        string root = Runtime.Root!, directory = Path.Combine(root, Id);
        Runtime.Call slow = Runtime.With("create", "--bundle", Bundle.Path, Id)
            .Under("strace", "-o", Path.Combine(Work, "strace"), "-P", root, "-P", directory, "-P", Path.Combine(directory, "state.json"),
                "-P", Path.Combine(directory, "config.json"), "-e", "inject=all:delay_exit=50000");
        using Process process = slow.Start();
        Eventually(() => Directory.Exists(directory), "it begins");
        Stopwatch watch = Stopwatch.StartNew();
        Runtime.Run("state", other).Exit.Should().Be(0);
        Runtime.Run("exec", other, "true").Should().Be(Silent);
        process.HasExited.Should().BeFalse("it is slower than that");
        slow.Finish(process).Should().Be(Silent);
        watch.Elapsed.Should().BeGreaterThan(TimeSpan.FromMilliseconds(300));
        Status().Should().Be("created");
        Runtime.Run("start", Id).Should().Be(Silent);
    }
}
