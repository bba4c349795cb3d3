using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>pause and resume (features.md §1.5, §1.14).</summary>
[Trait("Category", "Conformance")]
public sealed class PauseTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_container_stands_still_until_it_is_resumed(bool started)
    {
        Use(View.Unified);
        Bundle.Shell("while :; do :; done");
        Create().Should().Be(Silent);
        if (started)
            Runtime.Run("start", Id).Should().Be(Silent);
        string before = started ? "running" : "created";
        Runtime.Run("pause", Id).Should().Be(Silent);
        Status().Should().Be("paused");
        Runtime.Run("delete", Id).Exit.Should().Be(1);
        Runtime.Run("resume", Id).Should().Be(Silent);
        Status().Should().Be(before);
        Refused("resume", "not paused");
    }

    [RuntimeFact]
    public void A_stopped_container_is_neither_paused_nor_resumed()
    {
        Use(View.Unified);
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        Refused("pause", "container not running");
        Refused("resume", "not paused");
    }

    [RuntimeFact]
    public void An_unknown_container_does_not_exist()
    {
        Refused("pause", "does not exist");
        Refused("resume", "does not exist");
    }

    [RuntimeTheory]
    [InlineData("kill")]
    [InlineData("delete")]
    public void A_paused_container_can_be_ended(string verb)
    {
        Use(View.Unified);
        Bundle.NoNamespace("pid").Shell("sleep 1000 & exec sleep 1000");
        CreateAndStart();
        int pid = Pid();
        Eventually(() => RunningProcess.Children(pid) == 1, "the child runs");
        Runtime.Run("pause", Id).Should().Be(Silent);
        Runtime.Run(verb == "kill" ? ["kill", Id, "KILL"] : ["delete", "--force", Id]).Should().Be(Silent);
        Eventually(() => !Directory.Exists($"/proc/{pid}"), "SIGKILL reaches frozen processes");
        if (verb == "kill")
            Runtime.Run("delete", Id).Should().Be(Silent);
        Refused("state", "does not exist");
    }

    private void Refused(string verb, string text)
    {
        Outcome outcome = Runtime.Run(verb, Id);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(text);
    }
}
