using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Kernel;

namespace OciRun.Tests.Integration;

/// <summary>Namespaces, cgroups, labels and further processes of a container that a real CRIU saves and brings back.</summary>
public sealed class CheckpointVmNamespacesTests : CheckpointVmTest
{
    [VmTheory]
    [Xunit.InlineData(false)]
    [Xunit.InlineData(true)]
    public void A_joined_network_namespace_is_joined_again(bool withDevice)
    {
        string name = Id;
        Execute("ip", "netns", "add", name);
        try
        {
            if (withDevice)
            {
                Shell($"ip link add {name} address 00:11:22:33:44:55 mtu 1789 type dummy && ip address add 169.254.169.77/32 dev {name}");
                Bundle.Linux["netDevices"] = new JsonObject { [name] = new JsonObject { ["name"] = "dev0" } };
            }

            Bundle.Namespace("network", $"/run/netns/{name}");
            Begin(View.Cgroupfs, Counting);
            string joined = UnixLink($"/proc/{Pid()}/ns/net");
            for (int round = 0; round < 2; round++)
            {
                Checkpoint("--manage-cgroups-mode", "ignore").Should().Be(Silent);
                Restore("--detach", "--manage-cgroups-mode", "ignore").Should().Be(Silent);
                UnixLink($"/proc/{Pid()}/ns/net").Should().Be(joined);
                Counts();
                if (withDevice)
                    Runtime.Run("exec", Id, "ip", "address", "show", "dev", "dev0").Out.Should().Contain("169.254.169.77/32").And.Contain("00:11:22:33:44:55").And.Contain("mtu 1789");
            }
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
            Execute("ip", "netns", "delete", name);
        }
    }

    [VmTheory]
    [Xunit.InlineData(View.Cgroupfs)]
    [Xunit.InlineData(View.Systemd)]
    public void Another_cgroup_can_be_chosen_at_the_restore(View view)
    {
        string other = NewId();
        Bundle.Linux["resources"] = JsonNode.Parse("""{"pids": {"limit": 20}}""");
        Begin(view, Counting);
        string before = UpdateTests.Cgroup(Pid());
        Checkpoint("--manage-cgroups-mode", "ignore").Should().Be(Silent);
        Directory.Exists(before).Should().BeFalse();
        Bundle.Linux["cgroupsPath"] = ((string)Bundle.Linux["cgroupsPath"]!).Replace(Id, other);
        Bundle.Linux["resources"] = JsonNode.Parse("""{"pids": {"limit": 30}}""");
        Restore("--detach", "--manage-cgroups-mode", "ignore").Should().Be(Silent);
        Directory.Exists(before).Should().BeFalse();
        string after = UpdateTests.Cgroup(Pid());
        after.Should().Contain(other);
        File.ReadAllText(after + "/pids.max").Should().Be("30\n");
        Counts();
    }

    [VmTheory]
    [Xunit.InlineData("soft")]
    [Xunit.InlineData("ignore")]
    public void A_cgroup_namespace_is_made_again(string mode)
    {
        Bundle.Namespace("cgroup");
        Begin(View.Cgroupfs, Counting);
        Checkpoint("--manage-cgroups-mode", mode).Should().Be(Silent);
        Restore("--detach", "--manage-cgroups-mode", mode).Should().Be(Silent);
        Counts();
        UpdateTests.Cgroup(Pid()).Should().EndWith(Id);
        UnixLink($"/proc/{Pid()}/ns/cgroup").Should().NotBe(UnixLink("/proc/self/ns/cgroup"));
        Runtime.Run("exec", Id, "ls", "/sys/fs/cgroup").Out.Should().Contain("cgroup.procs").And.NotContain(Id, "the container's own cgroup is the root");
        Runtime.Run("exec", Id, "cat", "/proc/1/cgroup").Out.Should().EndWith("0::/\n");
    }

    // CRIU ends the call in which a process sleeps, which busybox's sleep takes for the end of the time, under any runtime.
    [VmFact]
    public void Processes_of_exec_are_saved_too()
    {
        Begin(View.Cgroupfs, Counting);
        string executed = "";
        for (int round = 0; round < 2; round++)
        {
            Checkpoint("--manage-cgroups-mode", "ignore").Should().Be(Silent);
            Restore("--detach", "--manage-cgroups-mode", "ignore").Should().Be(Silent);
            if (executed.Length > 0)
                Runtime.Run("exec", Id, "ls", "-d", $"/proc/{executed}").Exit.Should().Be(0, "the process of before is there");
            executed = Runtime.Run("exec", Id, "sh", "-c", "(while :; do sleep 1; done) </dev/null >/dev/null 2>&1 & echo $!").Out.Trim();
            executed.Should().NotBeEmpty();
        }
    }

    [VmFact]
    public void Another_profile_of_AppArmor_can_be_chosen_at_the_restore()
    {
        string first = "ocirun-first-" + Id;
        string second = "ocirun-second-" + Id;
        using ApparmorProfile profiles = new(Work, "  file,\n  capability,\n  mount,\n  network,\n  signal,\n  ptrace,\n  unix,", first, second);
        try
        {
            Bundle.Process["apparmorProfile"] = first;
            Begin(View.Cgroupfs, Counting);
            Label().Should().Be($"{first} (enforce)\n");
            Checkpoint("--leave-running").Should().Be(Silent);
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Restore("--detach").Should().Be(Silent);
            Label().Should().Be($"{first} (enforce)\n");
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Restore("--detach", "--lsm-profile", $"apparmor:{second}").Should().Be(Silent);
            Label().Should().Be($"{second} (enforce)\n");
            Counts();
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Restore("--detach", "--lsm-profile", "apparmor:none-such").Err.Should().Contain("criu failed: type RESTORE");
            Restore("--detach", "--lsm-profile", "selinux:x:y:z:s0").Err.Should().Contain("criu failed: type RESTORE");
        }
        finally
        {
            Runtime.Run("delete", "--force", Id);
        }
    }

    [VmFact]
    public void A_configuration_file_of_the_container_wins()
    {
        string options = Path.Combine(Work, "criu.conf");
        File.WriteAllText(options, "log-file=own.log\n");
        Bundle.Config["annotations"] = new JsonObject { ["org.criu.config"] = options };
        Begin(View.Cgroupfs, Counting);
        Checkpoint().Should().Be(Silent);
        File.Exists(Path.Combine(Images, "own.log")).Should().BeTrue();
        File.Delete(Path.Combine(Images, "own.log"));
        Restore("--detach").Should().Be(Silent);
        File.Exists(Path.Combine(Images, "own.log")).Should().BeTrue();
        File.Exists(Path.Combine(Images, "restore.log")).Should().BeFalse();
        Counts();
    }

    [VmFact]
    public void A_terminal_goes_on_twice()
    {
        Bundle.Process["terminal"] = true;
        Bundle.Shell("while read word; do echo got $word >>/count; done");
        Use(View.Cgroupfs);
        Fd master = Console("run", "first", "--detach");
        for (int round = 0; round < 2; round++)
        {
            Checkpoint("--manage-cgroups-mode", "ignore").Should().Be(Silent);
            master.Dispose();
            master = Console("restore", $"again{round}", [.. NoLock, "--image-path", Images, "--detach", "--manage-cgroups-mode", "ignore"]);
            Sys.write(master.Number, "word\n"u8);
            Eventually(() => Lines() == round + 1, "it reads on");
        }

        master.Dispose();
    }

    private string Label() => File.ReadAllText($"/proc/{Pid()}/attr/current");

    private static string UnixLink(string path) => new FileInfo(path).LinkTarget!;
}
