using System.Diagnostics;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Hooks in which something dies, and where the output of hooks goes (features.md §2.6, AN15; security.md F-31, F-46).</summary>
[Trait("Category", "Integration")]
public sealed class HookEndingsTests : RuntimeTest
{
    private string LogFile => Path.Combine(Work, "hooks.log");

    private string PidFile => Path.Combine(Work, "hook.pid");

    [RuntimeTheory]
    [InlineData("start")]
    [InlineData("run")]
    public void A_startContainer_hook_that_kills_the_container_is_an_error(string verb)
    {
        Bundle.NoNamespace("pid").Args("sleep", "100");
        Add("startContainer", "kill -9 $PPID; sleep 1");
        Add("poststart", $"echo poststart >> {LogFile}");
        if (verb == "start")
            Create().Should().Be(Silent);
        Outcome outcome = verb == "start" ? Runtime.Run("start", Id) : Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("hooks.startContainer[0].path").And.Contain("the container's process died while it ran");
        File.Exists(LogFile).Should().BeFalse("the program was never executed");
    }

    [RuntimeFact]
    public void The_second_startContainer_hook_is_named_when_it_kills_the_container()
    {
        Bundle.NoNamespace("pid").Args("sleep", "100");
        Add("startContainer", "true");
        Add("startContainer", "kill -9 $PPID; sleep 1");
        Create().Should().Be(Silent);
        Runtime.Run("start", Id).Err.Should().Contain("error running startContainer hook #1");
    }

    [RuntimeFact]
    public void Run_shows_what_a_failing_startContainer_hook_wrote()
    {
        Bundle.Args("true");
        Add("startContainer", "echo told you so; exit 3");
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().BeEmpty();
        outcome.Err.Should().Contain("error running startContainer hook #0: exit status 3: told you so");
    }

    [RuntimeTheory]
    [InlineData("createContainer", "create")]
    [InlineData("createContainer", "run")]
    [InlineData("startContainer", "run")]
    public void A_signal_to_the_command_ends_a_hanging_hook_of_the_container(string kind, string verb)
    {
        Bundle.NoNamespace("pid").Args("true").Mount("/share", "bind", Work, "bind");
        Add(kind, $"echo $$ > {(kind == "startContainer" ? "/share/hook.pid" : PidFile)}; sleep 1000; true");
        Add("poststop", $"echo poststop >> {LogFile}");
        Runtime.Call call = Call(verb);
        using Process process = call.Start();
        Eventually(() => File.Exists(PidFile) && File.ReadAllText(PidFile).EndsWith('\n'), "the hook runs");
        int hook = int.Parse(File.ReadAllText(PidFile));
        Syscall.kill(process.Id, Signum.SIGTERM).Should().Be(0);
        Outcome outcome = call.Finish(process);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("interrupted by signal 15");
        RunningProcess.Alive(hook).Should().BeFalse();
        File.ReadAllText(LogFile).Should().Be("poststop\n");
    }

    [RuntimeFact]
    public void A_createContainer_hook_does_not_outlive_a_killed_create()
    {
        Bundle.NoNamespace("pid").Args("true");
        Add("createContainer", $"echo $$ > {PidFile}; sleep 1000; true");
        using Process process = Call("create").Start();
        Eventually(() => File.Exists(PidFile) && File.ReadAllText(PidFile).EndsWith('\n'), "the hook runs");
        int hook = int.Parse(File.ReadAllText(PidFile));
        Syscall.kill(process.Id, Signum.SIGKILL).Should().Be(0);
        process.WaitForExit();
        Eventually(() => !RunningProcess.Alive(hook), "the hook ends");
    }

    [RuntimeFact]
    public void Poststop_hooks_run_when_the_bundle_is_gone()
    {
        Bundle.Args("true");
        Add("poststop", $"pwd > {LogFile}");
        Create().Should().Be(Silent);
        Directory.Move(Bundle.Path, Bundle.Path + ".moved");
        Outcome outcome = Runtime.Run("delete", Id);
        Directory.Move(Bundle.Path + ".moved", Bundle.Path);
        outcome.Should().Be(Silent);
        File.ReadAllText(LogFile).Should().Be("/\n");
    }

    [RuntimeFact]
    public void Annotations_send_the_output_of_hooks_to_files()
    {
        Bundle.Args("echo", "own");
        Annotate("stdout", LogFile);
        Annotate("stderr", "errors.log");
        File.WriteAllText(LogFile, "kept\n");
        foreach (string kind in new[] { "createRuntime", "createContainer", "poststart", "poststop" })
            Add(kind, $"echo {kind}; echo not {kind} >&2");
        Run().Should().Be(new Outcome(0, "own\n", ""));
        File.ReadAllText(LogFile).Should().Be("kept\ncreateRuntime\ncreateContainer\npoststart\npoststop\n");
        File.ReadAllText(Path.Combine(Bundle.Path, "errors.log"))
            .Should().Be("not createRuntime\nnot createContainer\nnot poststart\nnot poststop\n");
    }

    [RuntimeTheory]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public void A_file_for_output_that_cannot_be_opened_is_an_error(string kind)
    {
        Bundle.Args("true");
        Annotate("stdout", "/nonesuch/file");
        Add(kind, "true");
        Outcome outcome = Create();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("run.oci.hooks.stdout").And.Contain("/nonesuch/file");
    }

    [RuntimeFact]
    public void A_fifo_without_a_reader_is_not_waited_for()
    {
        string fifo = Path.Combine(Work, "fifo");
        Syscall.mkfifo(fifo, (FilePermissions)0x180).Should().Be(0);
        Bundle.Args("true");
        Annotate("stderr", fifo);
        Add("createRuntime", "true");
        Outcome outcome = Create();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("a fifo needs a reader");
    }

    private void Annotate(string stream, string path)
    {
        if (Bundle.Config["annotations"] is not JsonObject annotations)
            Bundle.Config["annotations"] = annotations = [];
        annotations[$"run.oci.hooks.{stream}"] = path;
    }

    private void Add(string kind, string script)
    {
        if (Bundle.Config["hooks"] is not JsonObject hooks)
            Bundle.Config["hooks"] = hooks = [];
        if (hooks[kind] is not JsonArray list)
            hooks[kind] = list = [];
        list.Add((JsonNode)new JsonObject { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", script) });
    }
}
