using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// The command line as probes and callers meet it: global options, help, the version, the state root and mistakes
/// (features.md G01 to G14, I01 to I07; callers.md §1, §2.6, §2.7, §18, §24).
/// </summary>
public sealed class GrammarTests : RuntimeTest
{
    private static readonly string[] Nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

    private string LogFile => Path.Combine(Work, "log.json");

    [RuntimeTheory]
    [InlineData("--version")]
    [InlineData("-version")]
    [InlineData("-v")]
    [InlineData("-V")]
    [InlineData("--version", "state", "x")]
    [InlineData("--root", "/nonexistent", "--log", "/nonexistent/x", "--version")]
    public void G09_the_version_needs_nothing(params string[] words)
    {
        Outcome outcome = Runtime.With(words).NoRoot().NoEnv().Under(Nobody).Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        string[] lines = outcome.Out.TrimEnd('\n').Split('\n');
        lines[0].Should().MatchRegex("^ocirun version [0-9]+\\.[0-9]+\\.[0-9]+$");
        lines.Should().Contain("spec: 1.3.0");
        lines.Skip(1).Should().OnlyContain(line => !line.Contains("version", StringComparison.OrdinalIgnoreCase));
        lines.Count(line => line.StartsWith("commit: ", StringComparison.Ordinal)).Should().BeLessThanOrEqualTo(1);
    }

    [RuntimeTheory]
    [InlineData("0<&- 1>&- 2>&-")]
    [InlineData("0<&-")]
    [InlineData(">/dev/null")]
    public void G09_the_version_is_said_with_streams_closed(string redirections) =>
        Runtime.With("--version").NoRoot().NoEnv().Redirect(redirections).Run().Exit.Should().Be(0);

    [RuntimeFact]
    public void Probes_work_in_a_working_directory_that_is_gone()
    {
        foreach (string verb in new[] { "--version", "features", "--help", "help" })
        {
            string gone = Path.Combine(Work, "gone");
            Outcome outcome = Runtime.With(verb).NoRoot().Before($"mkdir '{gone}' && cd '{gone}' && rmdir '{gone}';").Run();
            outcome.Exit.Should().Be(0, outcome.ToString());
            outcome.Err.Should().BeEmpty();
        }
    }

    [RuntimeTheory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("-help")]
    [InlineData("-?")]
    [InlineData("--usage")]
    [InlineData("help")]
    [InlineData("h")]
    [InlineData("--help", "create")]
    [InlineData("--systemd-cgroup", "help")]
    public void G10_G14_the_program_s_usage_is_printed(params string[] words)
    {
        Outcome outcome = Runtime.With(words).NoRoot().NoEnv().Under(Nobody).Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        outcome.Out.Should().Contain("USAGE:").And.Contain("COMMANDS:").And.Contain("--systemd-cgroup");
    }

    [RuntimeFact]
    public void G10_every_command_has_its_usage()
    {
        string commands = Runtime.Run("help").Out.Split("COMMANDS:\n")[1].Split("\n\n")[0];
        string[] names = commands.Split('\n').Select(line => line.Trim().Split(' ')[0]).ToArray();
        names.Should().Contain(new[] { "create", "start", "run", "exec", "state", "kill", "delete", "list", "ps", "events", "update", "pause", "resume", "spec", "features" });
        foreach (string name in names)
        {
            Outcome usage = Runtime.Run(name, "--help");
            usage.Exit.Should().Be(0, usage.ToString());
            usage.Err.Should().BeEmpty();
            usage.Out.Should().Contain($"ocirun {name}").And.Contain("USAGE:").And.Contain("--help");
            foreach (string[] words in new[] { new[] { name, "-h" }, new[] { name, "-?" }, new[] { name, "--usage" }, new[] { "help", name }, new[] { "h", name } })
                Runtime.Run(words).Should().Be(usage);
        }
    }

    [RuntimeTheory]
    [InlineData("nonsense")]
    [InlineData("nonsense", "--help")]
    [InlineData("help", "nonsense")]
    public void G14_an_unknown_command_has_no_help_topic(params string[] words)
    {
        Outcome outcome = Runtime.Run(["--log", LogFile, "--log-format", "json", .. words]);
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("No help topic for 'nonsense'");
        Logged().Should().Contain("No help topic for 'nonsense'");
    }

    [RuntimeTheory]
    [InlineData("--bogus-flag", "state", "x")]
    [InlineData("state", "--bogus-flag", "x")]
    [InlineData("create", "--bogus-flag=1", "x")]
    [InlineData("run", "-bogus-flag", "x")]
    [InlineData("exec", "--bogus-flag", "x", "true")]
    [InlineData("kill", "--bogus-flag", "x")]
    [InlineData("delete", "x", "--bogus-flag")]
    [InlineData("list", "--bogus-flag")]
    public void G13_an_unknown_flag_is_named_on_stderr_and_in_the_log(params string[] words)
    {
        Outcome outcome = Runtime.Run(["--log", LogFile, "--log-format=json", .. words]);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("bogus-flag");
        Logged().Should().Contain("bogus-flag");
    }

    [RuntimeFact]
    public void I07_a_wrong_number_of_arguments_shows_the_usage_on_stdout()
    {
        Outcome outcome = Runtime.Run("state");
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().Contain("ocirun state [command options] ID");
        outcome.Err.Should().Contain("requires exactly 1 argument(s)");
        Runtime.Run("kill").Err.Should().Contain("requires a minimum of 1 argument(s)");
    }

    [RuntimeFact]
    public void G05_G13_the_last_of_repeated_flags_wins()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        string other = Path.Combine(Work, "other");
        Runtime.With("--root", other, "--root=" + Runtime.Root, "--systemd-cgroup", "--systemd-cgroup", "--systemd-cgroup=false", "state", Id)
            .NoRoot().Run().Exit.Should().Be(0);
        Runtime.With("-root", Runtime.Root!, "-root=" + other, "state", Id).NoRoot().Run().Err.Should().Contain("does not exist");
    }

    [RuntimeFact]
    public void G12_the_removed_criu_flag_does_nothing()
    {
        Directory.CreateDirectory(Runtime.Root!);
        File.SetUnixFileMode(Runtime.Root!, (UnixFileMode)0b111_000_000);
        Runtime.Run("--criu", "/no/such/criu", "list", "-q").Should().Be(Silent);
    }

    [RuntimeTheory]
    [InlineData("1")]
    [InlineData("t")]
    [InlineData("TRUE")]
    [InlineData("0")]
    [InlineData("F")]
    [InlineData("False")]
    [InlineData("auto")]
    [InlineData("")]
    public void G08_rootless_takes_the_words_of_Go(string word)
    {
        Directory.CreateDirectory(Runtime.Root!);
        File.SetUnixFileMode(Runtime.Root!, (UnixFileMode)0b111_000_000);
        Runtime.Run($"--rootless={word}", "list", "-q").Should().Be(Silent);
    }

    [RuntimeTheory]
    [InlineData("--rootless=maybe", "maybe")]
    [InlineData("--cgroup-manager=openrc", "openrc")]
    [InlineData("--log-format=xml", "xml")]
    [InlineData("--log-level=loud", "loud")]
    [InlineData("--root=/", "the root directory of the system")]
    [InlineData("--root=/usr/..", "the root directory of the system")]
    public void A_global_value_that_makes_no_sense_is_named(string option, string named)
    {
        Outcome outcome = Runtime.With(option, "list").NoRoot().Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(named);
    }

    [RuntimeFact]
    public void G07_a_disabled_cgroup_manager_makes_no_cgroup()
    {
        Bundle.Linux.Remove("cgroupsPath");
        Bundle.Linux.Remove("resources");
        Bundle.Args("sleep", "100").Save();
        string before = File.ReadAllText("/proc/self/cgroup");
        foreach (string[] spelling in new[] { new[] { "--cgroup-manager", "disabled" }, new[] { "--cgroup-manager=disabled" }, new[] { "-cgroup-manager=systemd", "-cgroup-manager=disabled" } })
        {
            Runtime.Run([.. spelling, "run", "--detach", "--bundle", Bundle.Path, Id]).Should().Be(Silent);
            File.ReadAllText($"/proc/{Pid()}/cgroup").Should().Be(before, "it stays where its caller is");
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        }
    }

    // callers.md §11.2: podman sets it to the empty text as root, in some calls and not in others.
    [RuntimeFact]
    public void I01_I02_an_empty_XDG_RUNTIME_DIR_is_none()
    {
        Bundle.Args("sleep", "100").Save();
        try
        {
            Runtime.With("create", "--bundle", Bundle.Path, Id).NoRoot().Env("XDG_RUNTIME_DIR", "").Run().Should().Be(Silent);
            Directory.Exists($"/run/ocirun/{Id}").Should().BeTrue();
            Directory.Exists("/ocirun").Should().BeFalse();
            foreach (string? directory in new[] { null, "", "/run/user/0" })
            {
                Runtime.Call state = Runtime.With("state", Id).NoRoot();
                if (directory is not null)
                    state.Env("XDG_RUNTIME_DIR", directory);
                state.Run().Exit.Should().Be(0, directory);
            }
        }
        finally
        {
            Runtime.With("delete", "--force", Id).NoRoot().Env("XDG_RUNTIME_DIR", "").Run();
        }
    }

    [RuntimeFact]
    public void I02_another_user_s_root_is_below_XDG_RUNTIME_DIR()
    {
        string directory = Path.Combine(Work, "xdg");
        Directory.CreateDirectory(directory);
        Bundle.ForRootless().Args("true");
        Use(View.Rootless);
        Runtime.With("state", "x").NoRoot().Env("XDG_RUNTIME_DIR", directory).Run().Err.Should().Contain("container does not exist");
        Directory.EnumerateFileSystemEntries(directory).Should().BeEmpty("nothing is made for a question");
        Call("run").NoRoot().Env("XDG_RUNTIME_DIR", directory).Run().Should().Be(Silent);
        Permissions(Path.Combine(directory, "ocirun")).Should().Be(0b001_111_000_000, "private, and sticky for the cleaners");
    }

    [RuntimeTheory]
    [InlineData("", "container id cannot be empty")]
    [InlineData(".", "invalid container ID format")]
    [InlineData("..", "invalid container ID format")]
    [InlineData("a/b", "invalid container ID format")]
    [InlineData("ü", "invalid container ID format")]
    [InlineData("a b", "invalid container ID format")]
    public void I03_an_id_that_is_none_is_refused(string id, string text)
    {
        Bundle.Args("true").Save();
        foreach (string verb in new[] { "create", "run" })
        {
            Outcome outcome = Runtime.Run(verb, "--bundle", Bundle.Path, RefusedId(id));
            outcome.Exit.Should().Be(1);
            outcome.Err.Should().Contain(text);
        }
    }

    [RuntimeFact]
    public void I05_an_id_is_taken_once()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Outcome again = Create();
        again.Exit.Should().Be(1);
        again.Err.Should().Contain("container with given ID already exists");
        Status().Should().Be("created");
    }

    [RuntimeTheory]
    [InlineData("state", 1)]
    [InlineData("start", 1)]
    [InlineData("kill", 1)]
    [InlineData("delete", 1)]
    [InlineData("pause", 1)]
    [InlineData("resume", 1)]
    [InlineData("ps", 1)]
    [InlineData("events", 1)]
    [InlineData("exec", 255)]
    public void I06_a_container_that_does_not_exist_is_said_so(string verb, int exit)
    {
        string[] more = verb == "exec" ? ["true"] : [];
        Outcome outcome = Runtime.Run(["--log", LogFile, "--log-format", "json", verb, Id, .. more]);
        outcome.Exit.Should().Be(exit);
        outcome.Out.Should().BeEmpty();
        outcome.Err.Should().Contain("does not exist");
        Logged().Should().Contain("does not exist");
    }

    // callers.md §2.7: the same text in both places, and one record only.
    private string Logged()
    {
        string[] lines = File.ReadAllLines(LogFile);
        lines.Should().ContainSingle();
        JsonNode record = JsonNode.Parse(lines[0])!;
        ((string)record["level"]!).Should().Be("error");
        return (string)record["msg"]!;
    }
}
