using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Ways out of a container's cgroup and past its device rules (security.md §1.F).</summary>
[Trait("Category", "Conformance")]
public sealed class AttackCgroupTests : RuntimeTest
{
    // T-F1: whatever the list says or leaves out, what it does not allow is denied.
    [RuntimeTheory]
    [InlineData("[]")]
    [InlineData("""[{"allow": true, "type": "c", "major": 1, "minor": 8, "access": "rwm"}]""")]
    [InlineData("""[{"allow": true, "type": "c", "major": 1, "minor": 8, "access": "rwm"}, {"allow": false, "access": "rwm"}]""")]
    [InlineData("""[{"allow": false, "access": "rwm"}, {"allow": true, "type": "b", "major": 1, "minor": 42, "access": "rwm"}]""")]
    [InlineData("""[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 42, "access": "wm"}]""")]
    [InlineData(null)]
    public void A_device_that_is_not_allowed_cannot_be_read(string? rules)
    {
        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_MKNOD");
        JsonObject resources = (JsonObject)Bundle.Linux["resources"]!;
        resources.Remove("devices");
        if (rules is not null)
            resources["devices"] = JsonNode.Parse(rules);

        // One that no driver has: where it is allowed, opening it says so. Its node is the host's, because the rules may
        // forbid to make one.
        Mono.Unix.Native.Syscall.mknod(Bundle.InRootfs("/node"), Mono.Unix.Native.FilePermissions.S_IFCHR | (Mono.Unix.Native.FilePermissions)0b110_110_110, (1 << 8) | 42)
            .Should().Be(0);
        Bundle.Shell("(: </node) 2>&1; for d in null zero full random urandom; do (: </dev/$d) || echo $d; done");
        Outcome outcome = Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Should().Be("/bin/sh: can't open /node: Operation not permitted\n");
    }

    // T-F5: no path leads out of where the runtime may make cgroups.
    [RuntimeTheory]
    [InlineData("/../../{id}")]
    [InlineData("/a-{id}/../../../{id}")]
    [InlineData("../{id}")]
    [InlineData("/{id}\n")]
    [InlineData("/{id}/././.")]
    public void A_cgroup_is_below_the_hierarchy(string path)
    {
        Bundle.Linux["cgroupsPath"] = path.Replace("{id}", Id, StringComparison.Ordinal);
        Bundle.Args("sleep", "1000");
        Outcome outcome = Create();
        if (outcome.Exit != 0)
            return;
        string own = File.ReadLines($"/proc/{Pid()}/cgroup").Single(line => line.StartsWith("0::", StringComparison.Ordinal))[3..];
        own.Should().NotContain("..").And.Contain(Id);
        Directory.Exists(Leftovers.Cgroup2Mount + own).Should().BeTrue();
    }

    [RuntimeFact]
    public void A_path_of_a_cgroup_that_is_too_long_is_an_error()
    {
        Bundle.Linux["cgroupsPath"] = "/" + Id + new string('x', 5000);
        Bundle.Args("echo", "runs");
        Outcome outcome = Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
    }

    // T-F6: rules that cannot be applied are no rules.
    [RuntimeFact]
    public void Device_rules_that_cannot_be_applied_end_the_start()
    {
        Bundle.Args("echo", "runs");
        Outcome outcome = Call("run").Under(Nosys.Install(Work), "ENOSYS", "bpf").Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
    }

    // T-F6: the kernel takes 64 programs of a cgroup, so one that stays with each update ends them.
    [RuntimeFact]
    public void A_program_does_not_stay_with_each_update()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string file = Path.Combine(Work, "resources.json");
        File.WriteAllText(file, """{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}""");
        for (int i = 0; i < 80; i++)
        {
            Outcome outcome = Runtime.Run("update", "--resources", file, Id);
            outcome.Exit.Should().Be(0, $"update {i}: {outcome}");
        }
    }

    // T-F2: what its user may do with the cgroups of the host, the container may not.
    [RuntimeFact]
    public void A_rootless_container_changes_no_cgroup_of_its_user()
    {
        string user = $"{Leftovers.Cgroup2Mount}/{Id}-user";
        Bundle.ForRootless().NoNamespace("cgroup").Mount("/cg", "cgroup", "cgroup", "ro", "nosuid", "nodev", "noexec")
            .Shell($"cd /cg/{Id}-user && echo there; mkdir made 2>/dev/null && echo made").Save();
        Use(View.Rootless);
        Directory.CreateDirectory(user);
        try
        {
            Execute("chown", "-R", $"{Runtime.RootlessId}", user);
            Outcome outcome = Runtime.With("run", "--bundle", Bundle.Path, Id).Before($"echo $$ > '{user}/cgroup.procs';").Run();
            Directory.Exists($"{user}/made").Should().BeFalse();
            if (Runtime.IsOcirun || outcome.Out.Length > 0)
                outcome.Out.Should().Be("there\n");
        }
        finally
        {
            foreach (string directory in Directory.GetDirectories(user).Append(user))
                Directory.Delete(directory);
        }
    }

    // T-F7: the key of a limit is a file of the container's own cgroup.
    [RuntimeTheory]
    [InlineData("../{other}/cgroup.max.depth")]
    [InlineData("../../{other}/cgroup.max.depth")]
    [InlineData("./../{other}/cgroup.max.depth")]
    public void A_limit_reaches_no_other_cgroup(string key)
    {
        string other = NewId();
        Bundle.Linux["cgroupsPath"] = "/" + other;
        Bundle.Args("sleep", "1000").Save();
        Runtime.Run("run", "--detach", "--bundle", Bundle.Path, other).Exit.Should().Be(0);
        string file = $"{Leftovers.Cgroup2Mount}/{other}/cgroup.max.depth";
        string before = File.ReadAllText(file);

        Bundle.Linux["cgroupsPath"] = "/" + Id;
        Bundle.Linux["resources"]!["unified"] = new JsonObject { [key.Replace("{other}", other, StringComparison.Ordinal)] = "7" };
        Outcome outcome = Create();

        outcome.Exit.Should().NotBe(0);
        File.ReadAllText(file).Should().Be(before);
    }

    // T-F9: nothing of cgroup v1 by which the kernel runs a program of the container on the host.
    [RuntimeTheory]
    [InlineData(true, "ro")]
    [InlineData(false, "ro")]
    [InlineData(true, "memory")]
    [InlineData(false, "memory")]
    [InlineData(true, "none,name=ocirun-test")]
    [InlineData(false, "none,name=ocirun-test")]
    public void No_release_agent_is_within_reach(bool ownNamespace, string option)
    {
        if (!ownNamespace)
            Bundle.NoNamespace("cgroup");
        Bundle.NoMount("/sys/fs/cgroup").Mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", option);
        Bundle.Shell("find /sys/fs/cgroup -name release_agent -perm -200 | while read f; do (: >>$f) 2>/dev/null && echo $f; done; echo looked");
        Outcome outcome = Run();
        if (outcome.Exit == 0)
            outcome.Out.Should().Be("looked\n");
    }

    // T-F4: who takes configurations from strangers has to know which annotations reach the host.
    [RuntimeTheory]
    [InlineData("org.systemd.property.")]
    [InlineData("run.oci.")]
    [InlineData("org.criu.config")]
    public void Annotations_that_change_the_host_are_told_to_be_unsafe(string annotation)
    {
        Outcome outcome = Runtime.Run("features");
        outcome.Exit.Should().Be(0, outcome.ToString());
        JsonNode.Parse(outcome.Out)!["potentiallyUnsafeConfigAnnotations"]!.AsArray().Select(name => (string?)name).Should().Contain(annotation);
    }
}

/// <summary>Not for peers: one that gets it wrong puts its device rules on the whole machine, and deletes all of it.</summary>
public sealed class AttackCgroupRootTests : RuntimeTest
{
    // T-F5: the root of the hierarchy is nobody's container.
    [RuntimeTheory]
    [InlineData("/{id}/..")]
    [InlineData("/")]
    [InlineData("/.")]
    public void The_root_of_the_hierarchy_is_no_containers_cgroup(string path)
    {
        Bundle.Linux["cgroupsPath"] = path.Replace("{id}", Id, StringComparison.Ordinal);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("linux.cgroupsPath");
    }
}
