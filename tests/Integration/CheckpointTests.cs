using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>checkpoint with a stand-in for CRIU (features.md §1.19): what it is asked for, and what its answers do.</summary>
public sealed class CheckpointTests : CheckpointTest
{
    [RuntimeFact]
    public void The_container_is_dumped_and_deleted()
    {
        File.WriteAllText(Path.Combine(Work, "file"), "x");
        Bundle.Mount("/data", "", Path.Combine(Work, "file"), "bind").Config["annotations"] = new JsonObject { ["org.criu.config"] = "/etc/my.conf" };
        Directory.CreateSymbolicLink(Bundle.InRootfs("/link"), "/mnt/../mnt");
        Bundle.Mount("/link/sub", "none", Work, "rbind");
        string trace = Path.Combine(Work, "trace");
        Bundle.Config["hooks"] = new JsonObject { ["poststop"] = new JsonArray(new JsonObject { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", $"echo stopped >>{trace}") }) };
        Started();
        int pid = Pid();
        Criu.Script("notify pre-dump", "notify network-lock", "kill", "notify post-dump");

        Checkpoint().Should().Be(Silent);

        Criu.Requests.First().Number(1).Should().Be(10, "the version is asked for first");
        CriuMessage options = Criu.Options;
        options.Number(2).Should().Be(pid);
        options.Number(9).Should().Be(4);
        options.Text(10).Should().Be("dump.log");
        options.Text(13).Should().Be(Bundle.Rootfs);
        options.Flag(12).Should().BeTrue();
        options.Flag(50).Should().BeTrue();
        options.Number(34).Should().Be(6);
        options.Number(38).Should().Be(0x40000000);
        options.Text(51).Should().Be("/etc/my.conf");
        foreach (int flag in new[] { 3, 4, 5, 7, 8, 16, 18, 46, 48 })
            options.Flag(flag).Should().BeFalse($"option {flag} was not asked for");
        options.Pairs(23).Take(2).Should().Equal("/data=/data", "/mnt/sub=/mnt/sub");
        options.Pairs(23).Skip(2).Should().Contain("/proc/keys=/dev/null").And.OnlyContain(pair => pair.StartsWith("/proc/") && pair.EndsWith("=/dev/null"));
        options.Texts(37).Should().BeEmpty();
        options.Text(44).Should().EndWith(Id);
        JsonNode.Parse(File.ReadAllText(Path.Combine(Images, "descriptors.json")))!.AsArray().Should().HaveCount(3);
        Permissions(Images).Should().Be(0b111_000_000);
        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
        File.ReadAllText(trace).Should().Be("stopped\n");
    }

    [RuntimeFact]
    public void Every_flag_reaches_CRIU()
    {
        Started();
        Directory.CreateDirectory(Path.Combine(Work, "parent"));
        Checkpoint(
            "--leave-running", "--tcp-established", "--tcp-skip-in-flight", "--link-remap", "--ext-unix-sk", "--shell-job", "--file-locks",
            "--auto-dedup", "--lazy-pages", "--page-server", "[::1]:1234", "--manage-cgroups-mode", "full", "--empty-ns", "network",
            "--network-lock", "skip", "--parent-path", "../parent", "--work-path", Path.Combine(Work, "logs")).Should().Be(Silent);

        CriuMessage options = Criu.Options;
        foreach (int flag in new[] { 3, 4, 5, 7, 8, 15, 16, 18, 46, 48 })
            options.Flag(flag).Should().BeTrue($"option {flag} was asked for");
        options.Message(11).Text(1).Should().Be("::1");
        options.Message(11).Number(2).Should().Be(1234);
        options.Text(14).Should().Be("../parent");
        options.Number(34).Should().Be(4);
        options.Number(64).Should().Be(3);
        options.Has(17).Should().BeTrue();
        Permissions(Path.Combine(Work, "logs")).Should().Be(0b111_000_000);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void The_default_directory_is_below_the_working_directory()
    {
        Started();
        Runtime.With("checkpoint", "--leave-running", Id).Env("PATH", Criu.SearchPath).Run().Should().Be(Silent);
        Directory.Exists(Path.Combine(Work, "checkpoint")).Should().BeTrue();
        Criu.Options.Text(51).Should().Be("/etc/criu/runc.conf");
    }

    [RuntimeFact]
    public void An_empty_annotation_means_no_configuration_file()
    {
        Bundle.Config["annotations"] = new JsonObject { ["org.criu.config"] = "" };
        Started();
        Checkpoint("--leave-running").Should().Be(Silent);
        Criu.Options.Has(51).Should().BeFalse();
    }

    [RuntimeFact]
    public void Mounts_of_the_host_below_a_bind_are_external()
    {
        string tree = Path.Combine(Work, "tree");
        Directory.CreateDirectory(Path.Combine(tree, "a b"));
        Execute("mount", "-t", "tmpfs", "tmpfs", Path.Combine(tree, "a b"));
        Directory.CreateDirectory(Path.Combine(tree, "a b", "deep"));
        Directory.CreateDirectory(Path.Combine(tree, "a b", "inner"));
        Execute("mount", "--bind", Work, Path.Combine(tree, "a b", "deep"));
        try
        {
            Bundle.Mount("/data", "none", tree, "rbind", "private").Mount("/flat", "none", tree, "bind", "private");
            Started();
            Execute("nsenter", "--target", $"{Pid()}", "--mount", "--root", "/bin/busybox", "mount", "-t", "tmpfs", "none", "/data/a b/inner");
            Checkpoint("--leave-running").Should().Be(Silent);
            Criu.Options.Pairs(23).Where(pair => !pair.StartsWith("/proc/")).Should().Equal("/data=/data", "/flat=/flat", "/data/a b=/data/a b", "/data/a b/deep=/data/a b/deep");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("umount", "--recursive", Path.Combine(tree, "a b"));
        }
    }

    // On a hybrid host each hierarchy of cgroup v1 is a mount of its own below this one.
    [RuntimeFact]
    public void Hierarchies_of_cgroup_that_a_bind_brought_are_external()
    {
        string[] hierarchies = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4])
            .Where(point => point.StartsWith("/sys/fs/cgroup/")).Select(point => point["/sys/fs/cgroup".Length..]).ToArray();
        Bundle.Mount("/groups", "none", "/sys/fs/cgroup", "rbind", "ro");
        Started();
        Checkpoint("--leave-running").Should().Be(Silent);
        Criu.Options.Pairs(23).Where(pair => pair.StartsWith("/groups/") || pair.StartsWith("/sys/"))
            .Should().BeEquivalentTo(hierarchies.Select(below => $"/groups{below}=/groups{below}"), "CRIU makes the one of type cgroup itself");
    }

    [RuntimeFact]
    public void A_container_that_could_not_be_restored_is_not_ended()
    {
        string narrow = Path.Combine(Work, "narrow");
        Directory.CreateDirectory(narrow);
        Directory.CreateDirectory(Path.Combine(Work, "source"));
        Bundle.Save();
        Execute("/bin/sh", "-ec", $"mount --bind '{Work}' '{Work}'; mount --make-private '{Work}'; mount --make-shared '{Work}'; mount --bind '{Bundle.Rootfs}' '{narrow}'");
        try
        {
            Bundle.Config["root"]!["path"] = narrow;
            Bundle.Mount("/data", "none", Path.Combine(Work, "source"), "bind");
            Started();
            Refused("mounts \\\"/data\\\": CRIU could not restore this mount on this machine as it is");
            Status().Should().Be("running");
            string log = Path.Combine(Work, "log");
            Runtime.With("--log", log, "--log-level", "warning", "checkpoint", "--image-path", Images, "--leave-running", Id).Env("PATH", Criu.SearchPath).Run().Should().Be(Silent);
            File.ReadAllText(log).Should().Contain("level=warning").And.Contain("could not restore this mount");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("umount", "--recursive", Work);
        }
    }

    [RuntimeFact]
    public void A_pre_dump_asks_for_memory_tracking_and_leaves_the_container_running()
    {
        Started();
        Checkpoint("--pre-dump").Should().Be(Silent);

        Criu.Requests.Select(request => request.Number(1)).Should().Equal(10, 9, 4);
        CriuMessage options = Criu.Options;
        options.Flag(15).Should().BeTrue();
        options.Has(23).Should().BeFalse("the memory is all there is");
        File.Exists(Path.Combine(Images, "descriptors.json")).Should().BeFalse();
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Joined_namespaces_are_external()
    {
        string net = Path.Combine(Work, "net");
        File.WriteAllText(net, "");
        Execute("/bin/sh", "-c", $"unshare --net /bin/sh -c 'mount --bind /proc/self/ns/net {net}'");
        try
        {
            string inode = UnixFile(net);
            Bundle.Namespace("network", net);
            Started();
            Checkpoint("--leave-running").Should().Be(Silent);
            Criu.Options.Texts(37).Should().Equal($"net[{inode}]:extRootNetNS");
            Criu.Script("version 31000");
            Refused("criu lacks support for external network namespace");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("umount", net);
        }
    }

    [RuntimeFact]
    public void A_failed_dump_leaves_the_container_as_it_was()
    {
        Started();
        Criu.Script("freeze", "log (00.1) fine", "log (00.2) Error (criu/x.c:1): no luck", "log (00.3) Error (criu/y.c:2): none", "fail 16 Error (criu/x.c:1): no luck");
        Outcome outcome = Checkpoint();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("criu failed: type DUMP errno 16").And.Contain("Error (criu/x.c:1): no luck | Error (criu/y.c:2): none; see ")
            .And.Contain($"{Images}/dump.log").And.Contain("busy");
        Status().Should().Be("running", "it is thawed");
        Criu.Script("notify pre-dump", "die");
        Refused("criu was killed by signal 9");
        Status().Should().Be("running");
        Criu.Script("exit 3");
        Refused("criu failed: exit status 3");
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void What_CRIU_says_moves_no_cursor()
    {
        Started();
        Criu.Script("freeze", "log (00.2) Error (criu/x.c:1): \u001b[2J\u009bA \u202e", "fail 16 \u001b]0;t\a");
        Outcome outcome = Checkpoint();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("x1b[2J").And.Contain("x9bA").And.NotContainAny("\u001b", "\u009b", "\u202e", "\a");
        outcome.Err.TrimEnd('\n').Should().NotContain("\n");
    }

    [RuntimeFact]
    public void A_log_of_an_earlier_run_is_not_quoted()
    {
        Started();
        Directory.CreateDirectory(Images);
        File.WriteAllText(Path.Combine(Images, "dump.log"), "Error (old): stale\n");
        Criu.Script("fail 0 new");
        Outcome outcome = Checkpoint();
        outcome.Err.Should().NotContain("stale").And.Contain("type DUMP errno 0: new").And.Contain("criu check");
    }

    [RuntimeFact]
    public void A_paused_container_can_be_dumped_and_stays_paused()
    {
        Use(View.Unified);
        Started();
        Runtime.Run("pause", Id).Should().Be(Silent);
        Criu.Script("fail 0 no");
        Refused("criu failed");
        Status().Should().Be("paused");
        Criu.Script("");
        Checkpoint("--leave-running").Should().Be(Silent);
        Status().Should().Be("paused");
    }

    [RuntimeTheory]
    [InlineData(31600, true)]
    [InlineData(31400, false)]
    public void The_status_descriptor_is_told_when_lazy_pages_are_ready(int version, bool notifies)
    {
        string ready = Path.Combine(Work, "ready");
        Criu.Script($"version {version}", notifies ? "notify status-ready" : "");
        Started();
        Dump("--lazy-pages", "--status-fd", "7", "--leave-running").Redirect($"7>'{ready}'").Run().Should().Be(Silent);
        File.ReadAllBytes(ready).Should().Equal(notifies ? [0] : []);
        Criu.Options.Number(49).Should().Be(notifies ? null : 7);
    }

    [RuntimeFact]
    public void The_probes_of_engines_are_answered()
    {
        Runtime.Run("checkpoint", "--help").Exit.Should().Be(0);
        Outcome outcome = Runtime.Run("restore", "--lsm-mount-context");
        outcome.Exit.Should().NotBe(0);
        (outcome.Out + outcome.Err).Should().Contain("flag needs an argument");
        Runtime.Run("features").Out.Should().Contain("\"org.opencontainers.runc.checkpoint.enabled\": \"true\"");
    }

    private static string UnixFile(string path)
    {
        Mono.Unix.Native.Syscall.stat(path, out Mono.Unix.Native.Stat stat).Should().Be(0);
        return stat.st_ino.ToString();
    }
}
