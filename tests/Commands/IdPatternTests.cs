using System;
using System.Collections.Generic;
using System.IO;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using OciRun.State;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>kill --regex (features.md K03) and delete --regex (D02).</summary>
public sealed class IdPatternTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("web", "web-1 web-2 xwebx")]
    [InlineData("^web", "web-1 web-2")]
    [InlineData("^web-(1|3)$", "web-1")]
    [InlineData("^.*[0-9]$", "db.1 web-1 web-2")]
    [InlineData("^db.1$", "db.1")]
    [InlineData("x{1,2}", "xwebx")]
    [InlineData("", "db.1 web-1 web-2 xwebx")]
    [InlineData("none", "")]
    public void An_extended_expression_matches_any_part_of_an_id(string pattern, string expected)
    {
        foreach (string id in (string[])["web-1", "web-2", "xwebx", "db.1"])
            _scratch.Container(Scratch.Record(id));
        List<string> found = [];
        IdPattern.ForEach(_scratch.Root, pattern, found.Add);
        string.Join(' ', found).Should().Be(expected);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[a")]
    [InlineData("a{2")]
    public void What_is_no_expression_is_refused(string pattern)
    {
        _scratch.Container(Scratch.Record("a"));
        FluentActions.Invoking(() => _scratch.Invoke("delete", "--regex", "--force", pattern)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("invalid regular expression");
        Directory.Exists(Path.Combine(_scratch.Root, "a")).Should().BeTrue();
    }

    [Fact]
    public void Kill_signals_those_that_run_and_passes_over_those_that_ended()
    {
        int a = Container("job-a");
        int b = Container("job-b");
        int other = Container("other");
        _scratch.Container(Scratch.Record("job-c", _scratch.Zombie()));
        _scratch.Invoke("kill", "--regex", "^job-", "KILL").Should().Be(0);
        KillTests.WaitForExit(a);
        KillTests.WaitForExit(b);
        Alive(other).Should().BeTrue();
        _scratch.Invoke("kill", "-r", "^job-", "KILL").Should().Be(0, "all have ended");
        FluentActions.Invoking(() => _scratch.Invoke("kill", "-r", "^job-", "NOSUCH")).Should().Throw<FaultException>();
    }

    [Fact]
    public void Delete_removes_what_may_go_and_names_what_may_not()
    {
        int running = Container("b");
        _scratch.Container(Scratch.Record("a", _scratch.Zombie()));
        _scratch.Container(Scratch.Record("c", _scratch.Zombie()));
        FluentActions.Invoking(() => _scratch.Invoke("delete", "--regex", ".")).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("cannot delete container b that is not stopped: running");
        Directory.GetDirectories(_scratch.Root).Should().ContainSingle().Which.Should().EndWith("/b");
        _scratch.Invoke("delete", "-rf", ".").Should().Be(0);
        KillTests.WaitForExit(running);
        Directory.GetDirectories(_scratch.Root).Should().BeEmpty();
    }

    [Fact]
    public void Several_failures_are_counted()
    {
        Container("a");
        Container("b");
        FluentActions.Invoking(() => _scratch.Invoke("delete", "--regex", "[ab]")).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().StartWith("2 of the containers").And.Contain("cannot delete container a");
    }

    // callers.md §2.12: a root can hold directories of other runtimes, and `delete ID` removes one without a record.
    [Fact]
    public void Directories_that_are_no_containers_are_left()
    {
        Directory.CreateDirectory(Path.Combine(_scratch.Root, "foreign", "data"));
        _scratch.Invoke("delete", "--regex", "--force", ".*").Should().Be(0);
        Directory.Exists(Path.Combine(_scratch.Root, "foreign", "data")).Should().BeTrue();
    }

    [Fact]
    public void A_root_that_does_not_exist_has_none()
    {
        IdPattern.ForEach(Path.Combine(_scratch.Root, "none"), ".*", static id => throw new InvalidOperationException(id));
        Directory.Exists(Path.Combine(_scratch.Root, "none")).Should().BeFalse();
    }

    private int Container(string id)
    {
        int pid = _scratch.Sleep();
        _scratch.Container(Scratch.Record(id, pid));
        return pid;
    }

    private static bool Alive(int pid) => ProcStat.TryRead(pid, out ProcStat stat) && stat.IsAlive;
}
