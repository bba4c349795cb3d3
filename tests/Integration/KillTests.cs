using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>kill (features.md §1.9).</summary>
[Trait("Category", "Conformance")]
public sealed class KillTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData("TERM")]
    [InlineData("15")]
    [InlineData("SIGTERM")]
    [InlineData("KILL")]
    [InlineData("INT")]
    public void A_created_container_dies_of_a_signal(string signal)
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Runtime.Run("kill", Id, signal).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "the waiting init has no handler and nothing blocked");
    }

    [RuntimeFact]
    public void Kill_sends_SIGTERM_by_default()
    {
        Bundle.Shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        Runtime.Call call = Call("create");
        call.Run().Should().Be(Silent);
        Runtime.Run("start", Id);
        Eventually(() => call.Out == "ready\n", "the trap is set");
        Runtime.Run("kill", Id).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "the trap ended it");
    }

    [RuntimeFact]
    public void Kill_with_signal_zero_only_probes()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Runtime.Run("kill", Id, "0").Should().Be(Silent);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Kill_refuses_an_unknown_signal()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        Outcome kill = Runtime.Run("kill", Id, "NOSUCH");
        kill.Exit.Should().Be(1);
        kill.Err.Should().Contain("NOSUCH");
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Kill_KILL_without_a_pid_namespace_ends_every_process()
    {
        Bundle.NoNamespace("pid").Shell("sleep 1000 & sleep 1000 & wait");
        CreateAndStart();
        int pid = Pid();
        Eventually(() => RunningProcess.Children(pid) == 2, "the children run");
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => !Leftovers.Processes(Work, new[] { Id }).GetEnumerator().MoveNext(), "no process of the cgroup survives");
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    [RuntimeFact]
    public void Kill_of_a_stopped_container_says_what_callers_match()
    {
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        Outcome kill = Runtime.Run("kill", Id, "TERM");
        kill.Exit.Should().Be(1);
        kill.Err.Should().Contain("container not running");
        Runtime.Run("kill", "--all", Id, "KILL").Exit.Should().Be(0);
    }
}
