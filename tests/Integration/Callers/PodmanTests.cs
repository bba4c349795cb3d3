using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>Podman's own calls beside conmon (callers.md §11).</summary>
public sealed class PodmanTests : RuntimeTest
{
    /// <summary>No --root, an empty XDG_RUNTIME_DIR for root, and hardly any other variable.</summary>
    [RuntimeFact]
    public void The_state_is_below_the_runtimes_name_whatever_the_environment()
    {
        Bundle.Args("sleep", "1000").Save();
        try
        {
            Runtime.With("create", "--bundle", Bundle.Path, Id).NoRoot().Env("XDG_RUNTIME_DIR", "").Env("HOME", "/root").Run().Should().Be(Silent);
            Directory.Exists($"/run/{Runtime.Name}/{Id}").Should().BeTrue();
            Runtime.With("start", Id).NoRoot().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);
            Runtime.With("kill", Id, "9").NoRoot().NoEnv().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);
            Runtime.With("delete", "--force", Id).NoRoot().NoEnv().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);
            Directory.Exists($"/run/{Runtime.Name}/{Id}").Should().BeFalse();
        }
        finally
        {
            Runtime.With("delete", "--force", Id).NoRoot().Run();
        }
    }

    [RuntimeFact]
    public void The_log_of_a_failure_is_one_JSON_object()
    {
        // What could be warned of must not be: the whole file is parsed as one object.
        Bundle.Args("/nosuch").Process["capabilities"] = new JsonObject { ["bounding"] = new JsonArray("CAP_NO_SUCH") };
        Bundle.Save();
        string log = Path.Combine(Work, "oci-log");
        Runtime.With("--log-format=json", "--log", log, "create", "--bundle", Bundle.Path, Id).Run().Exit.Should().Be(1);
        JsonObject record = (JsonObject)JsonNode.Parse(File.ReadAllText(log))!;
        ((string)record["level"]!).Should().Be("error");
        ((string)record["msg"]!).Should().Contain("no such file or directory");
    }

    /// <summary>--preserve-fd LIST: the number is that of the last, and those in between may be closed.</summary>
    [RuntimeTheory]
    [Xunit.InlineData("run")]
    [Xunit.InlineData("exec")]
    public void A_list_of_descriptors_may_have_holes(string verb)
    {
        Probe.Install(Bundle);
        Bundle.Args(verb == "exec" ? ["sleep", "1000"] : ["/bin/probe", "fds"]);
        string five = Path.Combine(Work, "five");
        File.WriteAllText(five, "5");
        if (verb == "exec")
            CreateAndStart();
        Outcome outcome = verb == "exec"
            ? Runtime.With("exec", "--preserve-fds", "5", Id, "/bin/probe", "fds").Redirect($"3<'{five}' 5<'{five}' 7<'{five}'").Run()
            : Call("run", "--preserve-fds", "5").Redirect($"3<'{five}' 5<'{five}' 7<'{five}'").Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Split('\n').Select(line => line.Split(' ')[0]).Should().Equal("3", "5", "7", "");
        outcome.Out.Split('\n')[..3].Should().OnlyContain(line => line.EndsWith("/five"), "nothing of the runtime's is in a hole");
    }

    /// <summary>
    /// More holes than the runtime opens descriptors: its way to the process in one of them would be closed to the process,
    /// or what is preserved above it.
    /// </summary>
    [RuntimeTheory]
    [Xunit.InlineData("run")]
    [Xunit.InlineData("exec")]
    public void The_holes_may_be_many(string verb)
    {
        Probe.Install(Bundle);
        Bundle.Args(verb == "exec" ? ["sleep", "1000"] : ["/bin/probe", "fds"]).Save();
        string file = Path.Combine(Work, "file");
        File.WriteAllText(file, "");
        if (verb == "exec")
            CreateAndStart();
        string[] words = verb == "exec" ? ["exec", "--preserve-fds", "38", Id, "/bin/probe", "fds"] : ["run", "--preserve-fds", "38", "--bundle", Bundle.Path, Id];
        using Caller caller = new();
        Streams streams = Streams.Pipes(caller);
        int preserved = caller.Open(file);
        int runtime = caller.Start(new Call([.. Runtime.Launcher, Runtime.Binary, "--root", Runtime.Root!, .. words])
        {
            Descriptors = { [0] = streams.In, [1] = streams.Out, [2] = streams.Err, [3] = preserved, [40] = preserved, [41] = preserved },
        });
        caller.Close(streams.In, streams.Out, streams.Err);
        string[] lines = caller.ReadToEnd(streams.Stdout).Split('\n');
        caller.ReadToEnd(streams.Stderr).Should().BeEmpty();
        caller.Wait(runtime).Should().Be(0);
        lines.Select(line => line.Split(' ')[0]).Should().Equal("3", "40", "");
        lines[..2].Should().OnlyContain(line => line.EndsWith("/file"));
    }

    /// <summary>
    /// Socket activation: Podman counts the sockets in --preserve-fds and writes the variables into the config, and conmon
    /// makes LISTEN_PID the runtime's own. They must not count twice.
    /// </summary>
    [RuntimeFact]
    public void Sockets_of_systemd_count_once()
    {
        Probe.Install(Bundle);
        Bundle.Shell("env | grep LISTEN; /bin/probe fds | cut -d' ' -f1");
        ((JsonArray)Bundle.Process["env"]!).Add("LISTEN_FDS=2");
        ((JsonArray)Bundle.Process["env"]!).Add("LISTEN_PID=1");
        Outcome outcome = Call("run", "--preserve-fds", "2").Before("export LISTEN_FDS=2 LISTEN_PID=$$;").Redirect("3</etc/hostname 4</etc/hostname 5</etc/hostname 6</etc/hostname").Run();
        outcome.Should().Be(new Outcome(0, "LISTEN_FDS=2\nLISTEN_PID=1\n3\n4\n", ""));
    }
}
