using System;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Images and configurations that are made to lead a runtime out of the root (security.md §1.A and §1.C).</summary>
[Trait("Category", "Conformance")]
public sealed class AttackImageTests : RuntimeTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private Canary? canary;

    private Canary Canary => canary ??= new Canary(Path.Combine(Work, "canary"));

    // T-A1.
    [RuntimeTheory]
    [InlineData("{0}")]
    [InlineData("../../../../../../..{0}")]
    public void What_a_container_left_at_a_mount_target_is_not_followed(string link)
    {
        string source = Path.Combine(Work, "source");
        File.WriteAllText(source, "x");
        string[] files = ["/etc/hosts", "/etc/resolv.conf"];
        foreach (string file in files)
            Bundle.Mount(file, "bind", source, "bind");
        Bundle.Mount("/data", "tmpfs", "tmpfs").Args("true");
        Run().Should().Be(Silent);
        Runtime.Run("delete", "--force", Id);
        foreach (string file in files)
        {
            File.Delete(Bundle.InRootfs(file));
            File.CreateSymbolicLink(Bundle.InRootfs(file), string.Format(null, link, Canary.Path + "/regular"));
        }

        Directory.Delete(Bundle.InRootfs("/data"));
        File.CreateSymbolicLink(Bundle.InRootfs("/data"), string.Format(null, link, Canary.Path + "/directory"));
        Bundle.Args("cat", "/proc/self/mountinfo");

        Outcome outcome = Run();

        Unharmed(outcome);
        if (outcome.Exit == 0)
            outcome.Out.Split('\n').Count(line => line.Contains(Canary.Path, StringComparison.Ordinal)).Should().Be(3, "the mounts are in the root");
    }

    // T-A2, T-A3: every kind of mount, a link at every place of its target, of every kind.
    [RuntimeTheory]
    [InlineData("proc", "proc", "")]
    [InlineData("sysfs", "sysfs", "")]
    [InlineData("tmpfs", "tmpfs", "")]
    [InlineData("devpts", "devpts", "newinstance")]
    [InlineData("mqueue", "mqueue", "")]
    [InlineData("cgroup", "cgroup", "")]
    [InlineData("bind", "{work}/directory", "rbind")]
    [InlineData("bind", "{work}/file", "bind")]
    [InlineData("overlay", "overlay", "lowerdir={work}/directory:{work}/other")]
    public void No_mount_follows_a_link_of_the_image_out_of_the_root(string type, string source, string options)
    {
        foreach (string name in new[] { "directory", "other" })
            Directory.CreateDirectory(Path.Combine(Work, name));
        File.WriteAllText(Path.Combine(Work, "file"), "x");
        string[] targets =
        [
            Canary.Path + "/directory", "../../../../../../../../.." + Canary.Path + "/directory", Canary.Path + "/made", "loop",
            Canary.Path + "/regular",
        ];
        string top = Bundle.InRootfs("/a");
        Bundle.Mount("/a/b/c", type, source.Replace("{work}", Work), options.Replace("{work}", Work)).Args("true");
        foreach (string place in new[] { "/a", "/a/b", "/a/b/c" })
        {
            foreach (string target in targets)
            {
                if (new FileInfo(top).LinkTarget is not null)
                    File.Delete(top);
                else if (Directory.Exists(top))
                    Directory.Delete(top, recursive: true);
                Directory.CreateDirectory(Path.GetDirectoryName(Bundle.InRootfs(place))!);
                File.CreateSymbolicLink(Bundle.InRootfs(place), target == "loop" ? Path.GetFileName(place) : target);
                Unharmed(Runtime.With("run", "--bundle", Bundle.Save().Path, NewId()).Within(Soon).Run());
            }
        }
    }

    // T-A4 (a).
    [RuntimeTheory]
    [InlineData("/proc", "link")]
    [InlineData("/proc", "relative")]
    [InlineData("/proc", "file")]
    [InlineData("/proc", "fifo")]
    [InlineData("/sys", "link")]
    [InlineData("/sys", "relative")]
    [InlineData("/sys", "file")]
    public void Proc_and_sys_are_mounted_on_directories_alone(string path, string kind)
    {
        string full = Bundle.InRootfs(path);
        Directory.Delete(full);
        Directory.CreateDirectory(Bundle.InRootfs("/elsewhere"));
        if (kind == "file")
            File.WriteAllText(full, "");
        else if (kind == "fifo")
            Syscall.mkfifo(full, (FilePermissions)0b110_110_110);
        else
            File.CreateSymbolicLink(full, kind == "link" ? "/elsewhere" : "elsewhere");
        Bundle.Args("echo", "runs");
        Outcome outcome = Call("run").Within(Soon).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Out.Should().BeEmpty();
    }

    // T-A4 (b): what is mounted at /proc before proc is refused or covered.
    [RuntimeFact]
    public void A_volume_at_proc_leaves_no_other_proc()
    {
        Bundle.Mounts.Insert(0, new JsonObject { ["destination"] = "/proc", ["type"] = "tmpfs", ["source"] = "tmpfs" });
        Bundle.Args("stat", "-f", "-c", "%t", "/proc");
        Outcome outcome = Run();
        if (outcome.Exit == 0)
            outcome.Out.Should().Be("9fa0\n");
        else
            outcome.Out.Should().BeEmpty();
    }

    // T-A10 (a).
    [RuntimeTheory]
    [InlineData("console", false)]
    [InlineData("console", true)]
    [InlineData("made", false)]
    [InlineData("made", true)]
    public void A_console_that_links_to_the_host_is_not_written_to(string name, bool readOnly)
    {
        File.CreateSymbolicLink(Bundle.InRootfs("/dev/console"), Path.Combine(Canary.Path, name));
        Bundle.NoMount("/dev").NoMount("/dev/shm").NoMount("/dev/mqueue").Args("sleep", "100").Process["terminal"] = true;
        Bundle.Config["root"]!["readonly"] = readOnly;
        if (readOnly)
        {
            foreach (string directory in new[] { "/dev/pts", "/sys" })
                Directory.CreateDirectory(Bundle.InRootfs(directory));
        }

        string socket = Path.Combine(Work, "console");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(socket));
        listener.Listen(1);
        Outcome outcome = Call("run", "--detach", "--console-socket", socket).Within(Soon).Run();
        Unharmed(outcome);
        if (outcome.Exit == 0)
            RunningProcess.HasConsole(Pid()).Should().BeTrue("it is nowhere else");
    }

    // T-A11: a fifo blocks who opens it, and a program tells that it was run.
    [RuntimeTheory]
    [InlineData("fifo")]
    [InlineData("program")]
    public void Nothing_of_the_image_is_read_or_run_by_the_runtime(string kind)
    {
        string[] traps =
        [
            "/usr/bin/newuidmap", "/usr/bin/newgidmap", "/usr/sbin/criu", "/sbin/ip", "/bin/ip", "/lib64/ld-linux-x86-64.so.2",
            "/lib/ld-linux-aarch64.so.1", "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libseccomp.so.2",
            "/lib/x86_64-linux-gnu/libnss_files.so.2", "/usr/lib/libcriu.so", "/etc/ld.so.preload", "/etc/ld.so.cache",
            "/etc/nsswitch.conf", "/etc/localtime", "/etc/host.conf", "/usr/share/zoneinfo/UTC", "/usr/share/terminfo/x/xterm",
            "/usr/lib/locale/locale-archive", "/etc/os-release",
        ];
        foreach (string trap in traps)
        {
            string path = Bundle.InRootfs(trap);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(path);
            if (kind == "fifo")
                Syscall.mkfifo(path, (FilePermissions)0b111_111_111).Should().Be(0);
            else
                Bundle.WithFile(trap, "#!/bin/busybox sh\necho run >>/trapped\n", (UnixFileMode)0b111_101_101);
        }

        Bundle.Args("sleep", "100");
        Call("create").Within(Soon).Run().Should().Be(Silent);
        Runtime.With("start", Id).Within(Soon).Run().Should().Be(Silent);
        Runtime.With("exec", Id, "true").Within(Soon).Run().Should().Be(Silent);
        File.Exists(Bundle.InRootfs("/trapped")).Should().BeFalse();
    }

    // T-A14: with a proc of the host that stays in the container's mount namespace, a user namespace of any process of it
    // could mount one without masks.
    [RuntimeTheory]
    [InlineData("--no-pivot", false, false)]
    [InlineData("--no-pivot", false, true)]
    [InlineData("--no-pivot", true, false)]
    [InlineData("--no-pivot", true, true)]
    [InlineData("", true, true)]
    public void No_process_of_a_container_can_mount_a_proc_without_masks(string option, bool userNamespace, bool second)
    {
        string elsewhere = Directory.CreateDirectory(Path.Combine(Work, "a proc")).FullName;
        Bundle.Process["user"] = new JsonObject { ["uid"] = 1000, ["gid"] = 1000 };
        Bundle.Shell("unshare -Umrpf sh -c 'echo made; mount -t proc proc /tmp 2>/dev/null && echo mounted'; true");
        if (userNamespace)
            Bundle.MapUsers();
        string[] options = option.Length == 0 ? [] : [option];
        Outcome outcome = Call("run", options).Under(
            "unshare", "--mount", "--propagation", "private", "sh", "-ec", $"{(second ? $"mount -t proc proc '{elsewhere}'; " : "")}exec \"$@\"", "sh").Run();
        outcome.Out.Should().Be("made\n");
    }

    // T-A15.
    [RuntimeTheory]
    [InlineData("/")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("/..")]
    [InlineData("")]
    [InlineData("//")]
    [InlineData("/proc/../..")]
    [InlineData("/tmp/../../../..")]
    public void A_mount_over_the_root_stays_the_containers(string destination)
    {
        Bundle other = new(Path.Combine(Work, "other"));
        other.WithFile("/marker", "inside\n");
        Bundle.Mount(destination, "bind", other.Rootfs, "rbind").Args("cat", "/marker");
        Outcome outcome = Call("run").Within(Soon).Run();
        outcome.Out.Should().Be(outcome.Exit == 0 ? "inside\n" : "");
        File.Exists("/marker").Should().BeFalse();
        Unharmed(outcome);
    }

    // T-C1.
    [RuntimeFact]
    public void The_template_hides_what_is_known_to_leak()
    {
        Runtime.With("spec").Cwd(Work).Run().Exit.Should().Be(0);
        JsonObject spec = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Work, "config.json")))!;
        string[] masked = ConformanceCase.Strings(spec["linux"]!["maskedPaths"]);
        masked.Should().Contain(
            ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]);
        string[] readOnly = ConformanceCase.Strings(spec["linux"]!["readonlyPaths"]);
        readOnly.Should().Contain(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]);
        spec["process"]!["terminal"] = false;
        spec["process"]!["args"] = new JsonArray("sh", "-c",
            $"for p in {string.Join(' ', masked)}; do [ ! -f $p ] || head -c 1 $p; [ ! -d $p ] || ls -A $p; done 2>/dev/null; "
            + "for p in /proc/sys/kernel/hostname /proc/sysrq-trigger; do (echo x >$p) 2>/dev/null && echo written $p; done; true");
        Bundle.Edit(c => c.Clear()).Merge(spec);
        Run().Should().Be(Silent);
    }

    // T-C4: a node of the image that is a file of the host is not given another owner or mode.
    [RuntimeFact]
    public void A_device_in_place_of_which_there_is_a_file_of_the_host_leaves_it_alone()
    {
        Syscall.link(Path.Combine(Canary.Path, "regular"), Bundle.InRootfs("/dev/null")).Should().Be(0);
        Syscall.link(Path.Combine(Canary.Path, "passwd"), Bundle.InRootfs("/dev/own")).Should().Be(0);
        foreach (string destination in new[] { "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue" })
            Bundle.NoMount(destination);
        Bundle.Linux["devices"] = new JsonArray(new JsonObject
        {
            ["path"] = "/dev/own",
            ["type"] = "c",
            ["major"] = 1,
            ["minor"] = 3,
            ["fileMode"] = 511,
            ["uid"] = 1000,
            ["gid"] = 1000,
        });
        Bundle.Args("true");
        Unharmed(Call("run").Within(Soon).Run());
    }

    private void Unharmed(Outcome outcome)
    {
        Canary.Changes().Should().BeEmpty(outcome.ToString().Replace("{", "{{").Replace("}", "}}"));
        Leftovers.Mounts(Canary.Path).Should().BeEmpty();
    }
}
