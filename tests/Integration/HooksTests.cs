using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>hooks (config.md, "POSIX-platform Hooks"; features.md §2.6).</summary>
[Trait("Category", "Conformance")]
public sealed class HooksTests : RuntimeTest
{
    private static readonly string[] Kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    private string LogFile => Path.Combine(Work, "hooks.log");

    [RuntimeFact]
    public void All_kinds_run_in_order()
    {
        foreach (string kind in Kinds)
        {
            Add(kind, Script($"echo {kind} 1"));
            Add(kind, Script($"echo {kind} 2"));
        }

        Share();
        Bundle.Args("true");
        Create().Should().Be(Silent);
        Log().Should().Equal(Twice("prestart", "createRuntime", "createContainer"));
        Runtime.Run("start", Id).Should().Be(Silent);
        Log().Should().Equal(Twice("prestart", "createRuntime", "createContainer", "startContainer", "poststart"));
        Eventually(() => Status() == "stopped", "true ends");
        Runtime.Run("delete", Id).Should().Be(Silent);
        Log().Should().Equal(Twice(Kinds));
    }

    [RuntimeFact]
    public void Run_runs_them_too()
    {
        foreach (string kind in Kinds)
            Add(kind, Script($"echo {kind}"));
        Share();
        Bundle.Args("true");
        Call("run").Run().Should().Be(Silent);
        Log().Should().Equal(Kinds);
    }

    [RuntimeFact]
    public void The_state_comes_on_standard_input()
    {
        foreach (string kind in Kinds)
            Add(kind, $"cat >> {Where(kind)}; echo >> {Where(kind)}");
        Share();
        Bundle.Args("true");
        Bundle.Config["annotations"] = new JsonObject { ["org.example.x"] = "a \"quoted\" text", ["y"] = "" };
        Bundle.NoNamespace("pid");
        Create().Should().Be(Silent);
        int pid = Pid();
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "true ends");
        Runtime.Run("delete", Id).Should().Be(Silent);
        JsonObject[] states = [.. Log().Select(line => (JsonObject)JsonNode.Parse(line)!)];
        states.Should().HaveCount(Kinds.Length);
        foreach (JsonObject state in states)
        {
            ((string)state["id"]!).Should().Be(Id);
            ((string)state["bundle"]!).Should().Be(Bundle.Path);
            state["ociVersion"].Should().NotBeNull();
            ((string)state["annotations"]!["org.example.x"]!).Should().Be("a \"quoted\" text");
        }

        states.Take(2).Select(state => (int)state["pid"]!).Should().Equal(pid, pid);
        ((int)states[4]["pid"]!).Should().Be(pid);
        ((string)states[4]["status"]!).Should().Be("running");
        ((string)states[5]["status"]!).Should().Be("stopped");
    }

    [RuntimeFact]
    public void Status_and_pid_are_those_of_the_moment()
    {
        foreach (string kind in Kinds)
            Add(kind, $"cat >> {Where(kind)}; echo >> {Where(kind)}");
        Share();
        Bundle.Args("true");
        Call("run").Run().Should().Be(Silent);
        JsonObject[] states = [.. Log().Select(line => (JsonObject)JsonNode.Parse(line)!)];
        states.Select(state => (string)state["status"]!).Should().Equal("creating", "creating", "creating", "created", "running", "stopped");
        states.Select(state => (int)state["pid"]! switch { 0 => "none", 1 => "init", _ => "host" })
            .Should().Equal("host", "host", "init", "init", "host", "none");
    }

    [RuntimeFact]
    public void Hooks_of_the_runtime_run_in_its_namespaces_and_the_others_in_the_containers()
    {
        // One write each: the poststart hooks run while the program does.
        const string script = "echo \"$(readlink /proc/self/ns/uts) $(readlink /proc/self/ns/pid) \"";
        foreach (string kind in Kinds)
            Add(kind, $"{script} >> {Where(kind)}");
        Share();
        Bundle.Shell($"{script} >> /share/hooks.log");
        Call("run").Run().Should().Be(Silent);
        string[] seen = Log();
        string host = $"{ReadLink("uts")} {ReadLink("pid")} ";
        string container = seen[Array.FindIndex(seen, line => line != host)];
        seen.Should().HaveCount(7);
        seen.Count(line => line == host).Should().Be(4);
        seen.Count(line => line == container).Should().Be(3);
        container.Split(' ')[0].Should().NotBe(host.Split(' ')[0]);
    }

    [RuntimeFact]
    public void CreateContainer_hooks_see_the_hosts_files_and_the_containers_mounts()
    {
        Add("createContainer", $"pwd -P >> {LogFile}; grep -c ' {Bundle.Rootfs}/proc ' /proc/self/mountinfo >> {LogFile}");
        Add("createRuntime", $"pwd -P >> {LogFile}; grep -c ' {Bundle.Rootfs}/proc ' /proc/self/mountinfo >> {LogFile} || true");
        Bundle.Args("true");
        Call("run").Run().Should().Be(Silent);
        Log().Should().Equal(Bundle.Path, "0", Bundle.Rootfs, "1");
    }

    [RuntimeFact]
    public void StartContainer_hooks_run_as_the_containers_user()
    {
        Add("startContainer", "id -u >> /share/hooks.log; pwd >> /share/hooks.log; echo $A >> /share/hooks.log; cat /proc/1/comm >> /share/hooks.log");
        Share();
        Bundle.Process["user"] = new JsonObject { ["uid"] = 77, ["gid"] = 77 };
        Bundle.Process["cwd"] = "/etc";
        ((JsonArray)Bundle.Process["env"]!).Add((JsonNode)"A=b");
        Bundle.Args("true");
        Call("run").Run().Should().Be(Silent);
        string[] seen = Log();
        seen.Take(3).Should().Equal("77", "/etc", "b");
        seen[3].Should().NotBe("true", "the program has not been executed yet");
    }

    [RuntimeTheory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public void A_failure_while_creating_ends_the_container(string kind)
    {
        Add(kind, Script($"echo {kind} 1"));
        Add(kind, "echo told you so; echo and why >&2; exit 3");
        Add(kind, Script("echo not reached"));
        Add("poststop", Script("echo poststop"));
        Bundle.Args("sleep", "100");
        Outcome outcome = Create();
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
        outcome.Err.Should().Contain($"error running {kind} hook #1: exit status 3").And.Contain("told you so").And.Contain("and why");
        Log().Should().Equal($"{kind} 1", "poststop");
        Runtime.Run("state", Id).Exit.Should().NotBe(0);
    }

    [RuntimeFact]
    public void A_failing_startContainer_hook_is_reported_by_start()
    {
        Add("startContainer", "echo told you so; exit 4");
        Bundle.Shell("touch /ran");
        Create().Should().Be(Silent);
        Outcome outcome = Runtime.Run("start", Id);
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("error running startContainer hook #0: exit status 4").And.Contain("told you so");
        Eventually(() => Status() == "stopped", "the container does not run");
        File.Exists(Path.Combine(Bundle.Rootfs, "ran")).Should().BeFalse();
    }

    [RuntimeFact]
    public void A_failing_poststart_hook_ends_the_container()
    {
        Add("poststart", "exit 5");
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Outcome outcome = Runtime.Run("start", Id);
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("error running poststart hook #0: exit status 5");
        Status().Should().Be("stopped");
    }

    [RuntimeFact]
    public void A_failing_poststart_hook_ends_a_run()
    {
        Add("poststart", "exit 5");
        Add("poststop", Script("echo poststop"));
        Bundle.Args("sleep", "100");
        Outcome outcome = Call("run").Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("error running poststart hook #0: exit status 5");
        Log().Should().Equal("poststop");
        Runtime.Run("state", Id).Exit.Should().NotBe(0);
    }

    [RuntimeFact]
    public void Failing_poststop_hooks_neither_stop_the_others_nor_the_delete()
    {
        Add("poststop", "exit 1");
        Add("poststop", Script("echo second"));
        Bundle.Args("true");
        Create().Should().Be(Silent);
        Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
        Log().Should().Equal("second");
        Runtime.Run("state", Id).Exit.Should().NotBe(0);
    }

    [RuntimeFact]
    public void Poststop_hooks_do_not_need_the_bundle()
    {
        Add("poststop", Script("echo poststop"));
        Bundle.Args("true");
        Create().Should().Be(Silent);
        File.WriteAllText(Path.Combine(Bundle.Path, "config.json"), "{}");
        Runtime.Run("delete", Id).Exit.Should().Be(0);
        Log().Should().Equal("poststop");
    }

    [RuntimeTheory]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public void A_hook_that_hangs_is_ended_after_its_timeout(string kind)
    {
        Add(kind, "sleep 1000 & sleep 1000", timeout: 1);
        Bundle.Args("true");
        Stopwatch watch = Stopwatch.StartNew();
        Outcome outcome = Create();
        outcome.Exit.Should().NotBe(0);
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
        outcome.Err.Should().Contain("hook ran past specified timeout");
    }

    [RuntimeFact]
    public void A_startContainer_hook_that_hangs_is_ended_after_its_timeout()
    {
        Add("startContainer", "sleep 1000", timeout: 1);
        Bundle.Args("true");
        Create().Should().Be(Silent);
        Outcome outcome = Runtime.Run("start", Id);
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("hook ran past specified timeout");
    }

    [RuntimeTheory]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    [InlineData("poststart")]
    public void A_flood_of_output_is_taken_and_not_passed_on(string kind)
    {
        Add(kind, "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done");
        Bundle.Args("echo", "own");
        Outcome outcome = Call("run").Run();
        outcome.Should().Be(new Outcome(0, "own\n", ""));
    }

    [RuntimeFact]
    public void A_hook_that_does_not_read_and_one_that_leaves_a_child_are_fine()
    {
        Bundle.Config["annotations"] = new JsonObject { ["big"] = new string('x', 200_000) };
        Add("createRuntime", "true");
        Add("createRuntime", "sleep 3 & true");
        Add("createContainer", "exec </dev/null; sleep 0.1");
        Bundle.Args("echo", "own");
        Stopwatch watch = Stopwatch.StartNew();
        Call("run").Run().Should().Be(new Outcome(0, "own\n", ""));
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(2.5));
        System.Threading.Thread.Sleep(TimeSpan.FromSeconds(3) - watch.Elapsed);
    }

    [RuntimeFact]
    public void A_hook_inherits_nothing_but_its_streams()
    {
        foreach (string kind in Kinds)
            Add(kind, $"ls /proc/self/fd | tr '\\n' ' ' >> {Where(kind)}; grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f 2 | tr '\\n' ' ' >> {Where(kind)}; umask >> {Where(kind)}");
        Share();
        Bundle.Args("true");
        Call("run").Before("umask 0027; trap '' PIPE;").Redirect("7</proc/1 9</").Run().Should().Be(Silent);

        // ls has the directory open as 3.
        Log().Should().HaveCount(6).And.OnlyContain(line => line.StartsWith("0 1 2 3 0000000000000000 0000000000000000 0"));
    }

    [RuntimeFact]
    public void Arguments_and_environment_are_as_given()
    {
        Add("createRuntime", new JsonObject
        {
            ["path"] = "/bin/sh",
            ["args"] = new JsonArray("zero", "-c", $"echo $0 $1 $A $B >> {LogFile}; env | grep -c . >> {LogFile}", "name", "one"),
            ["env"] = new JsonArray("A=1", "B=2", "PATH=/bin:/usr/bin"),
        });
        Bundle.Args("true");
        Call("run").Run().Should().Be(Silent);
        string[] lines = Log();
        lines[0].Should().Be("name one 1 2");
        int.Parse(lines[1]).Should().BeLessThanOrEqualTo(6, "the caller's variables are not there");
    }

    // features.md HF03 and security.md G4: without an environment of its own a hook has that of who runs it, and the
    // variables of the image's program never reach a hook that runs with the host's files.
    [RuntimeTheory]
    [InlineData(null, "CALLER=1", "PROGRAM=1")]
    [InlineData("", "", "")]
    [InlineData("OWN=1", "OWN=1", "OWN=1")]
    public void The_environment_is_the_hooks_or_that_of_who_runs_it(string? own, string host, string container)
    {
        foreach (string kind in Kinds)
        {
            JsonObject hook = new()
            {
                ["path"] = "/bin/sh",
                ["args"] = new JsonArray("sh", "-c", $"echo {kind}=$(/usr/bin/env | /bin/grep -e CALLER -e PROGRAM -e OWN -e LD_) >> {Where(kind)}"),
            };
            if (own is not null)
                hook["env"] = own.Length == 0 ? new JsonArray() : new JsonArray(own);
            Add(kind, hook);
        }

        Share();
        Directory.CreateDirectory(Bundle.InRootfs("usr/bin"));
        File.CreateSymbolicLink(Bundle.InRootfs("usr/bin/env"), "/bin/env");
        Bundle.Process["env"] = new JsonArray("PROGRAM=1");
        Bundle.Args("/bin/true");
        Call("run").Env("CALLER", "1").Run().Should().Be(Silent);
        Log().Order(StringComparer.Ordinal).Should().Equal(
            Kinds.Select(kind => $"{kind}={(kind == "startContainer" ? container : host)}").Order(StringComparer.Ordinal));
    }

    [RuntimeFact]
    public void A_missing_program_is_named()
    {
        Add("createRuntime", new JsonObject { ["path"] = "/nonesuch/hook" });
        Bundle.Args("true");
        Outcome outcome = Create();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("/nonesuch/hook").And.ContainEquivalentOf("no such file or directory");
    }

    private static string[] Twice(params string[] kinds) => [.. kinds.SelectMany(kind => new[] { $"{kind} 1", $"{kind} 2" })];

    private static string ReadLink(string ns) => new FileInfo($"/proc/self/ns/{ns}").LinkTarget!;

    // startContainer hooks live in the container.
    private string Where(string kind) => kind == "startContainer" ? "/share/hooks.log" : LogFile;

    private string Script(string echo) => echo.Contains("startContainer") ? $"{echo} >> /share/hooks.log" : $"{echo} >> {LogFile}";

    private void Share()
    {
        File.WriteAllText(LogFile, "");
        File.SetUnixFileMode(LogFile, (UnixFileMode)0b110_110_110);
        Bundle.Mount("/share", "bind", Work, "bind");
    }

    private string[] Log() => File.Exists(LogFile) ? File.ReadAllLines(LogFile) : [];

    private void Add(string kind, string script, int? timeout = null)
    {
        JsonObject hook = new() { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", script) };
        if (timeout is not null)
            hook["timeout"] = timeout;
        Add(kind, hook);
    }

    private void Add(string kind, JsonObject hook)
    {
        if (Bundle.Config["hooks"] is not JsonObject hooks)
            Bundle.Config["hooks"] = hooks = [];
        if (hooks[kind] is not JsonArray list)
            hooks[kind] = list = [];
        list.Add((JsonNode)hook);
    }
}
