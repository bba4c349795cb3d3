using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// What a process may not have or reach: descriptors, rights, the caller's session (security.md §1.B, §1.D, §1.E, §1.G).
/// </summary>
[Trait("Category", "Conformance")]
public sealed class AttackProcessTests : RuntimeTest
{
    private const ulong Mask = 0x20000420;

    /// <summary>FX-FD: descriptors of the host that a careless caller leaves open.</summary>
    private string Leaks => $"7</ 8<'{Leftovers.Cgroup2Mount}' 9</proc/1";

    // T-D3.
    [RuntimeTheory]
    [InlineData("/proc/self/fd/7")]
    [InlineData("/proc/self/fd/8")]
    [InlineData("/proc/thread-self/fd/7")]
    [InlineData("/proc/self/fd/7/../../..")]
    [InlineData("/proc/self/cwd/../../..")]
    [InlineData("/chain")]
    public void An_exec_with_a_process_file_has_no_working_directory_outside(string cwd)
    {
        Probe.Install(Bundle);
        File.CreateSymbolicLink(Bundle.InRootfs("/chain"), "hop");
        File.CreateSymbolicLink(Bundle.InRootfs("/hop"), "/proc/self/fd/7");
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string file = Path.Combine(Work, "process.json");
        JsonObject process = (JsonObject)Bundle.Process.DeepClone();
        process["cwd"] = cwd;
        process["args"] = new JsonArray("/bin/probe", "cwd");
        File.WriteAllText(file, process.ToJsonString());

        Outcome outcome = Runtime.With("exec", "--process", file, Id).Redirect(Leaks).Run();

        if (outcome.Exit == 0)
            outcome.Out.Should().MatchRegex(@"^/[^(]* inside\n$");
        else
            outcome.Out.Should().BeEmpty();
    }

    // T-D3: a program, or a place to look for it, behind a leaked descriptor.
    [RuntimeTheory]
    [InlineData("/proc/self/fd/7/bin/busybox", "/bin")]
    [InlineData("busybox-of-the-host", "/proc/self/fd/7")]
    public void An_exec_runs_no_program_of_the_host(string program, string path)
    {
        File.Copy("/bin/busybox", Path.Combine(Work, "busybox-of-the-host"));
        File.SetUnixFileMode(Path.Combine(Work, "busybox-of-the-host"), (UnixFileMode)0b111_101_101);
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        Outcome outcome = Runtime.With("exec", "--env", "PATH=" + path, Id, program, "echo", "escaped")
            .Redirect(program[0] == '/' ? "7</" : $"7<'{Work}'").Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
    }

    // T-B3: a container's own idea of /proc is not where an exec writes or looks.
    [RuntimeFact]
    public void A_false_proc_of_the_container_gets_nothing_of_an_exec()
    {
        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_SYS_ADMIN");
        string[] fakes = ["self/oom_score_adj", "self/attr/exec", "self/attr/current", "thread-self/attr/exec", "self/setgroups", "sys/kernel/cap_last_cap"];
        Directory.CreateDirectory(Bundle.InRootfs("/new"));
        Bundle.Shell("mount -t proc proc /new && mount -t tmpfs fake /proc && for f in " + string.Join(' ', fakes)
            + "; do mkdir -p /proc/${f%/*}; echo false >/proc/$f; done; mkdir -p /proc/self/fd /proc/1; touch /ready; sleep 1000");
        CreateAndStart();
        Eventually(() => File.Exists(Bundle.InRootfs("/ready")), "the container has its own /proc");
        string file = Path.Combine(Work, "process.json");
        JsonObject process = (JsonObject)Bundle.Process.DeepClone();
        process["oomScoreAdj"] = 321;
        process["args"] = new JsonArray("sh", "-c",
            "cat /new/self/oom_score_adj; ls /new/$$/fd | tr '\\n' ' '; grep -E 'NoNewPrivs|CapInh' /new/self/status; cat "
            + string.Join(' ', fakes.Select(fake => "/proc/" + fake)) + " | sort -u");
        File.WriteAllText(file, process.ToJsonString());

        Outcome outcome = Runtime.With("exec", "--process", file, Id).Redirect(Leaks).Run();

        if (outcome.Exit == 0)
            outcome.Out.Should().Be("321\n0 1 2 CapInh:\t0000000000000000\nNoNewPrivs:\t1\nfalse\n");
        else
            outcome.Out.Should().BeEmpty();
    }

    // T-E2, T-E3: all five sets, of the first process and of those that follow.
    [RuntimeTheory]
    [InlineData(0, false, false)]
    [InlineData(0, false, true)]
    [InlineData(0, true, false)]
    [InlineData(0, true, true)]
    [InlineData(1000, false, false)]
    [InlineData(1000, false, true)]
    [InlineData(1000, true, false)]
    [InlineData(1000, true, true)]
    public void Capabilities_are_exactly_those_that_are_given(int user, bool userNamespace, bool noNewPrivileges)
    {
        const string look = "grep ^Cap /proc/self/status | cut -f2 | tr '\\n' ' '";
        ulong own = user == 0 ? Mask : 0;
        string expected = string.Join(' ', new[] { 0UL, own, own, Mask, 0UL }.Select(set => set.ToString("x16", CultureInfo.InvariantCulture))) + " ";
        if (userNamespace)
            Bundle.MapUsers();
        Bundle.Process["user"] = new JsonObject { ["uid"] = user, ["gid"] = user };
        Bundle.Process["noNewPrivileges"] = noNewPrivileges;
        Bundle.Shell(look + "; exec sleep 1000");
        Runtime.Call create = Call("create");
        create.Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => create.Out.Length > 0, "the first process looks");
        create.Out.Should().Be(expected);

        Runtime.Run("exec", Id, "sh", "-c", look).Should().Be(new Outcome(0, expected, ""));

        string file = Path.Combine(Work, "process.json");
        JsonObject process = (JsonObject)Bundle.Process.DeepClone();
        process["args"] = new JsonArray("sh", "-c", look);
        File.WriteAllText(file, process.ToJsonString());
        Runtime.Run("exec", "--process", file, Id).Should().Be(new Outcome(0, expected, ""));
    }

    // T-E4.
    [RuntimeTheory]
    [InlineData("", "")]
    [InlineData("10,11", "10 11 ")]
    public void Groups_are_exactly_those_that_are_given(string given, string expected)
    {
        const string look = "grep ^Groups: /proc/self/status | cut -f2";
        JsonObject user = new() { ["uid"] = 1000, ["gid"] = 1000 };
        if (given.Length > 0)
            user["additionalGids"] = new JsonArray([.. given.Split(',').Select(id => (JsonNode)int.Parse(id, CultureInfo.InvariantCulture))]);
        Bundle.Process["user"] = user;
        Bundle.Shell(look + "; exec sleep 1000");
        string[] caller = ["setpriv", "--groups", "1,2,3,4,5"];
        Runtime.Call create = Call("create");
        create.Under(caller).Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => create.Out.Length > 0, "the first process looks");
        create.Out.TrimEnd().Should().Be(expected.TrimEnd());
        Runtime.With("exec", Id, "sh", "-c", look).Under(caller).Run().Out.TrimEnd().Should().Be(expected.TrimEnd());
    }

    // T-E5.
    [RuntimeTheory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("4294967295")]
    [InlineData("4294967296")]
    [InlineData("18446744073709551616")]
    [InlineData("\"0\"")]
    public void A_number_that_is_no_user_is_none(string number)
    {
        Bundle.Args("id", "-u").Save();
        string file = Path.Combine(Bundle.Path, "config.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"uid\": 0", "\"uid\": " + number, StringComparison.Ordinal));
        File.ReadAllText(file).Should().Contain(number);
        Outcome outcome = Runtime.Run("run", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
    }

    // T-E5: the image's list of users may be as long as it likes.
    [RuntimeFact]
    public void A_line_of_many_megabytes_costs_no_time()
    {
        Bundle.WithFile("/etc/passwd", "root:x:0:0:" + new string('x', 16 << 20) + ":/root:/bin/sh\n").Args("sleep", "1000");
        Call("create").Within(TimeSpan.FromSeconds(5)).Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Runtime.With("exec", "--user", "1000", Id, "id", "-u").Within(TimeSpan.FromSeconds(5)).Run().Out.Should().Be("1000\n");
    }

    // T-G1: lengths beyond 16 bits.
    [RuntimeFact]
    public void Long_texts_arrive_whole()
    {
        string word = new('w', 70_000);
        Bundle.Args([.. Enumerable.Repeat(word, 10).Prepend("shift 0; echo $# ${#VALUE} ${#1} ${#9}").Prepend("-c").Prepend("/bin/sh")]);
        ((JsonArray)Bundle.Process["env"]!).Add((JsonNode)("VALUE=" + word));
        for (int i = 0; i < 400; i++)
        {
            Directory.CreateDirectory(Bundle.InRootfs($"/mnt/{i}"));
            Bundle.Mount($"/mnt/{i}", "tmpfs", "tmpfs");
        }

        Bundle.MapUsers();
        JsonArray maps = [];
        for (int i = 0; i < 300; i++)
            maps.Add((JsonNode)new JsonObject { ["containerID"] = i, ["hostID"] = 100000 + (2 * i), ["size"] = 1 });
        Bundle.Linux["uidMappings"] = maps;
        Run().Should().Be(new Outcome(0, "9 70000 70000 70000\n", ""));
    }

    // T-G1.
    [RuntimeFact]
    public void A_path_beyond_all_limits_is_an_error()
    {
        Bundle.Namespace("network", "/" + string.Join('/', Enumerable.Repeat("x", 35_000))).Args("echo", "runs");
        Outcome outcome = Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
        outcome.Err.Should().NotBeEmpty();
    }

    // T-G3: a signal to the process's own group.
    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_signal_to_its_group_stays_in_the_container(bool exec)
    {
        const string signal = "trap : USR1; kill -USR1 0; echo sent";
        Bundle.NoNamespace("pid").Shell(exec ? "sleep 1000" : signal);
        if (exec)
            CreateAndStart();
        Runtime.Call call = exec ? Runtime.With("exec", Id, "sh", "-c", signal) : Call("run");
        Outcome outcome = call.Under("setsid", "--wait", "sh", "-c", "\"$@\"; echo $? survived", "sh").Run();
        outcome.Out.Should().Be("sent\n0 survived\n");
    }

    // T-G4: variables of the image's program are not those of hooks that run on the host.
    [RuntimeFact]
    public void Hooks_have_nothing_of_the_programs_environment()
    {
        string log = Path.Combine(Work, "hooks");
        JsonObject hook = new()
        {
            ["path"] = "/bin/sh",
            ["args"] = new JsonArray("sh", "-c", $"env >>'{log}'; pwd >>'{log}'"),
            ["env"] = new JsonArray("OWN=1"),
        };
        Bundle.Config["hooks"] = new JsonObject { ["createRuntime"] = new JsonArray(hook.DeepClone()), ["poststop"] = new JsonArray(hook) };
        foreach (string variable in new[] { "LD_PRELOAD=/lib/evil.so", "DOTNET_STARTUP_HOOKS=/evil.dll", "GODEBUG=x", "TMPDIR=/evil" })
            ((JsonArray)Bundle.Process["env"]!).Add((JsonNode)variable);
        Bundle.Args("true");
        Run().Should().Be(Silent);
        string[] lines = File.ReadAllLines(log);
        lines.Count(line => line == "OWN=1").Should().Be(2);
        lines.Where(line => line.Contains("evil", StringComparison.Ordinal) || line.StartsWith("GODEBUG", StringComparison.Ordinal)).Should().BeEmpty();
        lines.Should().Contain(Bundle.Path, "a hook of the host is run in the bundle");
    }

    // T-G6.
    [RuntimeFact]
    public void No_socket_has_an_abstract_name()
    {
        Bundle.Args("sleep", "1000");
        Call("create").Under("unshare", "--net", "sh", "-c", "\"$@\" && grep -c ' @' /proc/net/unix; true", "sh").Run().Out.Should().Be("0\n");
    }

}
