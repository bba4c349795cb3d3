using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>restore with a stand-in for CRIU (features.md §1.20): what it is asked for, where it runs, and what failures leave.</summary>
public sealed class RestoreTests : RuntimeTest
{
    private static readonly string[] Success = ["root net", "notify setup-namespaces", "notify post-restore"];

    private readonly CriuStandIn criu;

    public RestoreTests()
    {
        criu = new CriuStandIn(Work);
        Directory.CreateDirectory(Images);
        File.WriteAllText(Path.Combine(Images, "descriptors.json"), """["/dev/null","pipe:[101]","pipe:[102]"]""");
        criu.Script(Success);
    }

    private string Images => Path.Combine(Work, "images");

    [RuntimeFact]
    public void A_container_is_made_of_the_restored_processes()
    {
        string trace = Path.Combine(Work, "trace");
        JsonArray Hook(string name) => new(new JsonObject
        {
            ["path"] = "/bin/sh",
            ["args"] = new JsonArray("sh", "-c", $"echo {name} $(sed 's/.*\"status\":\"\\([a-z]*\\)\".*\"pid\":\\([0-9]*\\).*/\\1 \\2/') >>{trace}"),
        });
        Bundle.Config["hooks"] = new JsonObject { ["prestart"] = Hook("prestart"), ["createRuntime"] = Hook("createRuntime"), ["poststart"] = Hook("poststart"), ["poststop"] = Hook("poststop") };
        Directory.CreateDirectory(Path.Combine(Work, "source"));
        Directory.CreateSymbolicLink(Bundle.InRootfs("/link"), "/mnt");
        Bundle.Mount("/link/made/here", "none", Path.Combine(Work, "source"), "bind");
        criu.Script("root net", "look", "notify setup-namespaces", "notify post-setup-namespaces", "notify post-restore", "notify pre-resume");

        Restore("--detach", "--pid-file", Path.Combine(Work, "pid")).Should().Be(Silent);

        JsonObject state = State();
        ((string?)state["status"]).Should().Be("running");
        int pid = (int)state["pid"]!;
        File.ReadAllText(Path.Combine(Work, "pid")).Should().Be($"{pid}");
        File.ReadAllLines(trace).Should().Equal($"prestart creating {pid}", $"createRuntime creating {pid}", $"poststart running {pid}");
        CriuMessage options = criu.Options;
        options.Text(10).Should().Be("restore.log");
        options.Text(13).Should().Be(Bundle.Rootfs, "whose mount on the host has the sources of binds too");
        options.Flag(6).Should().BeTrue();
        options.Flag(26).Should().BeTrue("the process is to be a child of the runtime");
        options.Flag(50).Should().BeTrue();
        options.Pairs(23).Should().Equal($"/mnt/made/here={Work}/source", "/dev/null=/dev/null");
        options.Pairs(27).Should().Equal("pipe:[101]=1", "pipe:[102]=2");
        options.Number(34).Should().Be(6);
        options.Pairs(25).Should().Contain(pair => pair.EndsWith(Id));
        Directory.Exists(Bundle.InRootfs("/mnt/made/here")).Should().BeTrue("the mount point is made");

        criu.Read("mountinfo").Split('\n').Where(line => line.Contains("shared:")).Should().BeEmpty();
        File.ReadAllText("/proc/self/mountinfo").Should().NotContain(Id);
        criu.Read("cgroup").Should().Contain(Id);
        File.ReadAllText($"/proc/{pid}/cgroup").Should().Contain(Id);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        File.ReadAllLines(trace).Last().Should().StartWith("poststop stopped");
    }

    [RuntimeFact]
    public void Sources_of_binds_are_named_without_links_and_with_the_mounts_below_them()
    {
        string tree = Path.Combine(Work, "tree");
        Directory.CreateDirectory(Path.Combine(tree, "a b"));
        Directory.CreateSymbolicLink(Path.Combine(Work, "to-tree"), tree);
        Execute("mount", "-t", "tmpfs", "tmpfs", Path.Combine(tree, "a b"));
        try
        {
            Bundle.Mount("/data", "none", Path.Combine(Work, "to-tree"), "rbind").Mount("/data/own", "none", "/tmp", "bind");
            Restore("--detach").Should().Be(Silent);
            criu.Options.Pairs(23)[..3].Should().Equal($"/data={tree}", "/data/own=/tmp", $"/data/a b={tree}/a b");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("umount", Path.Combine(tree, "a b"));
        }
    }

    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_root_is_read_only_again_before_the_processes_run(bool isReadonly)
    {
        Bundle.Config["root"]!["readonly"] = isReadonly;
        criu.Script("root net mnt", "notify setup-namespaces", "notify post-restore");
        Restore("--detach").Should().Be(Silent);
        string root = File.ReadLines($"/proc/{Pid()}/mountinfo").Single(line => line.Split(' ')[4] == "/");
        root.Split(' ')[5].Split(',')[0].Should().Be(isReadonly ? "ro" : "rw");
        File.ReadLines("/proc/self/mountinfo").Single(line => line.Split(' ')[4] == "/").Split(' ')[5].Should().StartWith("rw", "the host's is not touched");
    }

    [RuntimeTheory]
    [InlineData("ignore", true, true)]
    [InlineData("ignore", false, false)]
    [InlineData("soft", true, false)]
    public void Where_CRIU_ignores_cgroups_it_has_the_cgroup_namespace_itself(string mode, bool isConfigured, bool isOwn)
    {
        Bundle.NoNamespace("cgroup");
        if (isConfigured)
            Bundle.Namespace("cgroup");
        criu.Script("look", "root net", "notify setup-namespaces", "notify post-restore");
        Restore("--detach", "--manage-cgroups-mode", mode).Should().Be(Silent);
        bool itsOwn = new FileInfo($"/proc/{Pid()}/ns/cgroup").LinkTarget != new FileInfo("/proc/self/ns/cgroup").LinkTarget;
        itsOwn.Should().Be(isOwn);
        criu.Read("cgroup").Split('\n').Single(line => line.StartsWith("0::")).Should().EndWith(isOwn ? "0::/" : Id, "the container's cgroup is its root");
    }

    [RuntimeFact]
    public void Every_flag_reaches_CRIU()
    {
        Restore(
            "--detach", "--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--auto-dedup", "--lazy-pages", "--tcp-close",
            "--manage-cgroups-mode", "ignore", "--empty-ns", "network", "--network-lock", "nftables", "--lsm-profile", "apparmor:mine",
            "--lsm-mount-context", "system_u:object_r:x", "--work-path", Path.Combine(Work, "logs"),

            // As containerd and conmon call it.
            "-no-subreaper", "--no-pivot", "--no-new-keyring", "--parent-path", "../parent").Should().Be(Silent);

        CriuMessage options = criu.Options;
        foreach (int flag in new[] { 4, 5, 7, 8, 16, 48, 52 })
            options.Flag(flag).Should().BeTrue($"option {flag} was asked for");
        options.Number(34).Should().Be(0);
        options.Text(53).Should().Be("apparmor:mine");
        options.Text(63).Should().Be("system_u:object_r:x");
        options.Number(64).Should().Be(2);
        options.Has(17).Should().BeTrue();
        Permissions(Path.Combine(Work, "logs")).Should().Be(0b111_000_000);
    }

    [RuntimeFact]
    public void The_standard_streams_and_the_namespaces_are_handed_over()
    {
        string net = Path.Combine(Work, "net");
        File.WriteAllText(net, "");
        Execute("/bin/sh", "-c", $"unshare --net /bin/sh -c 'mount --bind /proc/self/ns/net {net}'");
        try
        {
            Bundle.Namespace("network", net).Namespace("ipc", "/proc/self/ns/ipc");
            criu.Script("look", "root", "notify setup-namespaces", "notify post-restore");
            Resume("--detach").Redirect($">'{Work}/out' 9</etc/passwd").Run().Should().Be(Silent);
            criu.Options.Pairs(27).Should().Equal("extRootNetNS=4", "pipe:[101]=1", "pipe:[102]=2");
            criu.Options.Pairs(39).Should().Equal("ipc=/proc/self/ns/ipc");
            string seen = criu.Read("seen");
            seen.Should().Contain($"fd1 {Work}/out\n").And.Contain("fd3 socket:").And.Contain($"fd4 {net}\n").And.NotContain("passwd", "nothing else is open");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("umount", net);
        }
    }

    [RuntimeFact]
    public void In_the_foreground_the_exit_status_is_the_processs_own()
    {
        Process process = Resume().Start();
        Eventually(() => Runtime.Run("state", Id) is { Exit: 0, Out: var text } && text.Contains("running"), "it runs");
        criu.End(7);
        Outcome outcome = Resume().Finish(process);
        process.ExitCode.Should().Be(7);
        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
    }

    [RuntimeFact]
    public void In_the_foreground_signals_are_passed_on()
    {
        Process process = Resume().Start();
        Eventually(() => Runtime.Run("state", Id) is { Exit: 0, Out: var text } && text.Contains("running"), "it runs");
        Execute("kill", "-USR1", $"{process.Id}");
        process.WaitForExit(5000).Should().BeTrue();
        process.ExitCode.Should().Be(128 + 10);
    }

    [RuntimeFact]
    public void The_network_namespace_has_its_loopback_up()
    {
        Restore("--detach").Should().Be(Silent);

        // The kernel gives it its address when it is set up.
        File.ReadAllText($"/proc/{Pid()}/net/fib_trie").Should().Contain("127.0.0.1");
    }

    [RuntimeFact]
    public void The_terminal_goes_to_the_console_socket()
    {
        string path = Path.Combine(Work, "console");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        Bundle.Process["terminal"] = true;
        criu.Script("root net", "notify setup-namespaces", "pty", "notify post-restore");
        Restore("--detach", "--console-socket", path).Should().Be(Silent);
        using Socket connection = Connected(listener);
        Span<byte> payload = stackalloc byte[256];
        Sys.recvmsg((int)connection.Handle, payload, out int master);
        using Fd owner = new(master);
        int number = -1;
        unsafe
        {
            Sys.ioctl(master, Uapi.TIOCGPTN, &number).Should().Be(0, "it is a master");
        }

        number.Should().BeGreaterThanOrEqualTo(0);
    }

    [RuntimeTheory]
    [InlineData("criu failed: type RESTORE errno 22: no luck", "root net", "notify setup-namespaces", "stray", "fail 22 no luck")]
    [InlineData("criu was killed by signal 9", "root net", "notify setup-namespaces", "die")]
    [InlineData("criu was killed by signal 9", "root net", "stray", "die")]
    [InlineData("criu was killed by signal 9", "die")]
    [InlineData("criu failed: type RESTORE", "notify pre-restore")]
    [InlineData("criu failed: exit status 4", "root net", "notify setup-namespaces", "notify post-restore", "exit 4")]
    [InlineData("criu failed: type RESTORE: the processes are restored and do not run after 20 s", "root net", "notify setup-namespaces", "notify post-restore", "hang")]
    [InlineData("is no child of this one", "notify setup-namespaces")]
    public void A_failure_leaves_nothing(string message, params string[] script)
    {
        criu.Script(["log (00.1) Error (criu/x.c:1): quoted", .. script]);
        Outcome outcome = Restore("--detach");
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(message);
        if (message.StartsWith("criu"))
            outcome.Err.Should().Contain("Error (criu/x.c:1): quoted; see ").And.Contain($"{Images}/restore.log");
        Gone();
    }

    /// <summary>Without a cgroup that could be killed.</summary>
    [RuntimeTheory]
    [InlineData("root net", "notify setup-namespaces", "stray", "fail 22 no luck")]
    [InlineData("root net", "stray", "die")]
    public void A_failure_without_a_cgroup_leaves_nothing(params string[] script)
    {
        criu.Script(script);
        Bundle.Save();
        Outcome outcome = Runtime.With("--cgroup-manager", "disabled", "restore", "--image-path", Images, "--bundle", Bundle.Path, "--detach", Id)
            .Env("PATH", criu.SearchPath).Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("criu");
        Gone();
    }

    [RuntimeFact]
    public void A_failing_hook_leaves_nothing()
    {
        Bundle.Config["hooks"] = new JsonObject { ["createRuntime"] = new JsonArray(new JsonObject { ["path"] = "/bin/false" }) };
        Outcome outcome = Restore("--detach");
        outcome.Err.Should().Contain("error running createRuntime hook #0");
        criu.Requests.Last().Flag(3).Should().BeFalse("CRIU is told");
        Gone();
    }

    [RuntimeFact]
    public void An_interrupted_restore_leaves_nothing()
    {
        criu.Script("root net", "notify setup-namespaces", "hang");
        Process process = Resume("--detach").Start();
        Eventually(() => criu.Requests.Count == 3, "the hang has come");
        Execute("kill", $"{process.Id}");
        process.WaitForExit(15_000).Should().BeTrue();
        process.ExitCode.Should().Be(1);
        Gone();
    }

    [RuntimeTheory]
    [InlineData("requires at least CRIU 3.16", "version 31500", "--lsm-profile", "apparmor:x")]
    [InlineData("requires at least CRIU 3.16", "version 31500", "--lsm-mount-context", "x")]
    [InlineData("must be 30000 or higher", "version 20000")]
    [InlineData("not a profile of a security module", "", "--lsm-profile", "x")]
    [InlineData("invalid manage-cgroups-mode value", "", "--manage-cgroups-mode", "x")]
    [InlineData("cannot open the directory", "", "--image-path", "/none")]
    [InlineData("descriptors.json cannot be read", "", "--image-path", "/")]
    public void Values_are_checked(string message, string script, params string[] options)
    {
        criu.Script(script);
        Outcome outcome = Restore(["--detach", .. options]);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(message);
        Gone();
    }

    [RuntimeFact]
    public void An_id_in_use_is_refused()
    {
        Restore("--detach").Should().Be(Silent);
        Restore("--detach").Err.Should().Contain("container with given ID already exists");
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void A_link_of_the_image_leads_no_mount_point_out_of_it()
    {
        string outside = Path.Combine(Work, "outside");
        Directory.CreateDirectory(outside);
        Directory.CreateSymbolicLink(Bundle.InRootfs("/evil"), outside);
        Bundle.Mount("/evil/made", "none", "/tmp", "bind");
        Restore("--detach").Should().Be(Silent);
        Directory.EnumerateFileSystemEntries(outside).Should().BeEmpty();
        Directory.Exists(Bundle.InRootfs(outside + "/made")).Should().BeTrue("below the root the link leads there");
        criu.Options.Pairs(23).Should().Contain($"{outside}/made=/tmp");
    }

    private void Gone()
    {
        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
        Leftovers.Find(Work, Runtime.Root!, [Id]).Should().BeEmpty();
    }

    private Runtime.Call Resume(params string[] options) => Call("restore", ["--image-path", Images, .. options]).Env("PATH", criu.SearchPath);

    private Outcome Restore(params string[] options) => Resume(options).Run();
}
