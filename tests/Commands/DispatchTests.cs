using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using FluentAssertions;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>The program from outside: streams, exit statuses, log.</summary>
public sealed class DispatchTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("kill", "no-such")]
    [InlineData("kill")]
    [InlineData("create", "--bogus", "c")]
    [InlineData("nonsense")]
    [InlineData("delete", "../x")]
    public void A_failure_is_one_json_record_in_the_log_and_the_same_line_on_stderr(params string[] words)
    {
        string log = Path.Combine(_scratch.Root, "log.json");
        File.WriteAllText(log, "{}\n");
        Ocirun.Result result = Ocirun.Run(["--root", _scratch.Root, "--log", log, "--log-format=json", .. words]);
        result.Status.Should().Be(1);
        string[] lines = File.ReadAllLines(log);
        lines.Should().HaveCount(2);
        using JsonDocument record = JsonDocument.Parse(lines[1]);
        record.RootElement.GetProperty("level").GetString().Should().Be("error");
        record.RootElement.GetProperty("time").GetDateTimeOffset().Offset.Should().Be(TimeSpan.Zero);
        result.Errors.Should().Be(record.RootElement.GetProperty("msg").GetString() + "\n");
    }

    [Fact]
    public void A_command_line_that_does_not_parse_is_logged_too()
    {
        string log = Path.Combine(_scratch.Root, "log.json");
        Ocirun.Result result = Ocirun.Run("--log-format", "json", "--invalidflag", $"--log={log}", "state", "c");
        result.Status.Should().Be(1);
        result.Errors.Should().Contain("-invalidflag");
        File.ReadAllText(log).Should().StartWith("{\"level\":\"error\"").And.Contain("-invalidflag");
    }

    [Fact]
    public void Without_a_log_stderr_has_the_record()
    {
        Ocirun.Run("--root", _scratch.Root, "state", "c").Errors
            .Should().MatchRegex("^time=\"[^\"]+\" level=error msg=\"container .*does not exist\"\n$");
        Ocirun.Run("--root", _scratch.Root, "--log-format", "json", "state", "c").Errors
            .Should().MatchRegex("^\\{\"level\":\"error\".*\\}\n$");
    }

    [Theory]
    [InlineData("--log-format=xml", "invalid log-format")]
    [InlineData("--cgroup-manager=x", "unknown cgroup manager")]
    [InlineData("--rootless=x", "invalid boolean value")]
    [InlineData("--log=/nonexistent/x", "cannot open the log")]
    public void Unknown_global_values_are_named(string option, string message)
    {
        Ocirun.Result result = Ocirun.Run(option, "list");
        result.Status.Should().Be(1);
        result.Errors.Should().Contain(message);
    }

    [Fact]
    public void Wrong_argument_counts_show_the_usage()
    {
        Ocirun.Result result = Ocirun.Run("state");
        result.Output.Should().Contain("ocirun state [command options] ID");
        result.Errors.Should().Contain("requires exactly 1 argument(s)");
    }

    [Fact]
    public void Probes_need_no_environment_and_leave_nothing_on_stderr()
    {
        Dictionary<string, string> none = new(StringComparer.Ordinal)
        {
            ["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.ProcessPath)!,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
        };
        Ocirun.Result version = Ocirun.Run(none, ["--version"]);
        version.Status.Should().Be(0);
        version.Errors.Should().BeEmpty();
        version.Output.Should().MatchRegex("^ocirun version 0\\.1\\.0\n(commit: [0-9a-f]{40}\n)?spec: 1\\.3\\.0\n$");
        Ocirun.Run(none, ["-v"]).Should().Be(version);
        Ocirun.Result features = Ocirun.Run(none, ["features"]);
        features.Status.Should().Be(0);
        features.Errors.Should().BeEmpty();
        using JsonDocument document = JsonDocument.Parse(features.Output);
        document.RootElement.GetProperty("mountOptions").EnumerateArray().Select(static e => e.GetString())
            .Should().Contain("rro").And.BeInAscendingOrder(StringComparer.Ordinal);
        document.RootElement.GetProperty("linux").GetProperty("namespaces").EnumerateArray()
            .Select(static e => e.GetString()).Should().Contain(["user", "time"]);
    }

    [Fact]
    public void Usage_goes_to_stdout()
    {
        foreach (string[] words in (string[][])[[], ["--help"], ["-h"], ["help"], ["help", "kill"], ["kill", "--help"]])
        {
            Ocirun.Result result = Ocirun.Run(words);
            result.Status.Should().Be(0);
            result.Errors.Should().BeEmpty();
            result.Output.Should().Contain("USAGE:");
        }
    }

    [Theory]
    [InlineData("nonsense", "--help")]
    [InlineData("help", "nonsense")]
    public void What_is_no_command_has_no_help(params string[] words)
    {
        Ocirun.Result result = Ocirun.Run(words);
        result.Status.Should().NotBe(0);
        result.Errors.Should().Contain("No help topic for");
    }

    [Fact]
    public void State_is_pure_json()
    {
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()));
        Ocirun.Result result = Ocirun.Run("--root", _scratch.Root, "state", "c");
        result.Status.Should().Be(0);
        result.Errors.Should().BeEmpty();
        result.Output.Should().Contain("\"status\": \"stopped\"").And.Contain("\"pid\": 0").And.EndWith("}");
        using JsonDocument state = JsonDocument.Parse(result.Output);
        state.RootElement.EnumerateObject().Select(static member => member.Name).Should().Equal(
            "ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner");
        state.RootElement.GetProperty("ociVersion").GetString().Should().Be("1.3.0");
        state.RootElement.GetProperty("bundle").GetString().Should().Be("/bundles/b \"ü\"");
        state.RootElement.GetProperty("annotations").GetProperty("key").GetString().Should().Be("value");
    }

    [Fact]
    public void List_skips_what_is_not_ours_with_a_warning_in_the_log()
    {
        int pid = _scratch.Sleep();
        _scratch.Container(Scratch.Record("b", pid));
        _scratch.Container(Scratch.Record("a", _scratch.Zombie()));
        Directory.CreateDirectory(Path.Combine(_scratch.Root, "foreign"));
        Directory.CreateDirectory(Path.Combine(_scratch.Root, "broken"));
        File.WriteAllText(Path.Combine(_scratch.Root, "broken", "state.json"), "{");
        string log = Path.Combine(_scratch.Root, "log");
        Ocirun.Result table = Ocirun.Run("--root", _scratch.Root, "--log", log, "--log-level", "warning", "list");
        table.Status.Should().Be(0);
        table.Errors.Should().BeEmpty();
        string stopped = "a           0           stopped     /bundles/b \"ü\"   2026-01-31T10:20:30.123456789Z   root\n";
        string running = $"b           {pid,-12}running     /bundles/b \"ü\"   2026-01-31T10:20:30.123456789Z   root\n";
        table.Output.Should().Be(
            "ID          PID         STATUS      BUNDLE           CREATED                          OWNER\n" + stopped + running);
        File.ReadAllLines(log).Should().HaveCount(2).And.OnlyContain(static line => line.Contains("level=warning"));

        // What cannot be read is listed by its id all the same, so that it can be deleted by force.
        Ocirun.Run("--root", _scratch.Root, "list", "-q").Should().Be(new Ocirun.Result(0, "a\nb\nbroken\n", ""));
        using JsonDocument json = JsonDocument.Parse(Ocirun.Run("--root", _scratch.Root, "list", "-f", "json").Output);
        json.RootElement.EnumerateArray().Select(static e => e.GetProperty("owner").GetString()).Should().Equal("root", "root");
    }

    [Fact]
    public void An_empty_list_is_null_and_a_missing_root_an_error()
    {
        Ocirun.Run("--root", _scratch.Root, "list", "--format=json").Output.Should().Be("null\n");
        Ocirun.Run("--root", Path.Combine(_scratch.Root, "none"), "list").Status.Should().Be(1);
        Ocirun.Run("--root", _scratch.Root, "list", "-f", "xml").Errors.Should().Contain("invalid format option");
    }

    [Fact]
    public void Spec_writes_once()
    {
        Ocirun.Run("spec", "--bundle", _scratch.Root).Should().Be(new Ocirun.Result(0, "", ""));
        string file = Path.Combine(_scratch.Root, "config.json");
        string text = File.ReadAllText(file);
        using JsonDocument config = JsonDocument.Parse(text);
        config.RootElement.GetProperty("ociVersion").GetString().Should().Be("1.3.0");
        Ocirun.Result again = Ocirun.Run("spec", "--rootless", "-b", _scratch.Root);
        again.Status.Should().Be(1);
        again.Errors.Should().Contain("File config.json exists. Remove it first");
        File.ReadAllText(file).Should().Be(text);
    }
}
