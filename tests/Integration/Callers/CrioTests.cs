using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>CRI-O's own calls beside conmon (callers.md §9): streaming exec, state, update, kill.</summary>
public sealed class CrioTests : RuntimeTest
{
    [RuntimeFact]
    public void Streaming_exec_with_a_terminal_proxies_the_hosts()
    {
        Sleeping();
        string process = ProcessFile("trap 'stty size; exit 7' WINCH; tty; stty size; while :; do sleep 0.05; done", terminal: true);
        using Caller caller = new();
        (int master, int slave) = caller.Pty(25, 85);
        string before = caller.Terminal(slave);
        int exec = caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, "exec", "--process", process, Id])
        {
            Flags = "st",
            Environment = ["XDG_RUNTIME_DIR=/run/user/0"],
            Descriptors = { [0] = slave, [1] = slave, [2] = slave },
        });
        string text = "";
        Eventually(() => (text += caller.ReadFor(master, 50)).Contains("25 85"), "the size is the host's");
        text.Should().Contain("/dev/pts/0");
        caller.Terminal(slave).Should().NotBe(before, "it is raw meanwhile");
        caller.Resize(master, 45, 145);
        caller.Kill(exec, 28);
        caller.Wait(exec).Should().Be(7);
        caller.ReadFor(master, 200).Should().Contain("45 145");
        caller.Terminal(slave).Should().Be(before);
    }

    [RuntimeFact]
    public void Streaming_exec_without_a_terminal_pumps_pipes()
    {
        Sleeping();
        string process = ProcessFile("cat; echo end >&2; exit 11", terminal: false);
        using Caller caller = new();
        Streams streams = Streams.Pipes(caller);
        int exec = caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, "exec", "--process", process, Id])
        {
            Environment = ["XDG_RUNTIME_DIR=/run/user/0"],
            Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err },
        });
        caller.Close(streams.In, streams.Out, streams.Err);
        caller.Write(streams.Stdin, new string('x', 30000));
        caller.Close(streams.Stdin);
        caller.ReadToEnd(streams.Stdout).Should().HaveLength(30000);
        caller.ReadToEnd(streams.Stderr).Should().Be("end\n");
        caller.Wait(exec).Should().Be(11);
    }

    /// <summary>CRI-O kills the runtimes of attached execs with their container.</summary>
    [RuntimeFact]
    public void A_killed_exec_does_not_hurt_the_container()
    {
        Sleeping();
        using Caller caller = new();
        Streams streams = Streams.Pipes(caller);
        int exec = caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, "exec", "--process", ProcessFile("echo up; sleep 2", false), Id])
        {
            Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err },
        });
        caller.Close(streams.In, streams.Out, streams.Err);
        caller.Read(streams.Stdout, 10, 5000).Should().Be("up\n");
        caller.Kill(exec, 9);
        caller.Wait(exec).Should().Be(137);
        Status().Should().Be("running");
    }

    /// <summary>Decoded on top of CRI-O's own object: its keys must not be there.</summary>
    [RuntimeFact]
    public void State_update_stop_and_delete_need_nothing_but_the_root()
    {
        Sleeping();
        JsonObject state = State();
        ((string)state["status"]!).Should().Be("running");
        string file = Path.Combine(Work, "resources.json");
        File.WriteAllText(file, "{}");
        Runtime.With("update", "--resources", "-", Id).Redirect($"<'{file}'").Env("CRI_O_EXTERNAL", "1").Run().Should().Be(Silent);
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is dead");
        Outcome again = Runtime.Run("kill", Id, "15");
        again.Exit.Should().Be(1);
        again.Err.Should().Contain("container not running").And.Contain("no such process");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
    }

    private void Sleeping()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
    }

    private string ProcessFile(string script, bool terminal)
    {
        string path = Path.Combine(Work, "exec-process");
        File.WriteAllText(path, new JsonObject
        {
            ["terminal"] = terminal,
            ["args"] = new JsonArray("sh", "-c", script),
            ["env"] = new JsonArray("PATH=/bin", "TERM=xterm"),
            ["cwd"] = "/",
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
        }.ToJsonString());
        return path;
    }
}
