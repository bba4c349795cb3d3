using System.Diagnostics;
using System.IO;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>run: exit status, stdio, signals (features.md §1.4, §1.6, §1.22).</summary>
[Trait("Category", "Conformance")]
public sealed class RunTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(42)]
    [InlineData(255)]
    public void Run_returns_the_exit_status(int status)
    {
        Bundle.Shell($"exit {status}");
        Run().Should().Be(new Outcome(status, "", ""));
    }

    [RuntimeTheory]
    [InlineData("KILL", 137)]
    [InlineData("TERM", 143)]
    [InlineData("SEGV", 139)]
    public void Run_returns_128_and_the_signal(string signal, int status)
    {
        // Not as pid 1, which ignores signals without a handler that come from inside.
        Bundle.NoNamespace("pid").Shell($"kill -{signal} $$");
        Run().Exit.Should().Be(status);
    }

    [RuntimeFact]
    public void Run_passes_stdio_through()
    {
        Bundle.Shell("cat; echo problem >&2");
        string input = Path.Combine(Work, "in");
        File.WriteAllText(input, "input text\n");
        Call("run").Redirect($"<'{input}'").Run().Should().Be(new Outcome(0, "input text\n", "problem\n"));
    }

    [RuntimeFact]
    public void Run_forwards_SIGTERM()
    {
        Bundle.Shell("trap 'echo got it; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
        Runtime.Call call = Call("run");
        using Process run = call.Start();
        Eventually(() => call.Out == "ready\n", "the container runs");
        Syscall.kill(run.Id, Signum.SIGTERM);
        call.Finish(run).Should().Be(new Outcome(7, "ready\ngot it\n", ""));
    }

    [RuntimeFact]
    public void Run_detached_returns_while_the_container_runs()
    {
        Bundle.Args("sleep", "100");
        Run("--detach").Should().Be(Silent);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Run_keep_leaves_a_stopped_container()
    {
        Run("--keep").Should().Be(Silent);
        Status().Should().Be("stopped");
        Runtime.Run("delete", Id).Should().Be(Silent);
    }
}
