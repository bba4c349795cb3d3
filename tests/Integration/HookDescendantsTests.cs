using System;
using System.Diagnostics;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>What becomes of the processes of a hook that is ended, or whose runtime is (security.md F-31).</summary>
[Trait("Category", "Integration")]
public sealed class HookDescendantsTests : RuntimeTest
{
    // Three that leave the session: a child, an orphan, and one of a family whose elder restarts it.
    private const string Runaways = """
        for i in 1 2; do setsid sh -c 'echo $$ >> PIDS; exec sleep 1000' & done
        (setsid sh -c 'echo $$ >> PIDS; setsid sh -c "echo \$\$ >> PIDS; exec sleep 1000" & sleep 1000' &)
        sleep 1000
        """;

    private string Pids => Path.Combine(Work, "pids");

    [RuntimeTheory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    [InlineData("startContainer")]
    [InlineData("poststart")]
    [InlineData("poststop")]
    public void A_timeout_leaves_no_descendant(string kind)
    {
        Bundle.NoNamespace("pid").Args("sleep", "1000").Mount("/share", "bind", Work, "bind");
        Add(kind, Runaways.Replace("PIDS", kind == "startContainer" ? "/share/pids" : Pids, StringComparison.Ordinal), timeout: 1);
        Outcome outcome = Create();
        if (kind is "startContainer" or "poststart")
            outcome = Runtime.Run("start", Id);
        else if (kind == "poststop")
            outcome = Runtime.Run("delete", "--force", Id);
        outcome.Exit.Should().Be(kind == "poststop" ? 0 : 1, outcome.ToString());
        int[] pids = Array.ConvertAll(File.ReadAllLines(Pids), int.Parse);
        pids.Should().HaveCount(4);

        // The kernel ends the members of a cgroup in its own time.
        if (kind == "startContainer")
            Eventually(() => !Array.Exists(pids, RunningProcess.Alive), "all end");
        pids.Should().OnlyContain(pid => !RunningProcess.Alive(pid), "{0}", outcome);
    }

    [RuntimeTheory]
    [InlineData("prestart", "create")]
    [InlineData("createRuntime", "create")]
    [InlineData("createRuntime", "run")]
    [InlineData("poststart", "start")]
    [InlineData("poststop", "delete")]
    public void A_hook_does_not_outlive_a_killed_runtime(string kind, string verb)
    {
        Bundle.Args("sleep", "1000");
        Add(kind, $"echo $$ >> {Pids}; sleep 1000 & exec sleep 1000", timeout: null);
        if (verb is "start" or "delete")
            Create().Should().Be(Silent);
        using Process process = (verb is "start" ? Runtime.With("start", Id) : verb == "delete" ? Runtime.With("delete", "--force", Id) : Call(verb)).Start();
        Eventually(() => File.Exists(Pids) && File.ReadAllText(Pids).EndsWith('\n'), "the hook runs");
        int hook = int.Parse(File.ReadAllText(Pids));
        Syscall.kill(process.Id, Signum.SIGKILL).Should().Be(0);
        process.WaitForExit();
        Eventually(() => !RunningProcess.Alive(hook), "the hook ends");
        Syscall.kill(-hook, Signum.SIGKILL);
    }

    /// <summary>A program that executes the runtime may have children, and they are no hook's.</summary>
    [RuntimeFact]
    public void Children_of_the_caller_stay()
    {
        string own = Path.Combine(Work, "own");
        Bundle.Args("true");
        Add("createRuntime", "sleep 1000", timeout: 1);

        Outcome outcome = Call("create").Before($"sleep 1000 </dev/null >/dev/null 2>&1 & echo $! > {own}; sleep 0.05;").Run();

        outcome.Err.Should().Contain("timeout");
        int child = int.Parse(File.ReadAllText(own));
        RunningProcess.Alive(child).Should().BeTrue();
        Syscall.kill(child, Signum.SIGKILL);
    }

    // What a hook leaves on purpose is no business of the runtime, and no child of it that others would have to wait for.
    [RuntimeFact]
    public void A_daemon_of_a_hook_that_succeeds_stays()
    {
        Bundle.Args("true");
        Add("createRuntime", $"setsid sh -c 'echo $$ > {Pids}; exec sleep 1000' </dev/null >/dev/null 2>&1 & while ! [ -s {Pids} ]; do sleep 0.01; done", timeout: 5);
        Create().Should().Be(Silent);
        int daemon = int.Parse(File.ReadAllText(Pids));
        RunningProcess.Alive(daemon).Should().BeTrue();
        File.ReadAllText($"/proc/{daemon}/stat").Split(' ')[3].Should().NotBe(Environment.ProcessId.ToString());
        Syscall.kill(daemon, Signum.SIGKILL);
    }

    private void Add(string kind, string script, int? timeout)
    {
        JsonObject hook = new() { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", script) };
        if (timeout is not null)
            hook["timeout"] = timeout;
        Bundle.Config["hooks"] = new JsonObject { [kind] = new JsonArray(hook) };
    }
}
