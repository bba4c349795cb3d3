using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class ProcessTests
{
    [Fact]
    public void It_is_needed() =>
        Validating.Bare("\"root\": {\"path\": \"rootfs\"}").Should().Equal(
            "process: process property must not be empty; give at least process.args and process.cwd");

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    public void Args_are_needed(string args) =>
        Validating.Process($"\"args\": {args}").Should().Equal("process.args: args must not be empty; name the program to run");

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    public void A_working_directory_is_needed(string cwd) =>
        Validating.Process($"\"cwd\": {cwd}").Should().Equal("process.cwd: Cwd property must not be empty; use \"/\"");

    [Theory]
    [InlineData("tmp")]
    [InlineData("./tmp")]
    public void The_working_directory_is_absolute(string cwd) =>
        Validating.Process($"\"cwd\": \"{cwd}\"").Should().Equal($"process.cwd \"{cwd}\": Cwd must be an absolute path; "
            + "start it with /");

    [Theory]
    [InlineData("=x", "empty variable name")]
    [InlineData("=", "empty variable name")]
    [InlineData("A", "a variable needs the form NAME=value")]
    [InlineData("", "a variable needs the form NAME=value")]
    public void A_variable_has_a_name_and_a_value(string item, string message) =>
        Validating.Process($"\"env\": [\"A=b\", \"{item}\"]").Should().Equal($"process.env[1] \"{item}\": {message}");

    [Fact]
    public void A_value_may_be_empty_or_have_equals_signs() =>
        Validating.Process("\"env\": [\"A=\", \"B=c=d\", \"A=2\"]").Should().BeEmpty();

    [Theory]
    [InlineData(-1001)]
    [InlineData(1001)]
    [InlineData(int.MinValue)]
    public void The_oom_score_has_a_range(int value) =>
        Validating.Process($"\"oomScoreAdj\": {value}").Should().Equal(
            $"process.oomScoreAdj \"{value}\": out of range; use a number from -1000 to 1000");

    [Theory]
    [InlineData("-1000")]
    [InlineData("0")]
    [InlineData("1000")]
    [InlineData("null")]
    public void Both_ends_of_the_oom_score_are_in_it(string value) =>
        Validating.Process($"\"oomScoreAdj\": {value}").Should().BeEmpty();

    [Fact]
    public void Unknown_capabilities_are_no_findings() =>
        Validating.Process("\"capabilities\": {\"bounding\": [\"CAP_X\"], \"ambient\": [\"kill\"]}").Should().BeEmpty();

    [Fact]
    public void A_console_size_is_no_finding() =>
        Validating.Process("\"terminal\": false, \"consoleSize\": {\"height\": 24, \"width\": 80}").Should().BeEmpty();
}
