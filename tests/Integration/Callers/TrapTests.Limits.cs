using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Callers;

public sealed partial class TrapTests
{
    [VmTheory]
    [InlineData(View.Cgroupfs)]
    [InlineData(View.Systemd)]
    public void TRAP08_the_arithmetic_of_limits(View view)
    {
        Bundle.Linux["resources"] = JsonNode.Parse("""
            {"cpu": {"shares": 1024, "quota": 20000, "period": 50000, "burst": 10000}, "pids": {"limit": 0},
             "memory": {"limit": 67108864, "swap": 100663296}, "blockIO": {"weight": 500}}
            """);
        Bundle.Args("sleep", "1000");
        Use(view);
        CreateAndStart();
        string cgroup = UpdateTests.Cgroup(Pid());
        string Value(string file) => File.ReadAllText(Path.Combine(cgroup, file)).Trim();
        Value("cpu.weight").Should().Be("100");
        Value("memory.swap.max").Should().Be("33554432");
        Value("pids.max").Should().Be("1");
        Value("cpu.max.burst").Should().Be("10000");
        Value(File.Exists(cgroup + "/io.bfq.weight") ? "io.bfq.weight" : "io.weight").Should().MatchRegex("^default (500|4950)");

        // Only the quota changes.
        Runtime.Run("update", "--cpu-quota", "25000", Id).Should().Be(Silent);
        Value("cpu.max").Should().Be("25000 50000");

        foreach ((string memory, string limit, string? swap) in new[]
        {
            ("""{"limit": 67108864, "swap": -1}""", "67108864", "max"),
            ("""{"limit": 67108864, "swap": 67108864}""", "67108864", "0"),
            ("""{"limit": -1}""", "max", "max"),
            ("""{"limit": 67108864}""", "67108864", null),
        })
        {
            Update(memory).Should().Be(Silent, memory);
            Value("memory.max").Should().Be(limit);
            if (swap is not null)
                Value("memory.swap.max").Should().Be(swap, memory);
        }

        Outcome less = Update("""{"limit": 67108864, "swap": 33554432}""");
        less.Exit.Should().Be(1);
        less.Err.Should().Contain("memory+swap limit should be >= memory limit");

        // A burst above the quota of before: it is written again after the quota.
        string document = Path.Combine(Work, "cpu.json");
        File.WriteAllText(document, """{"cpu": {"quota": 80000, "period": 100000, "burst": 60000}}""");
        Runtime.Run("update", "--resources", document, Id).Should().Be(Silent);
        (Value("cpu.max"), Value("cpu.max.burst")).Should().Be(("80000 100000", "60000"));

        Outcome Update(string memory)
        {
            string file = Path.Combine(Work, "memory.json");
            File.WriteAllText(file, $$"""{"memory": {{memory}}}""");
            return Runtime.Run("update", "--resources", file, Id);
        }
    }

    [RuntimeFact]
    public void TRAP09_device_rules_add_up_and_defaults_come_after_them()
    {
        // /dev/full (1:7) is a default; 1:11 gets a node but no permission; 10:200 has one by default but no node.
        Bundle.Linux["devices"] = JsonNode.Parse("""[{"path": "/dev/kmsg2", "type": "c", "major": 1, "minor": 11, "fileMode": 438}]""");
        Bundle.Linux["resources"] = JsonNode.Parse("""
            {"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 8, "access": "r"},
             {"allow": false, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]}
            """);
        Bundle.Shell("""
            : < /dev/null && echo null; head -c 1 /dev/zero >/dev/null && echo zero; head -c 1 /dev/random >/dev/null && echo random; : > /dev/random && echo written
            [ -c /dev/kmsg2 ] && echo node; (: < /dev/kmsg2) 2>&1 | grep -c 'not permitted'
            """);
        Run().Should().Be(new Outcome(0, "null\nzero\nrandom\nwritten\nnode\n1\n", ""));

        // An entry of the user for /dev/null takes the default's permission away with its node.
        Bundle.Linux["devices"] = JsonNode.Parse("""[{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 438}]""");
        Bundle.Linux["resources"] = JsonNode.Parse("""{"devices": [{"allow": false, "access": "rwm"}]}""");
        Bundle.Shell("(: < /dev/null) 2>&1 | grep -c 'not permitted'");
        Run().Out.Should().Be("1\n");
    }

    [RuntimeFact]
    public void TRAP10_flags_of_binds()
    {
        string source = Directory.CreateDirectory(Path.Combine(Work, "source")).FullName;
        Directory.CreateDirectory(Path.Combine(source, "below"));

        // Without a flag word the source's own flags stay; with one, all are as the words say.
        string flagged = Directory.CreateDirectory(Path.Combine(Work, "flagged")).FullName;
        Execute("mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec,noatime", "tmpfs", flagged);
        try
        {
            Options(flagged, "bind").Should().Contain(new[] { "rw", "nosuid", "nodev", "noexec", "noatime" });
            Options(flagged, "bind", "ro").Should().Contain("ro").And.NotContain("noexec");
            Options(source, "rbind", "rstrictatime").Should().NotContain("relatime").And.NotContain("noatime");
            Options(source, "rbind", "rnoatime").Should().Contain("noatime").And.NotContain("relatime");
            Options(source, "rbind", "rrelatime").Should().Contain("relatime").And.NotContain("noatime");

            // Locked flags in a user namespace: kept, but clearing one by name is an error, and so is another atime.
            Bundle.MapUsers();
            Options(flagged, "bind").Should().Contain(new[] { "nosuid", "nodev", "noexec" });
            Options(flagged, "bind", "ro").Should().Contain(new[] { "ro", "nosuid", "nodev", "noexec" });
            Refused(flagged, "bind", "exec");
            Refused(flagged, "bind", "strictatime");
        }
        finally
        {
            Execute("umount", flagged);
        }

        Bundle.NoNamespace("user");
        Bundle.Linux.Remove("uidMappings");
        Bundle.Linux.Remove("gidMappings");
        Refused(source, "bind", "size=1m").Should().Contain("filesystem-specific");

        string[] Options(string from, params string[] words)
        {
            Bundle.NoMount("/data").Mount("/data", "bind", from, words).Shell("grep ' /data ' /proc/self/mountinfo | cut -d' ' -f6");
            Outcome outcome = Run();
            outcome.Exit.Should().Be(0, string.Join(' ', words) + outcome);
            return outcome.Out.Trim().Split(',');
        }

        string Refused(string from, params string[] words)
        {
            Bundle.NoMount("/data").Mount("/data", "bind", from, words).Args("true");
            Outcome outcome = Run();
            outcome.Exit.Should().Be(1, string.Join(' ', words));
            return outcome.Err;
        }
    }

    [RuntimeFact]
    public void TRAP11_the_default_cgroup_is_a_sibling_and_its_namespace_is_rooted_in_it()
    {
        Bundle.Shell("cat /proc/self/cgroup | grep ^0::; sleep 1000");
        Runtime.Call call = Call("create");
        call.Run().Should().Be(Silent);
        string own = File.ReadLines("/proc/self/cgroup").Single(line => line.StartsWith("0::"))[3..];
        string cgroup = File.ReadLines($"/proc/{Pid()}/cgroup").Single(line => line.StartsWith("0::"))[3..];
        Path.GetDirectoryName(cgroup).Should().Be(own == "/" ? "/" : Path.GetDirectoryName(own));
        Path.GetFileName(cgroup).Should().Contain(Id);
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => call.Out == "0::/\n", "the namespace was made after the move");

        // The container's own cgroup takes no processes any more: exec goes to where init is now.
        string directory = UpdateTests.Cgroup(Pid());
        Directory.CreateDirectory(directory + "/inner");
        foreach (string pid in File.ReadAllLines(directory + "/cgroup.procs"))
            File.WriteAllText(directory + "/inner/cgroup.procs", pid);
        string controllers = File.ReadAllText(directory + "/cgroup.controllers").Trim();
        if (controllers.Length > 0)
        {
            File.WriteAllText(directory + "/cgroup.subtree_control", "+" + controllers.Split(' ')[0]);
            Runtime.Run("exec", Id, "grep", "^0::", "/proc/self/cgroup").Should().Be(new Outcome(0, "0::/inner\n", ""));
        }
    }

    [VmFact]
    public void TRAP11_an_empty_prefix_leaves_a_dash()
    {
        Bundle.Linux["cgroupsPath"] = $"system.slice::{Id}";
        Bundle.Args("sleep", "1000");
        Use(View.Systemd);
        CreateAndStart();
        File.ReadLines($"/proc/{Pid()}/cgroup").Single(line => line.StartsWith("0::")).Should().EndWith($"/system.slice/-{Id}.scope");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Bundle.Linux["cgroupsPath"] = $"/system.slice/{Id}";
        Create().Err.Should().Contain("expected cgroupsPath to be of format").And.Contain("slice:prefix:name");
    }
}
