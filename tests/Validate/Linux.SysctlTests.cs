using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxSysctlTests
{
    private const string HostOnly = "set it on the host, for all containers, or remove it";

    private static readonly string[] All = ["ipc", "network", "uts", "user"];

    public static TheoryData<string, string> Namespaced
    {
        get
        {
            TheoryData<string, string> data = [];
            string[] ipc =
            [
                "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
                "kernel.shmmni", "kernel.shm_rmid_forced", "kernel/shmmax", "fs.mqueue.msg_max", "fs/mqueue/queues_max",
            ];
            foreach (string key in ipc)
                data.Add(key, "ipc");
            string[] network =
            [
                "net.ipv4.ip_forward", "net/ipv4/ip_forward", "net.ipv4.conf.eno1/100.forwarding",
                "net/ipv4/conf/eno1.100/forwarding",
            ];
            foreach (string key in network)
                data.Add(key, "network");
            data.Add("kernel.domainname", "uts");
            data.Add("kernel/domainname", "uts");
            data.Add("user.max_user_namespaces", "user");
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Namespaced))]
    public void A_key_needs_its_namespace_new_or_joined(string key, string type)
    {
        string expected = $"linux.sysctl[\"{key}\"]: sysctl \"{key}\" is not in a separate kernel namespace; "
            + $"add {{\"type\": \"{type}\"}} to linux.namespaces";
        Sysctl(key, "").Should().Equal(expected);
        string others = string.Join(", ", All.Where(other => other != type).Select(Joined));
        Sysctl(key, others).Should().Equal(expected);
        Sysctl(key, Joined(type)).Should().BeEmpty();
        if (type != "user")
            Sysctl(key, $$"""{"type": "{{type}}"}""").Should().BeEmpty();
    }

    [Theory]
    [InlineData("vm.swappiness")]
    [InlineData("kernel.core_pattern")]
    [InlineData("kernel/core_pattern")]
    [InlineData("kernel")]
    [InlineData("net")]
    [InlineData("network.x")]
    [InlineData("fs.mqueue")]
    [InlineData("fs.mqueuex")]
    [InlineData("fs.file-max")]
    [InlineData("kernel.shmmaxx")]
    [InlineData("kernel.shmmax.x")]
    [InlineData("kernel.sem+kernel.core_pattern")]
    [InlineData("kernel/core_pattern.sem")]
    [InlineData("kernel.msgmax/x")]
    [InlineData("user/")]
    [InlineData("Net.ipv4.ip_forward")]
    [InlineData("kernel.ostype")]
    public void Other_keys_are_the_machines(string key)
    {
        string all = string.Join(", ", All.Select(Joined));
        string[] expected = key.EndsWith('/')
            ? [$"linux.sysctl[\"{key}\"]: not the name of a sysctl; write it like net.ipv4.ip_forward or net/ipv4/ip_forward"]
            : [$"linux.sysctl[\"{key}\"]: sysctl \"{key}\" is not in a separate kernel namespace; {HostOnly}"];
        Sysctl(key, all).Should().Equal(expected);
    }

    [Theory]
    [InlineData("kernel.hostname")]
    [InlineData("kernel/hostname")]
    public void The_host_name_has_its_own_field(string key) =>
        Sysctl(key, Joined("uts")).Should().Equal($"linux.sysctl[\"{key}\"]: the host name has a field of its own; use hostname");

    [Theory]
    [InlineData("", "")]
    [InlineData(".net.ipv4", ".net.ipv4")]
    [InlineData("/net/ipv4/ip_forward", "/net/ipv4/ip_forward")]
    [InlineData("net..ipv4", "net..ipv4")]
    [InlineData("net//ipv4", "net//ipv4")]
    [InlineData("net.", "net.")]
    [InlineData("net/../kernel/core_pattern", "net/../kernel/core_pattern")]
    [InlineData("net.//.kernel.core_pattern", "net.//.kernel.core_pattern")]
    [InlineData("net/./x", "net/./x")]
    [InlineData("net./.x", "net./.x")]
    [InlineData("net/x/..", "net/x/..")]
    [InlineData("net.x y", "net.x y")]
    [InlineData("net.x\\ty", "net.x\\ty")]
    [InlineData("net.x\\n", "net.x\\n")]
    [InlineData(" net.x", " net.x")]
    [InlineData("net.x\\u007f", "net.x\\x7f")]
    public void Malformed_keys_are_no_sysctls(string json, string shown) =>
        Sysctl(json, Joined("network")).Should().Equal(
            $"linux.sysctl[\"{shown}\"]: not the name of a sysctl; write it like net.ipv4.ip_forward or net/ipv4/ip_forward");

    [Fact]
    public void Three_dots_are_a_name() => Sysctl("net/.../x", Joined("network")).Should().BeEmpty();

    [Theory]
    [InlineData("1\\n", "1\\n")]
    [InlineData("\\n1", "\\n1")]
    [InlineData("1\\n2", "1\\n2")]
    public void A_value_is_one_line(string json, string shown) =>
        Sysctl("net.x", Joined("network"), json).Should().Equal(
            $"linux.sysctl[\"net.x\"] \"{shown}\": a value is a single line; remove the newline");

    [Theory]
    [InlineData("")]
    [InlineData("1 2\\t3")]
    public void A_value_may_be_empty_or_have_spaces(string json) => Sysctl("net.x", Joined("network"), json).Should().BeEmpty();

    private static string Joined(string type) => $$"""{"type": "{{type}}", "path": "/proc/1/ns/x"}""";

    private static string[] Sysctl(string key, string namespaces, string value = "1") =>
        Validating.Linux($$"""
            "namespaces": [{{namespaces}}], "sysctl": {"{{key}}": "{{value}}"}
            """);
}
