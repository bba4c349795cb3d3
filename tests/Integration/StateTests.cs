using System;
using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>state and the life of a container that it shows (features.md §1.5, §1.11, §4.1).</summary>
[Trait("Category", "Conformance")]
public sealed class StateTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData(View.Native)]
    [InlineData(View.Unified)]
    [InlineData(View.Rootless)]
    public void A_container_passes_through_its_states(View view)
    {
        if (view == View.Rootless)
            Bundle.ForRootless();
        Use(view);
        Bundle.Args("sleep", "100");

        Create().Should().Be(Silent);
        Status().Should().Be("created");
        int pid = Pid();
        Directory.Exists($"/proc/{pid}").Should().BeTrue();

        Runtime.Run("start", Id).Should().Be(Silent);
        Status().Should().Be("running");
        Pid().Should().Be(pid);
        Eventually(() => RunningProcess.CommandLine(pid) == "sleep 100", "the user's program replaced the runtime");

        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "the container stopped");
        Pid().Should().Be(0);

        Runtime.Run("delete", Id).Should().Be(Silent);
        Runtime.Run("state", Id).Exit.Should().Be(1);
    }

    [RuntimeFact]
    public void State_has_the_shape_callers_parse()
    {
        Bundle.Args("sleep", "100").Edit(c => c["annotations"] = new JsonObject { ["org.example.key"] = "a value" });
        Create().Should().Be(Silent);

        JsonObject state = State();

        ((string)state["id"]!).Should().Be(Id);
        ((string)state["status"]!).Should().Be("created");
        ((string)state["bundle"]!).Should().Be(Bundle.Path);
        ((string)state["rootfs"]!).Should().Be(Bundle.Rootfs);
        ((string)state["ociVersion"]!).Should().MatchRegex(@"^1\.\d+\.\d+");
        ((string)state["annotations"]!["org.example.key"]!).Should().Be("a value");
        ((string)state["owner"]!).Should().NotBeNull();
        DateTimeOffset created = DateTimeOffset.Parse((string)state["created"]!, CultureInfo.InvariantCulture);
        created.Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        Runtime.Run("state", Id).Out.Should().Contain("\"status\": \"created\"", "callers grep this spelling");
    }

    [RuntimeFact]
    public void A_container_that_died_while_created_is_stopped()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Syscall.kill(Pid(), Signum.SIGKILL);
        Eventually(() => Status() == "stopped", "a dead init is stopped, whatever the disk says");
        Pid().Should().Be(0);
        Runtime.Run("start", Id).Exit.Should().Be(1);
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    [RuntimeTheory]
    [InlineData("start")]
    [InlineData("state")]
    [InlineData("kill")]
    [InlineData("delete")]
    public void An_unknown_id_does_not_exist(string verb)
    {
        string id = NewId();
        Outcome outcome = verb switch
        {
            "kill" => Runtime.Run(verb, id, "KILL"),
            "exec" => Runtime.Run(verb, id, "true"),
            _ => Runtime.Run(verb, id),
        };
        outcome.Exit.Should().Be(verb == "exec" ? 255 : 1);
        outcome.Out.Should().BeEmpty();
        outcome.Err.Should().Contain("does not exist");
    }
}
