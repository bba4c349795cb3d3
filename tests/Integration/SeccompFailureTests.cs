using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Failures of a process whose own filter forbids the calls by which it would tell them.</summary>
public sealed class SeccompFailureTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData("run", "write", false)]
    [InlineData("create", "write", false)]
    [InlineData("run", "write,exit_group", false)]
    [InlineData("create", "write,exit_group", false)]
    [InlineData("run", "accept4", true)]
    [InlineData("create", "accept4", true)]
    [InlineData("run", "exit_group", true)]
    [InlineData("create", "exit_group", true)]
    public void A_program_that_cannot_be_executed_is_told(string verb, string forbidden, bool notifies)
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), []);
        Bundle.WithFile("/garbage", "\u0001\u0002", (UnixFileMode)0b111_101_101).Args("/garbage");
        Forbid(forbidden, notifies ? agent.Path : null);
        Outcome outcome = Call(verb).Run();
        if (verb == "create")
        {
            outcome.Should().Be(Silent);
            outcome = Runtime.Run("start", Id);
        }

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("exec format error");
    }

    [RuntimeFact]
    public void A_wait_that_the_filter_forbids_is_told()
    {
        using SeccompAgent agent = new(Path.Combine(Work, "agent.sock"), []);
        Forbid("ppoll", agent.Path);
        Create().Should().Be(Silent);
        Eventually(() => Status() == "stopped", "the process cannot wait");
        Outcome outcome = Runtime.Run("start", Id);
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("cannot start a container that has stopped").And.Contain("ppoll: EPERM");
    }

    [RuntimeTheory]
    [InlineData("write", "cannot run it: operation not permitted (write: EPERM)")]
    [InlineData("mkdir", "exit status 7: why")]
    public void A_failing_hook_is_told(string forbidden, string reason)
    {
        Bundle.Edit(c => c["hooks"] = JsonNode.Parse("""{"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo why; exit 7"]}]}"""));
        Forbid(forbidden, null);
        Create().Should().Be(Silent);
        Outcome outcome = Runtime.Run("start", Id);
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("error running startContainer hook #0: " + reason);
    }

    [RuntimeTheory]
    [InlineData("write", true)]
    [InlineData("mkdir", false)]
    public void Only_a_filter_that_may_silence_the_process_costs_a_file(string forbidden, bool file)
    {
        Forbid(forbidden, null);
        Create().Should().Be(Silent);
        File.Exists(Path.Combine(Runtime.Root!, Id, "last-words")).Should().Be(file);
        Runtime.Run("start", Id).Should().Be(Silent);
    }

    private void Forbid(string names, string? listener)
    {
        JsonArray calls = [.. names.Split(',')];
        JsonObject seccomp = new()
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["syscalls"] = new JsonArray(new JsonObject { ["names"] = calls, ["action"] = "SCMP_ACT_ERRNO" }),
        };
        if (listener is not null)
        {
            seccomp["listenerPath"] = listener;
            ((JsonArray)seccomp["syscalls"]!).Add(JsonNode.Parse("""{"names": ["swapon"], "action": "SCMP_ACT_NOTIFY"}"""));
        }

        Bundle.Linux["seccomp"] = seccomp;
    }
}
