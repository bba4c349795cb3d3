using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>buildah's oci isolation (callers.md §12): cwd is the bundle, state is polled while init is waited for.</summary>
public sealed class BuildahTests : RuntimeTest
{
    [RuntimeFact]
    public void A_step_is_created_started_polled_and_deleted()
    {
        Bundle.Shell("echo built; exit 3").Save();
        using Caller caller = new();
        caller.Subreaper();
        Streams streams = Streams.Pipes(caller);
        string pidFile = Path.Combine(Bundle.Path, "pid");
        int create = Start(caller, streams, "create", "--bundle", Bundle.Path, "--pid-file", pidFile, "--no-new-keyring", Id);
        caller.Wait(create).Should().Be(0);
        int pid = int.Parse(File.ReadAllText(pidFile).Trim());
        Directory.Exists($"/proc/{pid}/ns").Should().BeTrue("the network is set up now");

        Plain(caller, "start", Id).Should().Be((0, ""));
        string status = "";
        Eventually(() =>
        {
            (int exit, string text) = Plain(caller, "state", Id);
            exit.Should().Be(0, text);
            status = (string)JsonNode.Parse(text)!["status"]!;
            status.Should().BeOneOf("creating", "created", "running", "stopped");
            return status == "stopped";
        }, "it ends, and init is a zombie by then");

        Plain(caller, "delete", Id).Should().Be((0, ""), "a zombie has stopped");
        caller.Wait(pid).Should().Be(3);
        caller.ReadToEnd(streams.Stdout).Should().Be("built\n");
    }

    [RuntimeFact]
    public void An_interrupted_step_is_killed()
    {
        Bundle.Shell("trap 'exit 8' TERM; echo up; while :; do sleep 0.05; done").Save();
        using Caller caller = new();
        caller.Subreaper();
        Streams streams = Streams.Pipes(caller);
        string pidFile = Path.Combine(Bundle.Path, "pid");
        caller.Wait(Start(caller, streams, "create", "--bundle", Bundle.Path, "--pid-file", pidFile, Id)).Should().Be(0);
        Plain(caller, "start", Id).Should().Be((0, ""));
        caller.Read(streams.Stdout, 10, 5000).Should().Be("up\n");
        Plain(caller, "kill", Id).Should().Be((0, ""), "the default is TERM");
        caller.Wait(int.Parse(File.ReadAllText(pidFile))).Should().Be(8);
        Plain(caller, "delete", Id).Should().Be((0, ""));
    }

    [RuntimeFact]
    public void After_a_failed_create_both_outputs_end()
    {
        Bundle.Args("nosuch").Save();
        using Caller caller = new();
        caller.Subreaper();
        Streams streams = Streams.Pipes(caller);
        int create = Start(caller, streams, "create", "--bundle", Bundle.Path, "--pid-file", Path.Combine(Bundle.Path, "pid"), Id);
        caller.ReadToEnd(streams.Stdout).Should().BeEmpty();
        caller.ReadToEnd(streams.Stderr).Should().Contain("executable file not found in $PATH");
        caller.Wait(create).Should().Be(1);
        caller.HasChildren.Should().BeFalse();
    }

    private string[] Words(string[] arguments) => [.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, .. arguments];

    private int Start(Caller caller, Streams streams, params string[] arguments)
    {
        int pid = caller.Start(new Call(Words(arguments))
        {
            Flags = "k",
            Directory = Bundle.Path,
            Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err },
        });
        caller.Close(streams.In, streams.Out, streams.Err);
        return pid;
    }

    private (int Exit, string Text) Plain(Caller caller, params string[] arguments)
    {
        (int read, int write) = caller.Pipe();
        int nothing = caller.Null();
        int pid = caller.Start(new Call(Words(arguments)) { Flags = "k", Directory = Bundle.Path, Descriptors = { [0] = nothing, [1] = write, [2] = write } });
        caller.Close(write, nothing);
        string text = caller.ReadToEnd(read);
        caller.Close(read);
        return (caller.Wait(pid), text);
    }
}
