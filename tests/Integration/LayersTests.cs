using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Root file systems from layers, docs/layers.md.</summary>
public sealed class LayersTests : LayersTest
{
    [RuntimeFact]
    public void One_layer_is_read_only()
    {
        Bundle.WithFile("/etc/file", "base\n").Shell("cat /etc/file; touch /new || touch /etc/file");
        Run(Flags([Base])).Should().Be(new Outcome(1, "base\n", "touch: /new: Read-only file system\ntouch: /etc/file: Read-only file system\n"));
        File.Exists(Bundle.InRootfs("/new")).Should().BeFalse();
        HostMountsAreUnchanged();
    }

    /// <summary>Nothing can be made there, and nothing needs to be.</summary>
    [RuntimeFact]
    public void A_read_only_layer_may_have_its_own_dev()
    {
        string dev = Bundle.InRootfs("/dev");
        string[] nodes = ["null 1 3", "zero 1 5", "full 1 7", "random 1 8", "urandom 1 9", "tty 5 0"];
        foreach (string[] node in nodes.Select(node => node.Split(' ')))
            Execute("mknod", "-m", "666", Path.Combine(dev, node[0]), "c", node[1], node[2]);
        string[] links = ["fd /proc/self/fd", "stdin /proc/self/fd/0", "stdout /proc/self/fd/1", "stderr /proc/self/fd/2", "core /proc/kcore", "ptmx pts/ptmx"];
        foreach (string[] link in links.Select(link => link.Split(' ')))
            File.CreateSymbolicLink(Path.Combine(dev, link[0]), link[1]);
        foreach (string place in new[] { "/dev/mqueue", "/dev/shm", "/dev/pts", "/dev", "/sys/fs/cgroup" })
            Bundle.NoMount(place);
        Bundle.Shell("readlink /dev/ptmx; echo >/dev/null && echo written");

        Run(Flags([Base])).Should().Be(new Outcome(0, "pts/ptmx\nwritten\n", ""));
    }

    [RuntimeFact]
    public void The_first_of_three_layers_is_the_top_most()
    {
        Bundle.WithFile("/etc/file", "base\n").Shell("cat /etc/file /etc/middle /etc/top; touch /new");
        string middle = Layer("middle", ("etc/file", "middle"), ("etc/middle", "middle"));
        string top = Layer("top", ("etc/file", "top"), ("etc/top", "top"));
        Run(Flags([top, middle, Base])).Should().Be(new Outcome(1, "top\nmiddle\ntop\n", "touch: /new: Read-only file system\n"));
        HostMountsAreUnchanged();
    }

    [RuntimeTheory]
    [InlineData(300)]
    [InlineData(500)]
    public void Hundreds_of_layers_are_mounted(int count)
    {
        Bundle.Shell("ls /n | wc -l; cat /top; touch /new && echo written");
        Run(Flags(Many(count), "--ephemeral")).Should().Be(new Outcome(0, $"{count - 1}\n0\nwritten\n", ""));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void Whiteouts_and_opaque_directories_hide_what_is_below()
    {
        Bundle.WithFile("/data/gone", "").WithFile("/data/marked", "").WithFile("/data/kept", "").WithFile("/opaque/old", "");
        string top = Layer("top", ("opaque/new", ""), ("data/marked", ""));
        Whiteout(Path.Combine(top, "data", "gone"));
        File.WriteAllText(Path.Combine(top, "data", "marked"), "");
        Attribute(Path.Combine(top, "data"), "trusted.overlay.opaque", "x");
        Attribute(Path.Combine(top, "data", "marked"), "trusted.overlay.whiteout", "");
        Attribute(Path.Combine(top, "opaque"), "trusted.overlay.opaque", "y");
        Bundle.Shell("ls /data /opaque");
        Run(Flags([top, Base])).Should().Be(new Outcome(0, "/data:\nkept\n\n/opaque:\nnew\n", ""));
    }

    [RuntimeFact]
    public void Upper_keeps_what_is_written()
    {
        string[] flags = Flags([Layer("top", ("etc/top", "top")), Base], Writable());
        Bundle.Shell("echo kept > /new; rm /etc/top /etc/passwd; ls /etc");
        Run(flags).Should().Be(new Outcome(0, "group\n", ""));
        File.ReadAllText(Path.Combine(Work, "upper", "new")).Should().Be("kept\n");
        File.Exists(Bundle.InRootfs("/etc/passwd")).Should().BeTrue("layers are never written to");
        Bundle.Shell("cat /new; ls /etc");
        Run(flags).Should().Be(new Outcome(0, "kept\ngroup\n", ""));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void Ephemeral_drops_what_is_written()
    {
        File.SetUnixFileMode(Base, (UnixFileMode)0b111_101_000);
        Bundle.Shell("ls /new 2>/dev/null; echo x > /new; mkdir -p /made/by/me; rm /etc/passwd; cat /new; stat -c %a:%u /; grep -c ' / / ' /proc/self/mountinfo; ls /..");
        for (int i = 0; i < 2; i++)
        {
            Outcome outcome = Run(Flags([Base], "--ephemeral"));
            outcome.Should().Be(new Outcome(0, "x\n750:0\n1\nbin\ndev\netc\nmade\nmnt\nnew\nproc\nroot\nsys\ntmp\n", ""));
        }

        HostMountsAreUnchanged();
    }

    [RuntimeTheory]
    [InlineData("--ephemeral")]
    [InlineData("")]
    public void Nothing_of_the_host_is_left_below_the_root(string flag)
    {
        Bundle.Shell("awk '$5 == \"/\"' /proc/self/mountinfo | wc -l; ls -d /../../bundle /..//upper 2>&1 | wc -l; ls -A /root");
        string[] flags = Flags([Layer("top", ("etc/top", "top")), Base], flag.Length > 0 ? [flag] : []);
        Run(flags).Should().Be(new Outcome(0, "1\n2\n", ""));
        Run([.. flags, "--no-pivot"]).Exit.Should().Be(0);
    }

    [RuntimeTheory]
    [InlineData("missing")]
    [InlineData("place")]
    [InlineData("/nowhere/at/all")]
    [InlineData("/")]
    [InlineData("rootfs")]
    public void The_path_of_the_root_need_not_exist(string path)
    {
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "place"));
        Bundle.Config["root"] = new JsonObject { ["path"] = path };
        Bundle.Shell("cat /etc/top; echo x > /new");
        Create(Flags([Layer("top", ("etc/top", "top")), Base], "--ephemeral")).Should().Be(Silent);
        ((string)State()["rootfs"]!).Should().Be(Path.Combine(Bundle.Path, path));
        HostMountsAreUnchanged();
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it ends");
        Directory.GetFileSystemEntries(Path.Combine(Bundle.Path, "place")).Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_read_only_root_is_not_written_to()
    {
        Bundle.Config["root"] = new JsonObject { ["readonly"] = true };
        Bundle.Mount("/data/new", "tmpfs", "tmpfs").Shell("touch /data/new/x && touch /new");
        Run(Flags([Base], Writable())).Should().Be(new Outcome(1, "", "touch: /new: Read-only file system\n"));
        Directory.Exists(Path.Combine(Work, "upper", "data", "new")).Should().BeTrue("mount points are made before");
        Outcome missing = Run(Flags([Base]));
        missing.Exit.Should().Be(1);
        missing.Err.Should().Contain("mounts[7]").And.Contain("EROFS").And.Contain("upper");
        Directory.Exists(Bundle.InRootfs("/data")).Should().BeFalse();
    }

    [RuntimeTheory]
    [InlineData("a:b\\:c:rootfs")]
    [InlineData("[\"a\", \"b:c\", \"rootfs\"]")]
    public void Annotations_name_the_layers(string lower)
    {
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "a", "etc"));
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "b:c", "etc"));
        File.WriteAllText(Path.Combine(Bundle.Path, "a", "etc", "file"), "a\n");
        File.WriteAllText(Path.Combine(Bundle.Path, "b:c", "etc", "file"), "b\n");
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "up"));
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "work"));
        JsonObject annotations = new()
        {
            ["run.ocirun.rootfs.lower"] = lower,
            ["run.ocirun.rootfs.upper"] = "up",
            ["run.ocirun.rootfs.work"] = "work",
        };
        Bundle.Config["annotations"] = annotations;
        Bundle.Shell("cat /etc/file; echo x > /new");
        Run().Should().Be(new Outcome(0, "a\n", ""));
        File.Exists(Path.Combine(Bundle.Path, "up", "new")).Should().BeTrue();

        Run("--layer", "b:c", "--layer", "rootfs", "--ephemeral").Should().Be(new Outcome(0, "b\n", ""), "flags win");
        annotations.Remove("run.ocirun.rootfs.upper");
        annotations.Remove("run.ocirun.rootfs.work");
        annotations["run.ocirun.rootfs.volatile"] = "tmpfs";
        Run().Should().Be(new Outcome(0, "a\n", ""));
    }

    [RuntimeFact]
    public void Plan_and_validate_take_the_flags()
    {
        Bundle.Save();
        string[] flags = Flags(["absent", Base], "--ephemeral");
        Outcome plan = Runtime.Run(["plan", .. flags, Bundle.Path]);
        plan.Out.Should().Contain($"open layer                \"{Bundle.Path}/absent\"  [--layer[0] \"absent\"]")
            .And.Contain("mount layers              2 layers, upper in tmpfs");
        Outcome validate = Runtime.Run(["validate", .. flags, Bundle.Path]);
        validate.Exit.Should().Be(1);
        validate.Out.Should().Contain("--layer[0] \"absent\"").And.Contain("ENOENT");
        Runtime.Run(["validate", "--layer", Base, "--ephemeral", Bundle.Path]).Should().Be(Silent);
    }

    [RuntimeFact]
    public void A_killed_create_leaves_nothing_mounted()
    {
        Bundle.Args("sleep", "100");
        string[] flags = Flags(Many(20), "--ephemeral");
        for (int i = 0; i < 30; i++)
        {
            Runtime.Call call = Call("create", flags);
            using Process create = call.Start();
            Thread.Sleep(TimeSpan.FromMicroseconds(i * 500));
            create.Kill();
            create.WaitForExit();
            HostMountsAreUnchanged();
            Runtime.Run("delete", "--force", Id);
            Eventually(() => !Leftovers.Processes(Work, [Id]).Any(), "no process holds the layers");
        }

        HostMountsAreUnchanged();
    }
}
