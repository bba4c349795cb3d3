using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Global options and what a failure writes where (features.md §1.1, callers.md §2).</summary>
[Trait("Category", "Conformance")]
public sealed class LogTests : RuntimeTest
{
    private string LogFile => Path.Combine(Work, "log.json");

    [RuntimeTheory]
    [InlineData("state")]
    [InlineData("start")]
    [InlineData("delete")]
    [InlineData("kill")]
    public void A_failure_is_one_JSON_record_with_the_text_of_stderr(string verb)
    {
        string id = NewId();
        Outcome outcome = Runtime.Run("--log", LogFile, "--log-format", "json", verb, id);

        outcome.Exit.Should().Be(1);
        outcome.Out.Should().BeEmpty();
        JsonObject record = (JsonObject)JsonNode.Parse(File.ReadAllLines(LogFile).Should().ContainSingle().Subject)!;
        ((string)record["level"]!).Should().Be("error");
        string message = (string)record["msg"]!;
        outcome.Err.Should().Contain(message);
        ((string)record["time"]!).Should().MatchRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", "time is RFC 3339");
    }

    [RuntimeFact]
    public void A_failed_create_is_one_error_record()
    {
        Bundle.Args("/no/such/program").Save();
        Outcome outcome = Runtime.Run("--log", LogFile, "--log-format", "json", "create", "--bundle", Bundle.Path, Id);

        outcome.Exit.Should().Be(1);
        JsonObject[] errors = File.ReadAllLines(LogFile)
            .Select(line => (JsonObject)JsonNode.Parse(line)!).Where(r => (string?)r["level"] == "error").ToArray();
        string message = (string)errors.Should().ContainSingle().Subject["msg"]!;
        message.Should().Contain("no such file or directory");
        outcome.Err.Should().Contain(message);
    }

    [RuntimeFact]
    public void The_log_is_appended_to()
    {
        File.WriteAllText(LogFile, "{\"level\":\"info\",\"msg\":\"earlier\",\"time\":\"2024-01-01T00:00:00Z\"}\n");
        Runtime.Run("--log", LogFile, "--log-format", "json", "state", NewId());
        File.ReadAllLines(LogFile).Should().HaveCount(2).And.StartWith("{\"level\":\"info\",\"msg\":\"earlier\",\"time\":\"2024-01-01T00:00:00Z\"}");
    }

    [RuntimeFact]
    public void Success_writes_nothing_to_the_log()
    {
        Bundle.Args("true").Save();
        Runtime.Run("--log", LogFile, "--log-format", "json", "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);
        (File.Exists(LogFile) ? File.ReadAllText(LogFile) : "").Should().BeEmpty();
    }

    [RuntimeFact]
    public void Hostile_text_cannot_break_the_record()
    {
        Bundle.Args("/no \"such\"\nprogram\u001b").Save();
        Outcome outcome = Runtime.Run("--log", LogFile, "--log-format", "json", "create", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().Be(1);
        File.ReadAllLines(LogFile).Should().OnlyContain(line => JsonNode.Parse(line, null, default)!.GetValueKind() == System.Text.Json.JsonValueKind.Object);
        outcome.Err.Should().NotContain("\u001b");
    }

    [RuntimeFact]
    public void An_unknown_log_format_is_refused()
    {
        Outcome outcome = Runtime.Run("--log-format", "nosuch", "state", NewId());
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("nosuch");
    }

    [RuntimeFact]
    public void An_unknown_option_is_named()
    {
        Outcome outcome = Runtime.Run("state", "--nosuch", NewId());
        outcome.Exit.Should().NotBe(0);
        (outcome.Err + outcome.Out).Should().Contain("nosuch");
    }

    [RuntimeFact]
    public void An_unknown_command_fails() => Runtime.Run("nosuch").Exit.Should().NotBe(0);

    [RuntimeFact]
    public void A_missing_argument_fails()
    {
        Outcome outcome = Runtime.Run("state");
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("requires exactly 1 argument");
    }

    [RuntimeFact]
    public void The_version_needs_nothing()
    {
        Outcome outcome = Runtime.With("--version").NoRoot().NoEnv().Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        string[] lines = outcome.Out.TrimEnd('\n').Split('\n');
        lines[0].Should().MatchRegex($@"^{Runtime.Name} version \d+\.\d+\.\d+");
        lines.Should().Contain(line => line.StartsWith("spec: 1."));
        lines.Skip(1).Should().NotContain(line => line.Contains("version"));
    }

    [RuntimeTheory]
    [InlineData("--help")]
    [InlineData("run --help")]
    [InlineData("create --help")]
    [InlineData("kill --help")]
    public void Help_goes_to_stdout(string arguments)
    {
        Outcome outcome = Runtime.With(arguments.Split(' ')).NoRoot().Run();
        outcome.Exit.Should().Be(0);
        outcome.Out.Should().NotBeEmpty();
        outcome.Err.Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_missing_configuration_is_named()
    {
        Directory.CreateDirectory(Path.Combine(Work, "empty"));
        Outcome outcome = Runtime.Run("create", "--bundle", Path.Combine(Work, "empty"), Id);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("config.json");
    }

    [RuntimeTheory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"process\":{\"args\":\"sh\"}}")]
    [InlineData("{\"ociVersion\":\"1.0.0\"} trailing")]
    public void A_broken_configuration_is_refused(string text)
    {
        Bundle.Save();
        File.WriteAllText(Path.Combine(Bundle.Path, "config.json"), text);
        Outcome outcome = Runtime.Run("create", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().NotBeEmpty();
    }
}
