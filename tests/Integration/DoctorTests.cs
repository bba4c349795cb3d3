using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary><c>doctor</c> as its users run it (docs/diagnostics.md).</summary>
public sealed class DoctorTests : RuntimeTest
{
    private static readonly string[] Areas =
        ["kernel", "namespaces", "mounts", "seccomp", "cgroup", "systemd", "security", "ids", "state", "programs"];

    [RuntimeFact]
    public void Every_area_has_lines_and_what_is_not_well_has_its_price_and_its_remedy()
    {
        JsonObject[] checks = Checks(Runtime.Run("doctor", "--format", "json"), exit: 0);
        checks.Select(check => (string)check["area"]!).Distinct(StringComparer.Ordinal).Should().Equal(Areas);
        foreach (JsonObject check in checks)
        {
            string status = (string)check["status"]!;
            status.Should().BeOneOf("ok", "limited", "missing");
            ((string)check["found"]!).Should().NotBeNullOrWhiteSpace();
            bool well = status == "ok";
            (check["costs"] is null).Should().Be(well, check.ToJsonString());
            (check["remedy"] is null).Should().Be(well, check.ToJsonString());
            if (!well)
                ((string)check["costs"]!).Length.Should().BePositive();
        }
    }

    [RuntimeFact]
    public void The_text_has_the_lines_of_the_JSON()
    {
        Outcome text = Runtime.Run("doctor");
        text.Exit.Should().Be(0);
        text.Err.Should().BeEmpty();
        foreach (JsonObject check in Checks(Runtime.Run("doctor", "--format=json"), exit: 0))
        {
            text.Out.Should().MatchRegex($"(?m)^\\S* +{check["status"]} +{System.Text.RegularExpressions.Regex.Escape((string)check["name"]!)} ");
            if (check["remedy"] is { } remedy)
                text.Out.Should().Contain($"get it: {remedy}\n").And.Contain($"costs: {check["costs"]}\n");
        }

        text.Out.Should().EndWith("A plain container can be made here.\n");
    }

    // The controllers that the kernel has given to version 1, by the same rule as a limit's error.
    [RuntimeFact]
    public void It_agrees_with_validate_about_controllers()
    {
        JsonObject[] checks = Checks(Runtime.Run("doctor", "-f", "json"), exit: 0);
        foreach ((string controller, string resources) in new[]
        {
            ("memory", """{"memory": {"limit": 1000000000}}"""), ("pids", """{"pids": {"limit": 100}}"""), ("cpu", """{"cpu": {"shares": 512}}"""),
        })
        {
            Bundle.Linux["resources"] = JsonNode.Parse(resources);
            Bundle.Args("true").Save();
            bool missing = checks.Any(check => (string)check["area"]! == "cgroup" && (string)check["name"]! == controller && (string)check["status"]! == "missing");
            Outcome validate = Runtime.Run("validate", Bundle.Path);
            validate.Exit.Should().Be(missing ? 1 : 0, $"{controller}: {validate}");
        }
    }

    [RuntimeFact]
    public void Nobody_without_an_environment_gets_an_answer()
    {
        Outcome outcome = Runtime.With("doctor", "--format", "json").NoRoot().NoEnv().Cwd("/")
            .Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Within(TimeSpan.FromSeconds(10)).Run();
        JsonObject[] checks = Checks(outcome, exit: 1);
        JsonObject root = checks.Single(check => (string)check["area"]! == "state" && (string)check["name"]! == "root");
        ((string)root["status"]!).Should().Be("missing", "/run is not nobody's");
        ((bool)root["needed"]!).Should().BeTrue();
        checks.Should().Contain(check => (string)check["area"]! == "ids" && (string)check["name"]! == "ranges" && (string)check["status"]! == "limited");
        checks.Should().Contain(check => (string)check["name"]! == "delegation" && (string)check["status"]! == "limited");
    }

    [RuntimeFact]
    public void A_user_with_a_state_root_of_its_own_can_make_containers()
    {
        string mine = Path.Combine(Work, "mine");
        Directory.CreateDirectory(mine);
        Execute("chown", "65534:65534", mine);
        Outcome outcome = Runtime.With("doctor").NoRoot().Env("XDG_RUNTIME_DIR", mine).Cwd("/")
            .Under("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups").Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Should().Contain($"{mine}/ocirun");
        Directory.Exists(Path.Combine(mine, "ocirun")).Should().BeFalse("nothing is made");
    }

    [RuntimeFact]
    public void A_user_namespace_is_told()
    {
        Outcome outcome = Runtime.With("--root", Path.Combine(Work, "none"), "doctor", "--format", "json").NoRoot().Under("unshare", "--user", "--map-root-user").Run();
        JsonObject[] checks = Checks(outcome, exit: null);
        checks.Should().Contain(check => (string)check["area"]! == "ids" && (string)check["name"]! == "user namespace");
        checks.Should().Contain(check => (string)check["name"]! == "device rules" && (string)check["status"]! == "limited");
        checks.Should().Contain(check => (string)check["area"]! == "ids" && (string)check["name"]! == "ranges" && (string)check["status"]! == "limited");
    }

    [RuntimeFact]
    public void Without_namespaces_it_is_not_healthy()
    {
        // A limit of an inner user namespace counts for everything below it.
        Outcome outcome = Runtime.With("doctor").Under(
            "unshare", "--user", "--map-root-user", "/bin/sh", "-ec", "echo 0 > /proc/sys/user/max_pid_namespaces; exec \"$@\"", "sh").Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Out.Should().Contain("user.max_pid_namespaces is 0").And.EndWith("A plain container cannot be made here.\n");
    }

    [RuntimeFact]
    public void Containers_that_have_ended_are_named()
    {
        Bundle.Args("true").Save();
        CreateAndStart();
        Eventually(() => Status() == "stopped", "true ends");
        string foreign = NewId();
        Directory.CreateDirectory(Path.Combine(Runtime.Root!, foreign));
        Outcome outcome = Runtime.Run("doctor");
        outcome.Exit.Should().Be(0);
        outcome.Out.Should().MatchRegex($"limited +ended +{Id}\n").And.MatchRegex($"limited +unreadable +{foreign}\n");
        Directory.Delete(Path.Combine(Runtime.Root!, foreign));
        Runtime.Run("delete", Id).Exit.Should().Be(0);
    }

    [RuntimeFact]
    public void A_root_of_somebody_else_is_not_usable()
    {
        Directory.CreateDirectory(Runtime.Root!);
        Execute("chown", "65534", Runtime.Root!);
        Outcome outcome = Runtime.Run("doctor");
        Execute("chown", "0", Runtime.Root!);
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().Contain("it belongs to user 65534");
    }

    // A bus that accepts nobody must not keep it waiting.
    [RuntimeFact]
    public void It_does_not_wait_for_a_bus_that_is_stuck()
    {
        string path = Path.Combine(Work, "bus");
        using System.Net.Sockets.Socket bus = new(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        bus.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        bus.Listen(0);
        using System.Net.Sockets.Socket first = new(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        first.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        Outcome outcome = Runtime.With("doctor").Env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=" + path).Under(
            "unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", "mount -t tmpfs none /run; mkdir -p /run/systemd/system; exec \"$@\"", "sh").Run();
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
        outcome.Out.Should().MatchRegex("missing +bus +.*cannot connect to the message bus");
    }

    private static JsonObject[] Checks(Outcome outcome, int? exit)
    {
        if (exit is not null)
            outcome.Exit.Should().Be(exit, outcome.ToString());
        outcome.Err.Should().BeEmpty();
        JsonObject document = (JsonObject)JsonNode.Parse(outcome.Out)!;
        ((bool)document["healthy"]!).Should().Be(outcome.Exit == 0);
        ((string)document["kernel"]!).Should().StartWith("Linux ");
        return [.. ((JsonArray)document["checks"]!).Select(check => (JsonObject)check!)];
    }
}
