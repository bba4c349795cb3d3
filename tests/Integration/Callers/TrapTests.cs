using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration.Callers;

/// <summary>The fifteen compatibility traps of the contract (features.md, Appendix B), each by its name.</summary>
public sealed partial class TrapTests : RuntimeTest
{
    [RuntimeFact]
    public void TRAP01_exec_takes_the_process_of_creation_the_terminal_of_its_flag_and_adds_capabilities()
    {
        Bundle.Process["terminal"] = true;
        ((JsonArray)Bundle.Process["env"]!).Add("MARK=creation");
        Bundle.Args("sleep", "1000").Save();
        using Caller caller = new();
        string socket = Path.Combine(Work, "console");
        caller.Listen(socket);
        Create("--console-socket", socket).Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        ((JsonArray)Bundle.Process["env"]!).Add("MARK=later");
        Bundle.Process["cwd"] = "/tmp";
        Bundle.Save();

        Outcome outcome = Runtime.Run("exec", "--cap", "CAP_SYS_TIME", Id, "sh", "-c",
            "echo $MARK; pwd; [ -t 0 ] || [ -t 1 ] || echo no terminal; grep Cap /proc/self/status | cut -f2");

        // 5, 10 and 29 of the config, 25 added; never to the inheritable ones, and ambient only where it is one of them.
        const string added = "0000000022000420";
        outcome.Out.Should().Be($"creation\n/\nno terminal\n0000000000000000\n{added}\n{added}\n{added}\n0000000000000000\n");
        outcome.Exit.Should().Be(0);
    }

    [RuntimeFact]
    public void TRAP02_exit_codes_and_missing_executables()
    {
        Bundle.Shell("exit 7");
        Run().Exit.Should().Be(7);
        Bundle.NoNamespace("pid").Shell("kill -9 $$");
        Run().Exit.Should().Be(137);
        Bundle.Namespace("pid");
        Runtime.Run("state", NewId()).Exit.Should().Be(1);
        Runtime.Run("exec", NewId(), "true").Exit.Should().Be(255);

        foreach ((string program, string text) in new[]
        {
            ("nosuch", "executable file not found in $PATH"), ("/nosuch", "no such file or directory"),
            ("/etc/passwd", "permission denied"), ("/etc", "is a directory: permission denied"),
        })
        {
            Bundle.Args(program);
            Outcome create = Create();
            (create.Exit, create.Out).Should().Be((1, ""), program);
            create.Err.Should().Contain(text);
            Run().Exit.Should().Be(1, program);
        }

        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Runtime.Run("exec", Id, "sh", "-c", "exit 9").Exit.Should().Be(9);
        Runtime.Run("exec", Id, "sh", "-c", "kill -15 $$").Exit.Should().Be(143);
        Outcome missing = Runtime.Run("exec", Id, "nosuch");
        missing.Exit.Should().Be(255);
        missing.Err.Should().Contain("executable file not found in $PATH");
        Runtime.Run("exec", Id, "/etc").Err.Should().Contain("is a directory: permission denied");
        Runtime.Run("exec", "--detach", Id, "sh", "-c", "exit 9").Should().Be(Silent);
    }

    [RuntimeFact]
    public void TRAP03_kill_reaches_the_whole_cgroup_and_a_created_init()
    {
        Bundle.NoNamespace("pid").Shell("sleep 1000 & echo $! > /left; wait");
        CreateAndStart();
        Eventually(() => File.Exists(Bundle.InRootfs("/left")) && File.ReadAllText(Bundle.InRootfs("/left")).Length > 1, "both run");
        int left = int.Parse(File.ReadAllText(Bundle.InRootfs("/left")));
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped" && !RunningProcess.Alive(left), "all are killed");
        Outcome stopped = Runtime.Run("kill", Id, "KILL");
        stopped.Exit.Should().Be(1);
        stopped.Err.Should().Contain("container not running");
        Runtime.Run("delete", Id).Should().Be(Silent);

        Bundle.Namespace("pid").Args("sleep", "1000");
        Create().Should().Be(Silent);
        Runtime.Run("kill", Id, "TERM").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "a waiting init dies of SIGTERM");
        Runtime.Run("kill", Id).Err.Should().Contain("container not running");
    }

    [RuntimeFact]
    public void TRAP04_delete_of_created_unknown_and_left_over()
    {
        Bundle.Args("sleep", "1000");
        Create().Should().Be(Silent);
        int init = Pid();
        Runtime.Run("delete", Id).Should().Be(Silent);
        RunningProcess.Alive(init).Should().BeFalse();
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);

        Bundle.NoNamespace("pid").Shell("sleep 1000 & echo $! > /left; exit 0");
        CreateAndStart();
        Eventually(() => Status() == "stopped", "init ends");
        int left = int.Parse(File.ReadAllText(Bundle.InRootfs("/left")));
        RunningProcess.Alive(left).Should().BeTrue();
        Runtime.Run("delete", Id).Should().Be(Silent);
        RunningProcess.Alive(left).Should().BeFalse("its cgroup could not be removed otherwise");
        CallersChecklistTests.CgroupOf(Id).Should().BeNull();
    }

    [RuntimeFact]
    public void TRAP05_state_and_list_as_text()
    {
        Directory.CreateDirectory(Runtime.Root!);
        Runtime.Run("list", "--format", "json").Should().Be(new Outcome(0, "null\n", ""));
        Bundle.Config["ociVersion"] = "1.0.2";
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Outcome outcome = Runtime.Run("state", Id);
        outcome.Out.Should().StartWith("{\n  \"ociVersion\": \"1.3.0\",\n").And.EndWith("\"owner\": \"\"\n}");
        Runtime.Run("pause", Id).Should().Be(Silent);
        Status().Should().Be("paused");
        Directory.GetFiles(Path.Combine(Runtime.Root!, Id)).Where(path => Path.GetFileName(path) != "config.json").Select(File.ReadAllText)
            .Should().NotContain(text => text.Contains("paused"), "it is never stored");
        Runtime.Run("resume", Id).Should().Be(Silent);
        Status().Should().Be("running");
        Runtime.Run("kill", Id, "9").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is dead");
        JsonObject state = State();
        ((int)state["pid"]!).Should().Be(0);
        state.ContainsKey("owner").Should().BeTrue();
        ((string)((JsonArray)JsonNode.Parse(Runtime.Run("list", "-f", "json").Out)!).Single()!["owner"]!).Should().Be("root");
    }

    [RuntimeFact]
    public void TRAP06_capabilities_absent_empty_unknown_and_ambient()
    {
        string log = Path.Combine(Work, "log");
        Bundle.Shell("grep Cap /proc/self/status | cut -f2");
        string own = string.Join('\n', File.ReadLines("/proc/self/status").Where(line => line.StartsWith("CapPrm") || line.StartsWith("CapEff")).Select(line => line[8..]));
        Bundle.Process.Remove("capabilities");
        string[] absent = Lines(Run());
        absent[1].Should().Be(own.Split('\n')[0], "uid 0 keeps what the runtime has");

        Bundle.Process["capabilities"] = new JsonObject();
        Lines(Run()).Should().OnlyContain(set => set == "0000000000000000");

        Bundle.Process["capabilities"] = JsonNode.Parse("""
            {"bounding": ["CAP_KILL", "CAP_OF_TOMORROW"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"],
             "inheritable": ["CAP_KILL"], "ambient": ["CAP_NET_RAW", "CAP_KILL"]}
            """);
        Bundle.Save();
        Outcome some = Runtime.Run("--log", log, "--log-level", "warning", "run", "--bundle", Bundle.Path, Id);
        some.Exit.Should().Be(0, some.ToString());
        some.Err.Should().BeEmpty();
        Lines(some).Should().OnlyContain(set => set == "0000000000000020", "one that cannot be raised does not stop the next");
        string warnings = File.ReadAllText(log);
        warnings.Should().Contain("CAP_OF_TOMORROW").And.Contain("CAP_NET_RAW");
        Run().Exit.Should().Be(0);
    }

    [RuntimeFact]
    public void TRAP07_seccomp_flags_repeated_arguments_unknown_calls_and_load_point()
    {
        // Absent flags: the load asks for SPEC_ALLOW (4); an empty list for nothing.
        string log = Path.Combine(Work, "log");
        Bundle.Args("true");
        foreach ((string flags, string expected) in new[] { ("", "4"), (""", "flags": []""", "0") })
        {
            File.Delete(log);
            Bundle.Linux["seccomp"] = JsonNode.Parse($$"""{"defaultAction": "SCMP_ACT_ALLOW"{{flags}}, "syscalls": [{"names": ["swapon"], "action": "SCMP_ACT_ERRNO"}]}""");
            Bundle.Save();
            Runtime.Run("--debug", "--log", log, "run", "--bundle", Bundle.Path, Id).Exit.Should().Be(0);
            File.ReadAllText(log).Should().Contain($"seccomp filter flags: {expected}");
        }

        // With docker's profile: what it leaves out is refused, what is newer than all that it names does not exist.
        // Without no_new_privs the load needs a capability that the process does not have.
        Probe.Install(Bundle);
        JsonNode docker = JsonNode.Parse(File.ReadAllText(Path.Combine(Runtime.RepositoryRoot(), "bench", "docker-like.json")))!["linux"]!["seccomp"]!;
        foreach (bool privileges in new[] { false, true })
        {
            Bundle.Linux["seccomp"] = docker.DeepClone();
            Bundle.Process["noNewPrivileges"] = !privileges;
            Bundle.Args("/bin/probe", "syscall", "167", "999");
            Run().Should().Be(new Outcome(0, "167: EPERM\n999: ENOSYS\n", ""));
        }

        // Conditions on one argument: any of them.
        Bundle.Linux["seccomp"] = JsonNode.Parse("""
            {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 123,
             "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]}
            """);
        foreach (string value in new[] { "1", "2", "3" })
        {
            Bundle.Args("/bin/probe", "personality", value);
            Run().Out.Should().Be(value == "3" ? "ok\n" : "ENOMEDIUM\n");
        }
    }

    private static string[] Lines(Outcome outcome)
    {
        outcome.Exit.Should().Be(0, outcome.ToString());
        return outcome.Out.TrimEnd('\n').Split('\n');
    }
}
