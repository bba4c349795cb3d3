using System;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>What checkpoint refuses before CRIU is asked for anything: the container then is as it was.</summary>
public sealed class CheckpointRefusalsTests : CheckpointTest
{
    [RuntimeTheory]
    [InlineData("created")]
    [InlineData("stopped")]
    public void A_container_that_does_not_run_is_refused(string status)
    {
        Bundle.Args(status == "created" ? "sleep" : "true", "1000");
        Create().Should().Be(Silent);
        if (status == "stopped")
        {
            Runtime.Run("start", Id).Should().Be(Silent);
            Eventually(() => Status() == "stopped", "true ends");
        }

        Refused($"Container cannot be checkpointed in {status} state");
        Directory.Exists(Images).Should().BeFalse();
    }

    [RuntimeTheory]
    [InlineData("--parent-path must be relative", "--parent-path", "/tmp")]
    [InlineData("invalid --parent-path", "--parent-path", "../missing")]
    [InlineData("invalid manage-cgroups-mode value", "--manage-cgroups-mode", "hard")]
    [InlineData("is not supported; use network", "--empty-ns", "pid")]
    [InlineData("Use --page-server ADDRESS:PORT to specify page server", "--page-server", "host")]
    [InlineData("Invalid port number", "--page-server", "host:none")]
    [InlineData("invalid network-lock value", "--network-lock", "hard")]
    [InlineData("invalid --status-fd argument 77", "--lazy-pages", "--status-fd", "77")]
    [InlineData("not writable", "--lazy-pages", "--status-fd", "0")]
    [InlineData("cannot make the directory", "--work-path", "/proc/none")]
    public void Values_are_checked(string message, params string[] options)
    {
        Started();
        Dump(options).Redirect("0</dev/null").Run().Err.Should().Contain(message);
        Criu.Requests.Should().NotContain(request => request.Number(1) != 10);
        Status().Should().Be("running");
    }

    [RuntimeTheory]
    [InlineData("version 20900", "CRIU version 20900 must be 30000 or higher")]
    [InlineData("features 2", "criu is missing features: [MemTrack]", "--pre-dump")]
    [InlineData("features 1", "criu is missing features: [LazyPages]", "--lazy-pages")]
    public void CRIU_must_be_able_to(string script, string message, params string[] options)
    {
        Criu.Script(script);
        Started();
        Outcome outcome = Checkpoint(options);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(message);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Without_criu_the_error_says_what_to_install()
    {
        Started();
        Runtime.With("checkpoint", "--image-path", Images, Id).Env("PATH", Work).Run().Err.Should().Contain("criu is not in PATH").And.Contain("install CRIU");
        Directory.Exists(Images).Should().BeFalse();
    }

    [RuntimeFact]
    public void A_criu_that_says_nothing_is_given_up()
    {
        Criu.Script("mute");
        Started();
        Dump([]).Within(TimeSpan.FromSeconds(25)).Run().Err.Should().Contain("criu did not answer within 10 s");
    }

    [RuntimeTheory]
    [InlineData("""{"mounts": [{"destination": "/data", "type": "none", "source": "/tmp", "options": ["bind"], "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]}]}""", "id-mapped")]
    public void What_cannot_come_back_as_it_was_is_refused(string patch, string message)
    {
        Bundle.Merge((JsonObject)JsonNode.Parse(patch)!);
        Bundle.Config["linux"]!["maskedPaths"] = new JsonArray();
        Bundle.Config["linux"]!["readonlyPaths"] = new JsonArray();
        Started();
        Refused(message);
        Criu.Requests.Should().BeEmpty();
    }

    [RuntimeTheory]
    [InlineData("--ephemeral")]
    [InlineData]
    public void A_root_of_layers_is_refused(params string[] options)
    {
        Bundle.Args("sleep", "1000");
        Call("create", ["--layer", Bundle.Rootfs, .. options]).Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Refused("a root file system that ocirun makes from layers cannot be checkpointed or restored");
        Criu.Requests.Should().BeEmpty();
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void A_container_without_a_mount_namespace_is_refused()
    {
        Bundle.NoNamespace("mount").Mounts.Clear();
        Bundle.Linux["maskedPaths"] = new JsonArray();
        Bundle.Linux["readonlyPaths"] = new JsonArray();
        Started();
        Refused("without a mount namespace");
    }

    [RuntimeFact]
    public void Other_users_are_refused()
    {
        Bundle.ForRootless();
        Bundle.Args("sleep", "1000");
        Use(View.Rootless);
        CreateAndStart();
        Refused("checkpoint and restore need root");
    }
}
