using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// A container without a mount namespace has its mounts in the caller's, below its rootfs, for as long as it lasts.
/// </summary>
public sealed class MountsWithoutNamespaceTests : RuntimeTest
{
    public MountsWithoutNamespaceTests()
    {
        Bundle.NoNamespace("mount");
        Bundle.Linux.Remove("maskedPaths");
        Bundle.Linux.Remove("readonlyPaths");
    }

    private string Table => string.Concat(Leftovers.Mounts(Work));

    // Bundle and source are on mounts that the host shares, as systemd makes all of its own.
    [RuntimeFact]
    public void The_mounts_are_there_until_the_container_is_deleted()
    {
        string source = Path.Combine(Work, "source");
        Directory.CreateDirectory(source);
        Execute("mount", "-t", "tmpfs", "source", source);
        Execute("mount", "--bind", Bundle.Path, Bundle.Path);
        Execute("mount", "--make-shared", source);
        Execute("mount", "--make-shared", Bundle.Path);
        File.WriteAllText(Path.Combine(source, "file"), "of the host");
        Bundle.Mount("/data", "", source, "rbind", "ro").Mount("/data", "tmpfs", "tmpfs")
            .Shell("ls /data; readlink /proc/self; ls /dev/null; sleep 30");

        try
        {
            CreateAndStart();

            Leftovers.Mounts(Bundle.Rootfs).Should().HaveCountGreaterThan(5).And.Contain(line => line.Contains("/data "));
            Leftovers.Mounts(Bundle.Rootfs).Should().NotContain(line => line.Contains("shared:"), "nothing on them may travel");
            Leftovers.Mounts(source).Should().ContainSingle();
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Leftovers.Mounts(Bundle.Rootfs).Should().BeEmpty();
            File.ReadAllText(Path.Combine(source, "file")).Should().Be("of the host");
        }
        finally
        {
            Execute("umount", "-lR", source);
            Execute("umount", "-lR", Bundle.Path);
        }
    }

    [RuntimeFact]
    public void A_run_takes_them_away_at_its_end()
    {
        Bundle.Shell("grep -c ' - proc ' /proc/self/mountinfo >/dev/null && ls -d /proc/self /dev/null");

        Run().Should().Be(new Outcome(0, "/dev/null\n/proc/self\n", ""));

        Table.Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_failure_takes_them_away()
    {
        Bundle.Args("/no/such/program");

        Create().Exit.Should().NotBe(0);

        Table.Should().BeEmpty();
    }

    [RuntimeFact]
    public void A_read_only_root_is_so_for_the_container_alone()
    {
        Bundle.Shell("touch /new 2>&1; echo $?").Edit(config => config["root"]!["readonly"] = true);

        Outcome outcome = Run();

        outcome.Out.Should().Contain("Read-only file system").And.EndWith("1\n");
        File.WriteAllText(Bundle.InRootfs("/still-writable"), "");
    }

    [RuntimeFact]
    public void Without_mounts_nothing_is_mounted()
    {
        Bundle.Args("/bin/true").Edit(config => config["mounts"] = new JsonArray());
        string before = File.ReadAllText("/proc/self/mountinfo");

        Create().Should().Be(Silent);

        File.ReadAllText("/proc/self/mountinfo").Should().Be(before);
    }

    /// <summary>What somebody else mounted there meanwhile is not the container's.</summary>
    [RuntimeFact]
    public void Another_mount_at_that_place_stays()
    {
        Bundle.Args("sleep", "30");
        CreateAndStart();
        Execute("umount", "-lR", Bundle.Rootfs);
        Execute("mount", "-t", "tmpfs", "other", Bundle.Rootfs);

        try
        {
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);

            Leftovers.Mounts(Bundle.Rootfs).Single().Should().Contain(" - tmpfs other ");
        }
        finally
        {
            Execute("umount", Bundle.Rootfs);
        }
    }

    [RuntimeTheory]
    [InlineData("user", "a user namespace needs a mount namespace for this")]
    [InlineData("root", "a mount over the root needs a mount namespace")]
    public void What_cannot_be_is_refused(string what, string message)
    {
        if (what == "root")
        {
            Bundle.Mount("/", "tmpfs", "tmpfs");
        }
        else
        {
            Bundle.MapUsers();
        }

        Outcome outcome = Create();

        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(message).And.Contain("linux.namespaces");
    }
}
