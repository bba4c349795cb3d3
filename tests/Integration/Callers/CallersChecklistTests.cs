using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Callers;

/// <summary>
/// The acceptance checklist of the callers' contract (callers.md §24), a test for each of its rows and named after it.
/// Each tests the whole row on the published binary, also where others test parts of it.
/// </summary>
public sealed partial class CallersChecklistTests : RuntimeTest
{
    private string LogFile => Path.Combine(Work, "log.json");

    /// <summary>Directory of a container's cgroup, null when there is none.</summary>
    internal static string? CgroupOf(string id) => Leftovers.Cgroup2Mount is null
        ? null
        : Directory.EnumerateDirectories(Leftovers.Cgroup2Mount, $"*{id}*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 5 }).FirstOrDefault();

    [RuntimeTheory]
    [InlineData("--version")]
    [InlineData("-v")]
    public void Version_with_an_empty_environment_as_nobody(string flag)
    {
        Outcome outcome = AsNobody(flag);
        outcome.Exit.Should().Be(0);
        outcome.Err.Should().BeEmpty();
        string[] lines = outcome.Out.TrimEnd('\n').Split('\n');
        lines[0].Should().MatchRegex($@"^{Runtime.Name} version \S+$");
        lines[1..].Should().NotContain(line => line.Contains("version")).And.Contain(line => line.StartsWith("spec: 1."));
    }

    [RuntimeTheory]
    [InlineData("1.0.0")]
    [InlineData("1.0.2-dev")]
    [InlineData("1.1.0")]
    [InlineData("1.2.0")]
    [InlineData("1.2.1")]
    [InlineData("1.3.0")]
    [InlineData("1.3.0-rc.1")]
    [InlineData("1.3.7")]
    public void OciVersion_of_any_1_x_and_unknown_fields_load(string version)
    {
        Bundle.Config["ociVersion"] = version;
        foreach (JsonObject place in new[] { Bundle.Config, Bundle.Process, Bundle.Linux, (JsonObject)Bundle.Mounts[0]!, (JsonObject)Bundle.Linux["resources"]! })
            place["fieldOfTomorrow"] = new JsonObject { ["a"] = new JsonArray(1, null, "x") };
        Bundle.Args("true");
        Run().Should().Be(Silent);
    }

    [RuntimeFact]
    public void Features_with_an_empty_environment_as_nobody()
    {
        string root = Path.Combine(Work, "never-made");
        Outcome outcome = Runtime.With("--root", root, "features").NoRoot().NoEnv().Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        Directory.Exists(root).Should().BeFalse();
        JsonObject features = (JsonObject)JsonNode.Parse(outcome.Out)!;
        Strings(features["mountOptions"]).Should().Contain("rro");
        JsonObject linux = (JsonObject)features["linux"]!;
        Strings(linux["namespaces"]).Should().Contain("user").And.Contain("time");

        // What it says of id maps is tried out.
        bool idmap = (bool)linux["mountExtensions"]!["idmap"]!["enabled"]!;
        string source = Directory.CreateDirectory(Path.Combine(Work, "source")).FullName;
        File.WriteAllText(Path.Combine(source, "file"), "");
        Bundle.Mount("/data", "bind", source, "bind");
        ((JsonObject)Bundle.Mounts[^1]!)["uidMappings"] = Bundle.Mapping(1234, 1, 0);
        ((JsonObject)Bundle.Mounts[^1]!)["gidMappings"] = Bundle.Mapping(1234, 1, 0);
        Bundle.Args("stat", "-c", "%u", "/data/file");
        (Run() is { Exit: 0, Out: "1234\n" }).Should().Be(idmap);
    }

    /// <summary>Every argv of §1.2, §3, §8.1, §10, §11 and §19; none may be refused for its form.</summary>
    [RuntimeTheory]
    [InlineData("create --bundle B --pid-file P --no-pivot --no-new-keyring --preserve-fds 0 --console-socket S --pidfd-socket S ID")]
    [InlineData("create --bundle=B --pid-file=P --no-pivot=true --preserve-fds=0 --console-socket=S ID")]
    [InlineData("create -bundle B -pid-file P -no-new-keyring --detach -no-subreaper ID")]
    [InlineData("create --bundle A --bundle B --pid-file O --pid-file P ID")]
    [InlineData("run --bundle B --no-pivot --no-new-keyring --pid-file P --console-socket S --detach --preserve-fds 0 --keep ID")]
    [InlineData("run --bundle B --keep -no-subreaper ID")]
    [InlineData("start ID")]
    [InlineData("exec --process F --console-socket S --detach --pid-file P ID")]
    [InlineData("exec --pid-file P --process F --detach --preserve-fds 0 --console-socket S ID")]
    [InlineData("exec --process F ID")]
    [InlineData("exec --process F --pidfd-socket S --pid-file P ID")]
    [InlineData("exec -d --console-socket=S --tty --pid-file=P ID cmd -d --bundle -x")]
    [InlineData("state ID")]
    [InlineData("kill ID 15")]
    [InlineData("kill ID KILL")]
    [InlineData("kill ID SIGKILL")]
    [InlineData("kill ID sigterm")]
    [InlineData("kill ID")]
    [InlineData("kill --all ID 9")]
    [InlineData("kill -a ID 9")]
    [InlineData("delete ID")]
    [InlineData("delete --force ID")]
    [InlineData("delete -f ID")]
    [InlineData("list --format=json")]
    [InlineData("list")]
    [InlineData("list -q")]
    [InlineData("list -f json")]
    [InlineData("ps --format json ID")]
    [InlineData("ps --format table ID -ef -o pid")]
    [InlineData("events --stats ID")]
    [InlineData("events --interval=5s ID")]
    [InlineData("update --resources=F ID")]
    [InlineData("update --resources F ID")]
    [InlineData("pause ID")]
    [InlineData("resume ID")]
    [InlineData("features")]
    [InlineData("checkpoint --image-path X --work-path W --parent-path P --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode soft --empty-ns network --leave-running ID")]
    [InlineData("checkpoint --image-path X --work-path W --page-server A:1 --lazy-pages --status-fd 3 --pre-dump ID")]
    [InlineData("checkpoint --file-locks --image-path X --work-path D --leave-running ID")]
    [InlineData("checkpoint --image-path X --work-path B --leave-running --tcp-established --file-locks --leave-running --pre-dump --parent-path ../pre ID")]
    [InlineData("restore --image-path X --work-path W --parent-path P --tcp-established --detach --pid-file P --console-socket S --no-pivot -no-subreaper --bundle B ID")]
    [InlineData("restore --bundle B --pid-file P --no-pivot --no-new-keyring --detach --image-path X --work-path B --tcp-established --tcp-close --file-locks --lsm-mount-context=C --lsm-profile=selinux:L --console-socket S ID")]
    public void Every_argv_of_a_caller_parses(string arguments)
    {
        string[] words = arguments.Split(' ');
        if (words[0] is "checkpoint" or "restore" && !CanCheckpoint())
            return;
        foreach (string[] globals in new[]
        {
            ["--root", Runtime.Root!, "--log", LogFile, "--log-format", "json"],
            ["--root=" + Runtime.Root, "--log=" + LogFile, "--log-format=json", "--rootless=true"],
            new[] { "--root=/elsewhere", "--systemd-cgroup", "--root=" + Runtime.Root, "--systemd-cgroup", "--debug", "--log", LogFile, "--log-format", "json" },
        })
        {
            File.Delete(LogFile);
            string[] all = [.. globals, .. words.Select(Place)];
            Outcome outcome = Runtime.With(all).NoRoot().Run();
            string said = outcome.Err + (File.Exists(LogFile) ? File.ReadAllText(LogFile) : "");
            said.Should().NotContain("flag").And.NotContain("argument(s)").And.NotContain("No help topic");
            if (words[0] is not ("list" or "features"))
                outcome.Out.Should().BeEmpty("usage is shown for what does not parse");
        }
    }

    /// <summary>Podman and CRI-O tell by it whether checkpoints can be asked for; a pod's restore probes for an option.</summary>
    [RuntimeFact]
    public void Checkpoint_help_succeeds_only_if_it_is_supported()
    {
        string id = NewId();
        Outcome unknown = Runtime.Run("checkpoint", "--image-path", Path.Combine(Work, "image"), id);
        unknown.Exit.Should().NotBe(0);
        CanCheckpoint().Should().Be(unknown.Err.Contains("does not exist"), unknown.ToString());
        if (!CanCheckpoint())
            return;
        Outcome probe = Runtime.With("restore", "--lsm-mount-context").NoRoot().NoEnv().Run();
        probe.Exit.Should().NotBe(0);
        (probe.Out + probe.Err).Should().MatchRegex("flag needs an argument|requires an argument");
    }

    [RuntimeFact]
    public void An_unknown_flag_is_named_on_stderr_and_in_the_log()
    {
        foreach (string verb in Verbs().Append("--another"))
        {
            File.Delete(LogFile);
            Outcome outcome = Runtime.Run("--log", LogFile, "--log-format", "json", verb, "--nosuch");
            outcome.Exit.Should().NotBe(0, verb);
            string name = verb == "--another" ? "another" : "nosuch";
            outcome.Err.Should().Contain(name);
            ((string)JsonNode.Parse(File.ReadAllText(LogFile))!["msg"]!).Should().Contain(name);
        }
    }

    [RuntimeFact]
    public void A_failure_of_any_subcommand_is_one_record_and_one_write()
    {
        Directory.CreateDirectory(Path.Combine(Work, "full"));
        File.WriteAllText(Path.Combine(Work, "full", "config.json"), "{}");
        string id = NewId();
        using Caller caller = new();
        foreach (string verb in Verbs())
        {
            string[] words = verb switch
            {
                "create" or "run" => [verb, "--bundle", "/nonexistent", id],
                "exec" => [verb, id, "true"],
                "spec" => [verb, "--bundle", Path.Combine(Work, "full")],
                "start" or "state" or "kill" or "delete" or "pause" or "resume" or "ps" or "events" => [verb, id],
                "update" => [verb, "--cpu-share", "5", id],
                _ => [verb, "--nosuch"],
            };
            File.Delete(LogFile);
            (int read, int write) = caller.PacketPipe();
            (int readOut, int writeOut) = caller.Pipe();
            int nothing = caller.Null();
            int pid = caller.Start(new Call([.. new GoRunc(caller, Runtime.Root!, LogFile).Words(words)])
            {
                Descriptors = { [0] = nothing, [1] = writeOut, [2] = write },
            });
            caller.Close(write, writeOut, nothing);
            caller.Wait(pid).Should().Be(verb == "exec" ? 255 : 1, verb);
            string text = caller.Read(read, 8191, 1000)!;
            caller.ReadToEnd(read).Should().BeEmpty($"{verb} writes once");
            caller.Close(read, readOut);
            JsonObject record = (JsonObject)JsonNode.Parse(File.ReadAllLines(LogFile).Should().ContainSingle(verb).Subject)!;
            ((string)record["level"]!).Should().Be("error");
            text.Should().Contain((string)record["msg"]!);
            text.Should().EndWith("\n").And.Subject.TrimEnd('\n').Should().NotContain("\n");
            ((string)record["time"]!).Should().MatchRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$");
        }
    }

    [RuntimeFact]
    public void Success_of_any_subcommand_is_silent_but_for_its_payload()
    {
        Bundle.Args("sleep", "1000").Save();
        string spec = Directory.CreateDirectory(Path.Combine(Work, "spec")).FullName;
        string resources = Path.Combine(Work, "resources.json");
        File.WriteAllText(resources, "{}");
        foreach ((string words, bool payload) in new[]
        {
            ($"create --bundle {Bundle.Path} ID", false), ("start ID", false), ("state ID", true), ("list", true), ("list -q", true),
            ("list -f json", true), ("ps ID", true), ("ps --format json ID", true), ("exec ID echo x", true), ("exec ID true", false),
            ("exec --detach ID true", false), ("events --stats ID", true), ("pause ID", false), ("resume ID", false),
            ($"update --resources {resources} ID", false), ("kill ID 0", false), ("kill --all ID KILL", false), ("delete --force ID", false),
            ("delete --force ID", false), ($"spec --bundle {spec}", false), ("features", true), ("--version", true), ("--help", true),
        })
        {
            Outcome outcome = Runtime.Run([.. (string[])["--log", LogFile], .. words.Split(' ').Select(w => w == "ID" ? Id : w)]);
            outcome.Exit.Should().Be(0, words + outcome);
            outcome.Err.Should().BeEmpty(words);
            (outcome.Out.Length > 0).Should().Be(payload, words);
        }

        Bundle.Args("true");
        Run().Should().Be(Silent);
        File.ReadAllText(LogFile).Should().BeEmpty();
    }

    [RuntimeFact]
    public void The_pid_file_is_renamed_into_place_and_untouched_by_a_failed_exec()
    {
        string file = Path.Combine(Work, "pid");
        string link = Path.Combine(Work, "other-name");
        File.WriteAllText(file, "");
        Bundle.WithFile("/broken", "#!/nosuch\n", (UnixFileMode)0b111_101_101);
        Mono.Unix.Native.Syscall.link(file, link).Should().Be(0);
        Bundle.Args("sleep", "1000");
        Create("--pid-file", file).Should().Be(Silent);
        File.ReadAllText(file).Should().Be(Pid().ToString());
        File.ReadAllText(link).Should().BeEmpty("the old file was not written to");
        Runtime.Run("start", Id).Should().Be(Silent);

        string exec = Path.Combine(Work, "exec.pid");
        foreach (string program in new[] { "/nosuch", "/broken" })
        {
            File.Delete(exec);
            Runtime.Run("exec", "--detach", "--pid-file", exec, Id, program).Exit.Should().Be(255);
            File.Exists(exec).Should().BeFalse();
            File.WriteAllText(exec, "");
            DateTime written = File.GetLastWriteTimeUtc(exec);
            Runtime.Run("exec", "--detach", "--pid-file", exec, Id, program).Exit.Should().Be(255);
            (File.ReadAllText(exec), File.GetLastWriteTimeUtc(exec)).Should().Be(("", written));
        }

        Runtime.Run("exec", "--detach", "--pid-file", exec, Id, "sleep", "1000").Should().Be(Silent);
        File.ReadAllText(exec).Should().MatchRegex("^[0-9]+\\z");
        Directory.GetFiles(Work, ".*").Should().BeEmpty("no temporary file is left");
    }

    private static string[] Strings(JsonNode? array) => [.. ((JsonArray)array!).Select(item => (string)item!)];

    private string Place(string word) => word switch
    {
        "ID" => Id,
        "B" or "A" => Path.Combine(Work, "no-bundle"),
        "P" or "O" or "S" or "F" or "X" or "W" or "D" => Path.Combine(Work, word),
        _ when word.EndsWith("=B", StringComparison.Ordinal) => word[..^1] + Path.Combine(Work, "no-bundle"),
        _ when word.Length > 2 && word[^2] == '=' && word[^1] is 'P' or 'S' or 'F' => word[..^1] + Path.Combine(Work, word[^1..]),
        _ => word,
    };

    private bool CanCheckpoint() => Runtime.With("checkpoint", "--help").NoRoot().NoEnv().Run().Exit == 0;

    private Outcome AsNobody(params string[] words) =>
        Runtime.With(words).NoRoot().NoEnv().Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Run();

    // Of the help, so that a new one is tested too.
    private List<string> Verbs()
    {
        string help = Runtime.With("--help").NoRoot().Run().Out;
        string[] lines = help[help.IndexOf("COMMANDS", StringComparison.Ordinal)..].Split('\n')[1..];
        List<string> verbs = [.. lines.TakeWhile(line => line.StartsWith(' ')).Select(line => line.Trim().Split(' ', ',')[0])];
        verbs.Should().Contain("create").And.Contain("exec").And.Contain("features");
        return verbs;
    }
}
