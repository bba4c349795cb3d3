using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Callers;

public sealed partial class CallersChecklistTests
{
    // Keys of CRI-O's own state object, on top of which it decodes ours (callers.md §9.3).
    private static readonly string[] TakenKeys =
    [
        "started", "finished", "exitCode", "oomKilled", "seccompKilled", "error", "initPid", "initStartTime", "checkpointedTime",
        "containerMonitorProcess",
    ];

    [RuntimeFact]
    public void A_restricted_affinity_of_the_caller_is_not_inherited()
    {
        Bundle.Args("sleep", "1000");
        string all = Affinity(Environment.ProcessId);
        Call("create").Under("taskset", "--cpu-list", "0").Run().Should().Be(Silent);
        Runtime.With("start", Id).Under("taskset", "--cpu-list", "0").Run().Should().Be(Silent);
        Affinity(Pid()).Should().Be(all);
        Outcome exec = Runtime.With("exec", Id, "grep", "Cpus_allowed_list", "/proc/self/status").Under("taskset", "--cpu-list", "0").Run();
        exec.Out.Trim().Should().Be(all);
    }

    [RuntimeFact]
    public void An_attached_exec_on_a_pty_needs_no_console_socket()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string process = Path.Combine(Work, "process.json");
        File.WriteAllText(process, """
            {"terminal": true, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
             "args": ["sh", "-c", "trap 'stty size' WINCH; trap 'echo term; exit 33' TERM; stty size; while :; do sleep 0.05; done"]}
            """);
        using Caller caller = new();
        GoRunc runc = new(caller, Runtime.Root!, LogFile);
        (int master, int slave) = caller.Pty(31, 101);
        int exec = caller.Start(new Call(runc.Words("exec", "--process", process, Id)) { Flags = "st", Descriptors = { [0] = slave, [1] = slave, [2] = slave } });
        string text = "";
        Eventually(() => (text += caller.ReadFor(master, 50)).Contains("31 101"), "the terminal has the host's size");
        caller.Resize(master, 32, 102);
        Eventually(() => (text += caller.ReadFor(master, 50)).Contains("32 102"), "the kernel's SIGWINCH resizes it");
        caller.Resize(master, 33, 103);
        caller.Kill(exec, 28);
        Eventually(() => (text += caller.ReadFor(master, 50)).Contains("33 103"), "and a sent one");
        caller.Kill(exec, 15);
        caller.Wait(exec).Should().Be(33, "a signal is passed on and the status comes back");
        caller.ReadFor(master, 100).Should().Contain("term");
    }

    [RuntimeFact]
    public void State_is_the_JSON_that_callers_decode()
    {
        Bundle.Config["annotations"] = new JsonObject { ["org.example.key"] = "value" };
        Bundle.Args("sleep", "1000").Save();
        using Caller caller = new();
        caller.Subreaper();
        GoRunc runc = new(caller, Runtime.Root!, LogFile);
        runc.With(Streams.Pipes(caller), "run", "--detach", "--bundle", Bundle.Path, Id).Should().Be(0);

        (int exit, string text) = runc.Combined("state", Id);

        exit.Should().Be(0);
        text.Should().Contain("\"status\": \"running\"");
        JsonObject state = (JsonObject)JsonNode.Parse(text)!;
        state.Select(pair => pair.Key).Should().NotContain(TakenKeys);
        ((string)state["annotations"]!["org.example.key"]!).Should().Be("value");
        DateTimeOffset.Parse((string)state["created"]!).Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        ((string)state["id"]!).Should().Be(Id);
        ((string)state["bundle"]!).Should().Be(Bundle.Path);
        int pid = (int)state["pid"]!;
        caller.Kill(pid, 9);
        Eventually(() => File.ReadAllText($"/proc/{pid}/stat").Contains(") Z "), "nobody has waited for it");
        state = State();
        ((string)state["status"]!).Should().Be("stopped");
        ((int)state["pid"]!).Should().Be(0);
        caller.Wait(pid).Should().Be(137);
    }

    [RuntimeFact]
    public void Hooks_get_the_annotations_and_poststop_runs_on_every_delete()
    {
        Bundle.Config["annotations"] = new JsonObject { ["org.example.key"] = "value" };
        string hook = Path.Combine(Work, "hook");
        File.WriteAllText(hook, $"#!/bin/sh\nprintf '%s %s\\n' $1 \"$(cat)\" >>'{Work}/calls'\n");
        File.SetUnixFileMode(hook, (UnixFileMode)0b111_101_101);
        JsonObject hooks = [];
        foreach (string name in new[] { "createRuntime", "poststart", "poststop" })
            hooks[name] = new JsonArray(new JsonObject { ["path"] = hook, ["args"] = new JsonArray("hook", name) });
        Bundle.Config["hooks"] = hooks;
        Bundle.Args("sleep", "1000").Save();
        string[] Calls() => File.ReadAllLines(Path.Combine(Work, "calls"));

        Create().Should().Be(Silent);
        Runtime.Run("delete", Id).Should().Be(Silent);
        Calls().Select(line => line.Split(' ')[0]).Should().Equal("createRuntime", "poststop");
        CreateAndStart();
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        CreateAndStart();
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is dead");
        Runtime.Run("delete", Id).Should().Be(Silent);
        Bundle.Args("true");
        Run().Should().Be(Silent);
        Calls().Count(line => line.StartsWith("poststop ")).Should().Be(4);
        Calls().Count(line => line.StartsWith("createRuntime ")).Should().Be(4);
        foreach (string line in Calls())
        {
            JsonObject state = (JsonObject)JsonNode.Parse(line[line.IndexOf(' ')..])!;
            ((string)state["annotations"]!["org.example.key"]!).Should().Be("value", line);
            ((string)state["id"]!).Should().Be(Id);
            ((string)state["bundle"]!).Should().Be(Bundle.Path);
        }
    }

    [RuntimeFact]
    public void List_shows_the_bundle_and_ignores_what_is_not_a_container()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Directory.CreateDirectory(Path.Combine(Runtime.Root!, "foreign", "directory"));
        Directory.CreateDirectory(Path.Combine(Runtime.Root!, ".cache"));
        File.WriteAllText(Path.Combine(Runtime.Root!, "foreign", "status"), "{\"pid\": 1}");
        File.WriteAllText(Path.Combine(Runtime.Root!, "file"), "");

        Outcome list = Runtime.Run("list");
        list.Exit.Should().Be(0);
        list.Err.Should().BeEmpty();
        string[] lines = list.Out.TrimEnd('\n').Split('\n');
        lines.Should().HaveCount(2);
        lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Should().Be(Bundle.Path);
        Runtime.Run("list", "-q").Should().Be(new Outcome(0, Id + "\n", ""));
        JsonObject only = (JsonObject)((JsonArray)JsonNode.Parse(Runtime.Run("list", "-f", "json").Out)!).Single()!;
        ((string)only["id"]!).Should().Be(Id);
        ((string)only["bundle"]!).Should().Be(Bundle.Path);

        Directory.Delete(Path.Combine(Runtime.Root!, "foreign"), recursive: true);
        Directory.Delete(Path.Combine(Runtime.Root!, ".cache"));
        File.Delete(Path.Combine(Runtime.Root!, "file"));
    }

    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("create")]
    [InlineData("exec")]
    public void Preserved_descriptors_follow_those_of_LISTEN_FDS_and_the_runtimes_own_stay_above(string verb)
    {
        Probe.Install(Bundle);
        const string script = "echo $LISTEN_FDS $((LISTEN_PID - $$)); exec /bin/probe fds";
        Bundle.Args(verb == "exec" ? ["sleep", "1000"] : ["/bin/sh", "-c", script]).Save();
        if (verb == "exec")
            CreateAndStart();
        string[] files = [.. Enumerable.Range(3, 6).Select(n => Path.Combine(Work, $"file{n}"))];
        foreach (string file in files)
            File.WriteAllText(file, "");
        Runtime.Call call = verb == "exec"
            ? Runtime.With("exec", "--preserve-fds", "3", Id, "/bin/sh", "-c", script)
            : Call(verb, "--preserve-fds", "3");

        // 3 is of LISTEN_FDS; 4 to 6 are preserved, 5 of them is closed; 7 is nobody's.
        call.Before("export LISTEN_FDS=1 LISTEN_PID=$$;").Redirect($"3<'{files[0]}' 4<'{files[1]}' 6<'{files[3]}' 7<'{files[4]}'").Run().Exit.Should().Be(0, call.Err);
        if (verb == "create")
        {
            Directory.GetFileSystemEntries($"/proc/{Pid()}/fd").Select(path => (int.Parse(Path.GetFileName(path)), new FileInfo(path).LinkTarget!))
                .Where(fd => fd.Item1 is > 2 and < 7 && !fd.Item2.Contains("/file")).Should().OnlyContain(fd => fd.Item1 == 5 && fd.Item2.StartsWith("socket:"), "it keeps the place");
            (new FileInfo($"/proc/{Pid()}/fd/7").LinkTarget ?? "").Should().NotEndWith("/file7");
            Runtime.Run("start", Id).Should().Be(Silent);
        }

        Eventually(() => call.Out.Contains("\n6 "), "the program has looked: " + call.Out + call.Err);
        string[] lines = call.Out.TrimEnd('\n').Split('\n');
        lines[0].Should().Be("1 0");
        lines[1..].Select(line => line.Split(' ')[0] + line[^1]).Should().Equal("33", "44", "66");
    }

    private static string Affinity(int pid) => File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("Cpus_allowed_list"));
}
