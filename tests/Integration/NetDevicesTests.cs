using System;
using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// linux.netDevices (features.md §2.10). The "host" of every test is a network namespace of its own with pairs of
/// veth interfaces: the machine's interfaces are never touched.
/// </summary>
[Trait("Category", "Conformance")]
public sealed class NetDevicesTests : RuntimeTest
{
    private const string Links = """
        set -e
        ip link add v0 type veth peer name p0; ip link set p0 up
        ip link add v1 type veth peer name p1; ip link set p1 up
        ip addr add 10.1.0.1/24 brd 10.1.0.255 dev v0
        ip addr add 10.1.0.2 peer 10.9.9.9/32 dev v0
        ip addr add 169.254.1.1/16 scope link dev v0
        ip -6 addr add fd00::1/64 dev v0 nodad
        ip -6 addr add fd00::2/64 dev v0 nodad valid_lft 1000 preferred_lft 1000
        ip link set v0 up
        set +e

        """;

    private const string Show = "ip -o link show v0 | grep -c UP; ip -o addr show dev v0 scope global | tr -s ' ' | cut -d' ' -f2-6 >&2";

    [NetworkFact]
    public void An_interface_moves_with_its_name_and_permanent_global_addresses()
    {
        Bundle.Shell("ip -o addr show dev net0 | grep -v fe80: | sed 's/ *flags.*//; s/\\\\.*//' | tr -s ' '; ip -o link show net0 | grep -c 'UP,LOWER_UP'");
        Devices("v0", "net0");

        Outcome outcome = RunThen("ip -o link show v0 2>&1 | cut -d' ' -f1-4");

        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Should().MatchRegex(
            @"^\d+: net0 inet 10\.1\.0\.1/24 brd 10\.1\.0\.255 scope global net0\s*\n" +
            @"\d+: net0 inet 10\.1\.0\.2 peer 10\.9\.9\.9/32 scope global net0\s*\n" +
            @"\d+: net0 inet6 fd00::1/64 scope global\s*\n" +
            "1\n" + "Device \"v0\" does not\n$");
    }

    [NetworkFact]
    public void The_name_stays_without_another_and_a_template_takes_a_free_number()
    {
        Bundle.Shell("ls /sys/class/net");
        Bundle.Linux["netDevices"] = System.Text.Json.Nodes.JsonNode.Parse("{\"v0\": {\"name\": \"lo%d\"}, \"v1\": {}}");

        Outcome outcome = RunThen("true");

        outcome.Should().Be(new Outcome(0, "lo\nlo0\nv1\n", ""));
    }

    [NetworkFact]
    public void An_interface_can_move_into_a_user_namespace()
    {
        Bundle.Namespace("user").Shell("ip -o addr show dev net0 | grep -c 10.1.0.1/24");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 65536);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 65536);
        Devices("v0", "net0");

        RunThen("true").Should().Be(new Outcome(0, "1\n", ""));
    }

    [NetworkFact]
    public void A_parameter_of_the_interface_can_be_set()
    {
        Bundle.Shell("cat /proc/sys/net/ipv4/conf/net0/forwarding");
        Bundle.Linux["sysctl"] = new System.Text.Json.Nodes.JsonObject { ["net.ipv4.conf.net0.forwarding"] = "1" };
        Devices("v0", "net0");

        RunThen("true").Should().Be(new Outcome(0, "1\n", ""));
    }

    [NetworkTheory]
    [InlineData("")]
    [InlineData("user")]
    public void A_creation_that_fails_later_gives_the_interface_back(string userNamespace)
    {
        Bundle.Args("/no/such/program");
        if (userNamespace.Length > 0)
        {
            Bundle.MapUsers();
        }

        Devices("v0", "net0");

        Outcome outcome = RunThen(Show);

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Out.Should().Be("1\n");
        outcome.Err.Should().Contain("/no/such/program").And.NotContain("give the interface back")
            .And.EndWith("v0 inet 10.1.0.1/24 brd 10.1.0.255\nv0 inet 10.1.0.2 peer 10.9.9.9/32\nv0 inet6 fd00::1/64 scope global\n");
    }

    [NetworkFact]
    public void The_ones_that_were_moved_come_back_when_another_is_missing()
    {
        Bundle.Args("true");
        Bundle.Linux["netDevices"] = System.Text.Json.Nodes.JsonNode.Parse("{\"v0\": {\"name\": \"net0\"}, \"none\": {}}");

        Outcome outcome = RunThen(Show);

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Out.Should().Be("1\n");
        outcome.Err.Should().Contain("linux.netDevices[\\\"none\\\"]").And.Contain("no such").And.Contain("v0 inet6 fd00::1/64");
    }

    [NetworkTheory]
    [InlineData("lo", "x", "netns")]
    [InlineData("v0", "lo", "already")]
    public void What_the_kernel_refuses_is_an_error_that_names_the_interface(string host, string name, string words)
    {
        Bundle.Args("true");
        Devices(host, name);

        Outcome outcome = RunThen(Show);

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Out.Should().Be("1\n");
        outcome.Err.Should().Contain($"linux.netDevices[\\\"{host}\\\"] \\\"{name}\\\"").And.Contain(words);
    }

    [NetworkFact]
    public void The_runtimes_own_network_namespace_is_refused()
    {
        Bundle.Args("true").NoNamespace("network").Namespace("network", "/proc/self/ns/net");
        Devices("v0", "net0");

        Outcome outcome = RunThen(Show);

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Out.Should().Be("1\n");
        outcome.Err.Should().Contain("linux.netDevices: ").And.Contain("network namespace is that of the runtime");
    }

    private void Devices(string host, string name) =>
        Bundle.Linux["netDevices"] = new System.Text.Json.Nodes.JsonObject { [host] = new System.Text.Json.Nodes.JsonObject { ["name"] = name } };

    // run in a network namespace with the links, then the script there; the exit status is that of run.
    private Outcome RunThen(string then) =>
        Call("run").Under("unshare", "--net", "sh", "-c", $"{Links}\"$@\"; code=$?\n{then}; exit $code", "sh").Run();
}

/// <summary>A test that makes interfaces in a network namespace of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkFactAttribute : FactAttribute
{
    public NetworkFactAttribute() => Skip = NetworkRequirement.Missing();
}

/// <summary>A theory that makes interfaces in a network namespace of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkTheoryAttribute : TheoryAttribute
{
    public NetworkTheoryAttribute() => Skip = NetworkRequirement.Missing();
}

internal static class NetworkRequirement
{
    public static string? Missing() =>
        RuntimeRequirement.Missing()
        ?? (File.Exists("/usr/sbin/ip") || File.Exists("/sbin/ip") || File.Exists("/usr/bin/ip") ? null : "needs ip: install iproute2");
}
