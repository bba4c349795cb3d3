using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// linux.sysctl where the runtime's own namespaces or interfaces matter (features.md §2.14): the "host" is always a
/// namespace made for the test.
/// </summary>
[Trait("Category", "Conformance")]
public sealed class SysctlTests : RuntimeTest
{
    [RuntimeTheory]
    [InlineData("network", "net", "net.ipv4.ip_forward", "1", "/proc/sys/net/ipv4/ip_forward")]
    [InlineData("ipc", "ipc", "kernel.msgmax", "9000", "/proc/sys/kernel/msgmax")]
    [InlineData("uts", "uts", "kernel.domainname", "changed", "/proc/sys/kernel/domainname")]
    public void A_parameter_of_the_runtimes_own_namespace_is_refused(string type, string file, string key, string value, string path)
    {
        Bundle.Edit(c => c.Remove("hostname")).Namespace(type, "/proc/self/ns/" + file).Args("true");
        Bundle.Linux["sysctl"] = new JsonObject { [key] = value };

        Outcome outcome = Call("run").Under(
            "unshare", "--" + file, "sh", "-c", $"before=$(cat {path}); \"$@\"; code=$?; [ \"$before\" = \"$(cat {path})\" ] && echo same; exit $code", "sh").Run();

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Out.Should().Be("same\n");
        outcome.Err.Should().Contain(key);
    }

    [RuntimeFact]
    public void A_parameter_of_another_namespace_by_path_is_set()
    {
        Bundle.Shell("cat /proc/sys/net/ipv4/ip_forward");
        Bundle.Linux["sysctl"] = new JsonObject { ["net.ipv4.ip_forward"] = "1" };
        Bundle.Namespace("network", $"{Work}/netns");

        Outcome outcome = Call("run").Under(
            "unshare", "--mount", "sh", "-ec", $"touch {Work}/netns; unshare --net={Work}/netns true; exec \"$@\"", "sh").Run();

        outcome.Should().Be(new Outcome(0, "1\n", ""));
    }

    // security.md, B2: what somebody has mounted over a parameter must not get its value.
    [RuntimeTheory]
    [InlineData("openat2,fsopen", true, 1)]
    [InlineData("openat2,fsopen", false, 0)]
    [InlineData("fsopen", true, 1)]
    [InlineData("openat2", true, 0)]
    public void A_parameter_that_is_covered_is_not_written_through_the_hosts_proc(string missing, bool covered, int exit)
    {
        if (!Runtime.IsOcirun)
            return;
        Bundle.Args("true").Linux["sysctl"] = new JsonObject { ["kernel.domainname"] = "changed" };
        string mount = covered ? "mount --bind /proc/sys/kernel/hostname /proc/sys/kernel/domainname" : "true";
        Outcome outcome = Call("run").Under(
            ["unshare", "--mount", "sh", "-ec", $"{mount}; exec \"$@\"", "sh", Nosys.Install(Work), "ENOSYS", missing]).Run();
        outcome.Exit.Should().Be(exit, outcome.ToString());
        if (exit == 1)
            outcome.Err.Should().Contain("linux.sysctl").And.Contain("EXDEV");
    }

    [RuntimeTheory]
    [InlineData("net.ipv4.conf.eth0/100.forwarding")]
    [InlineData("net/ipv4/conf/eth0.100/forwarding")]
    public void The_first_separator_decides(string key)
    {
        Bundle.Shell("cat /proc/sys/net/ipv4/conf/eth0.100/forwarding");
        Bundle.Linux["sysctl"] = new JsonObject { [key] = "1" };
        Bundle.Namespace("network", $"{Work}/netns");

        Outcome outcome = Call("run").Under(
            "unshare",
            "--mount",
            "sh",
            "-ec",
            $"touch {Work}/netns; unshare --net={Work}/netns busybox ip link add eth0.100 type veth; exec \"$@\"",
            "sh").Run();

        outcome.Should().Be(new Outcome(0, "1\n", ""));
    }
}
