using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>Mounts of a container that a real CRIU saves and brings back (features.md CPB03).</summary>
public sealed class CheckpointVmMountsTests : CheckpointVmTest
{
    [VmFact]
    public void Nested_binds_come_back_with_their_mount_points()
    {
        string outer = Folder("outer");
        string inner = Folder("inner");
        Bundle.Mount("/test", "bind", outer, "rw", "bind").Mount("/test/for/nested", "bind", inner, "rw", "bind");
        Begin(View.Cgroupfs, Counting);
        Checkpoint().Should().Be(Silent);
        Directory.Delete(Path.Combine(outer, "for"), recursive: true);

        Restore("--detach").Should().Be(Silent);

        Counts();
        Runtime.Run("exec", Id, "touch", "/test/one", "/test/for/nested/two").Should().Be(Silent);
        File.Exists(Path.Combine(outer, "one")).Should().BeTrue();
        File.Exists(Path.Combine(inner, "two")).Should().BeTrue();
    }

    [VmFact]
    public void Links_on_both_ends_of_a_bind_are_followed()
    {
        File.WriteAllText(Path.Combine(Work, "real"), "text\n");
        File.CreateSymbolicLink(Path.Combine(Work, "link"), "real");
        Directory.CreateDirectory(Bundle.InRootfs("/real/conf"));
        Directory.CreateSymbolicLink(Bundle.InRootfs("/conf"), "/real/conf");
        Bundle.Mount("/conf", "none", ".", "bind").Mount("/etc/text", "none", Path.Combine(Work, "link"), "bind", "ro");
        Begin(View.Cgroupfs, Counting);
        for (int round = 0; round < 2; round++)
        {
            Checkpoint().Should().Be(Silent);
            Restore("--detach").Should().Be(Silent);
            Runtime.Run("exec", Id, "sh", "-c", "cat /etc/text; ls /real/conf/config.json; touch /etc/text 2>/dev/null || echo fixed")
                .Should().Be(new Outcome(0, "text\n/real/conf/config.json\nfixed\n", ""));
        }
    }

    [VmTheory]
    [Xunit.InlineData("rslave")]
    [Xunit.InlineData("rprivate")]
    public void Mounts_that_a_recursive_bind_brought_come_back(string propagation)
    {
        string tree = Folder("tree");
        string other = Folder("other");
        Directory.CreateDirectory(Path.Combine(tree, "bound"));
        Directory.CreateDirectory(Path.Combine(tree, "fs"));
        Shell($"mount -t tmpfs tmpfs '{tree}/fs' && echo on >'{tree}/fs/file' && mount --bind '{other}' '{tree}/bound' && echo on >'{other}/file'");
        try
        {
            Bundle.Mount("/data", "none", tree, "rbind", propagation);
            Begin(View.Cgroupfs, Counting);
            Checkpoint().Should().Be(Silent);
            Restore("--detach").Should().Be(Silent);
            Counts();
            Runtime.Run("exec", Id, "sh", "-c", "cat /data/fs/file /data/bound/file; touch /data/fs/mine").Should().Be(new Outcome(0, "on\non\n", ""));
            File.Exists(Path.Combine(tree, "fs", "mine")).Should().BeTrue();
            Shell($"mount -t tmpfs tmpfs '{tree}/fs'");
            Runtime.Run("exec", Id, "ls", "/data/fs").Out.Should().Be(propagation == "rslave" ? "" : "file\nmine\n");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Shell($"umount '{tree}/fs'; umount '{tree}/fs'; umount '{tree}/bound'");
        }
    }

    [VmFact]
    public void A_read_only_root_stays_so()
    {
        Bundle.Config["root"]!["readonly"] = true;
        Bundle.Mount("/tmp", "tmpfs", "tmpfs");
        Begin(View.Cgroupfs, "i=0; while :; do i=$((i + 1)); echo $i >/tmp/count; sleep 0.05; done");
        Checkpoint().Should().Be(Silent);
        Restore("--detach").Should().Be(Silent);
        Runtime.Run("exec", Id, "sh", "-c", "touch /file 2>&1; cat /tmp/count >/dev/null").Out.Should().Contain("Read-only file system");
    }

    // The one mount of the host that CRIU takes the propagation of both from shows one of them only.
    [VmFact]
    public void What_CRIU_could_not_restore_is_not_ended()
    {
        string source = Folder("source");
        string narrow = Folder("narrow");
        string rootfs = Bundle.Rootfs;
        Execute("mount", "--bind", rootfs, narrow);
        try
        {
            Bundle.Config["root"]!["path"] = narrow;
            Bundle.Mount("/data", "none", source, "bind");
            Begin(View.Cgroupfs, Counting);
            Checkpoint().Err.Should().Contain("mounts \\\"/data\\\": CRIU could not restore this mount").And.Contain(narrow);
            Counts();
            Checkpoint("--leave-running").Should().Be(Silent);
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Restore("--detach").Err.Should().Contain("Failed to copy sharing");
            Bundle.Config["root"]!["path"] = rootfs;
            Restore("--detach").Should().Be(Silent);
            Counts();
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("umount", narrow);
        }
    }

    private string Folder(string name) => Directory.CreateDirectory(Path.Combine(Work, name)).FullName;
}
