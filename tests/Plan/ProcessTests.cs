using System;
using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class ProcessTests
{
    private const string Filter = """
        "seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}
        """;

    private const ulong SysAdmin = 1UL << Uapi.CAP_SYS_ADMIN;

    [Theory]
    [InlineData("\"A=1\", \"B=2\"", "A=1 B=2 HOME=/")]
    [InlineData("\"A=1\", \"B=2\", \"A=3\"", "B=2 A=3 HOME=/")]
    [InlineData("\"A=1\", \"AB=2\", \"A=\"", "AB=2 A= HOME=/")]
    [InlineData("\"HOME=/x\", \"A=1\"", "HOME=/x A=1")]
    [InlineData("\"HOME=\", \"A=1\"", "A=1 HOME=/")]
    [InlineData("\"HOME=/x\", \"HOME=\"", "HOME=/")]
    [InlineData("\"LISTEN_FDS=7\", \"LISTEN_PID=9\"", "LISTEN_FDS=7 LISTEN_PID=9 HOME=/")]
    [InlineData("\"A=b=c\"", "A=b=c HOME=/")]
    [InlineData("", "HOME=/")]
    public void The_last_of_equal_names_wins_and_home_is_added(string given, string expected) =>
        Env(given).Plan().Environment().Should().Equal(expected.Split(' '));

    [Fact]
    public void Home_is_looked_up_only_when_missing()
    {
        ContainerPlan plan = Env("\"A=1\"").Plan();
        plan.One(Op.Home).Flags.Should().Be(0);
        Env("\"HOME=/x\"").Plan().All(Op.Home).Should().BeEmpty();
        (Env("\"A=1\"") with { Process = "\"user\": {\"uid\": 33}" }).Plan().One(Op.Home).Flags.Should().Be(33);
    }

    [Fact]
    public void Passed_sockets_are_counted_for_the_program()
    {
        Sample sample = Env("\"LISTEN_FDS=7\", \"LISTEN_PID=9\", \"A=1\"") with { Request = r => r with { ListenFds = 2 } };
        sample.Plan().Environment().Should().Equal("A=1", "LISTEN_FDS=2", "LISTEN_PID=1", "HOME=/");
    }

    [Theory]
    [InlineData("\"A=1\", \"=x\"", "process.env[1] \"=x\": empty variable name")]
    [InlineData("\"A\"", "process.env[0] \"A\": a variable needs the form NAME=value")]
    [InlineData("\"\"", "process.env[0]")]
    public void A_variable_has_a_name_and_a_value(string given, string refusal) => Env(given).Refusal().Should().StartWith(refusal);

    [Theory]
    [InlineData("\"PATH=/a\", \"PATH=/b\"", "/b")]
    [InlineData("\"PATH=\"", "")]
    [InlineData("\"A=1\"", null)]
    public void The_program_is_looked_up_in_the_path_of_its_environment(string given, string? path) =>
        Env(given).Plan().SearchPath().Should().Be(path);

    [Fact]
    public void Arguments_are_passed_as_they_are()
    {
        ContainerPlan plan = new Sample { Process = """ "args": ["a b", "", "ü", "$x"] """ }.Plan();
        plan.Arguments().Should().Equal("a b", "", "ü", "$x");
        new Sample { Process = "\"args\": []" }.Refusal().Should().StartWith("process.args: args must not be empty");
    }

    [Theory]
    [InlineData("", "process.cwd: Cwd property must not be empty")]
    [InlineData("a", "process.cwd \"a\": Cwd must be an absolute path")]
    public void The_working_directory_is_absolute(string cwd, string refusal) =>
        new Sample { Process = $"\"cwd\": \"{cwd}\"" }.Refusal().Should().StartWith(refusal);

    [Fact]
    public void Without_capabilities_in_the_config_none_are_touched()
    {
        ContainerPlan plan = new Sample { Process = "\"noNewPrivileges\": true", Linux = Filter }.Plan();
        plan.All(Op.SetCapabilities, Op.DropBounding, Op.RaiseAmbient).Should().BeEmpty();
        plan.Identity().SetCapabilities.Should().Be(0);
        plan.Warnings.Should().ContainSingle().Which.Should().StartWith("process.capabilities: none are given");
        plan.One(Op.SetIds).Flags.Should().Be(0);
    }

    [Fact]
    public void Empty_capabilities_are_all_dropped()
    {
        ContainerPlan plan = new Sample { Process = "\"capabilities\": {}" }.Plan();
        plan.All(Op.SetCapabilities, Op.DropBounding, Op.RaiseAmbient).Should().HaveCount(3);
        plan.Warnings.Should().BeEmpty();
        plan.One(Op.SetIds).Flags.Should().Be(1, "the change of ids must not take what is to be set after it");
        IdentityStep id = plan.Identity();
        id.SetCapabilities.Should().Be(1);
        (id.Bounding | id.Effective | id.Permitted | id.Inheritable | id.Ambient | id.Temporary).Should().Be(0);
    }

    [Fact]
    public void Every_set_becomes_a_mask()
    {
        IdentityStep id = new Sample
        {
            Process = """
                "capabilities": {"bounding": ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"], "effective": ["CAP_KILL"],
                  "permitted": ["CAP_KILL", "CAP_SYS_ADMIN"], "inheritable": ["CAP_SETUID"], "ambient": ["CAP_NET_RAW"]}
                """,
        }.Plan().Identity();
        id.Bounding.Should().Be(1UL | (1UL << 40));
        id.Effective.Should().Be(1UL << 5);
        id.Permitted.Should().Be((1UL << 5) | (1UL << 21));
        id.Inheritable.Should().Be(1UL << 7);
        id.Ambient.Should().Be(1UL << 13);
    }

    [Fact]
    public void Unknown_capabilities_and_those_of_later_kernels_give_a_warning()
    {
        ContainerPlan plan = new Sample
        {
            Process = "\"capabilities\": {\"bounding\": [\"CAP_KILL\", \"CAP_NOTHING\", \"CAP_CHECKPOINT_RESTORE\"]}",
            Request = r => r with { LastCapability = 39 },
        }.Plan();
        plan.Identity().Bounding.Should().Be(1UL << 5);
        plan.Warnings.Should().HaveCount(2).And.OnlyContain(
            w => w.StartsWith("process.capabilities: ignoring unknown or unavailable", StringComparison.Ordinal));
        plan.Warnings[0].Should().Contain("CAP_NOTHING");
    }

    [Fact]
    public void A_filter_without_no_new_privileges_keeps_sys_admin_until_it_is_loaded()
    {
        ContainerPlan plan = Filtered("""
            "capabilities": {"effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
            """);
        plan.Identity().Temporary.Should().Be(SysAdmin);
        Step[] sets = plan.All(Op.SetCapabilities);
        sets.Select(step => step.Flags).Should().Equal(1, 0);
        plan.Find(Op.SetCapabilities).Should().BeLessThan(plan.Find(Op.Seccomp));
        plan.Last(Op.SetCapabilities).Should().BeGreaterThan(plan.Find(Op.Seccomp));

        // They fall when the permitted set changes.
        plan.All(Op.RaiseAmbient).Should().ContainSingle();
        plan.Find(Op.RaiseAmbient).Should().Be(plan.Last(Op.SetCapabilities) + 1);
        plan.One(Op.VerifyIdentity).Flags.Should().Be(1);
    }

    [Fact]
    public void No_new_privileges_lets_all_capabilities_go_at_once()
    {
        ContainerPlan plan = Filtered("\"capabilities\": {\"ambient\": [\"CAP_KILL\"]}, \"noNewPrivileges\": true");
        plan.Identity().Temporary.Should().Be(0);
        plan.Identity().NoNewPrivileges.Should().Be(1);
        plan.All(Op.SetCapabilities).Select(step => step.Flags).Should().Equal(0);
        plan.Last(Op.RaiseAmbient).Should().BeLessThan(plan.Find(Op.Seccomp));
        plan.One(Op.VerifyIdentity).Flags.Should().Be(0);
    }

    [Theory]

    // Root keeps all, another user has none by the kernel's own rules.
    [InlineData(0, 0)]
    [InlineData(1000, 2)]
    public void A_filter_for_a_user_without_capabilities_in_the_config(uint uid, int sets)
    {
        ContainerPlan plan = Filtered($"\"user\": {{\"uid\": {uid}}}");
        plan.All(Op.SetCapabilities).Should().HaveCount(sets);
        plan.All(Op.RaiseAmbient, Op.DropBounding).Should().BeEmpty();
        plan.Identity().Temporary.Should().Be(sets == 0 ? 0 : SysAdmin);
        if (sets > 0)
            plan.Steps[^2].Op.Should().Be(Op.SetCapabilities, "what was kept for the filter goes before the program runs");
    }

    [Fact]
    public unsafe void Ids_are_those_of_the_config()
    {
        IdentityStep id = new Sample { Process = """ "user": {"uid": 1, "gid": 2, "additionalGids": [3, 4294967294]} """ }.Plan().Identity();
        id.Uid.Should().Be(1);
        id.Gid.Should().Be(2);
        new ReadOnlySpan<uint>(id.Groups, id.GroupCount).ToArray().Should().Equal(3, 4294967294);
        id.SetGroups.Should().Be(1);
    }

    [Theory]
    [InlineData(1, false, 0)]
    [InlineData(2, false, 1)]
    [InlineData(1, true, 1)]
    public void Groups_are_set_unless_a_single_id_is_mapped_without_privileges(int size, bool privileged, byte set) =>
        Rootless(size, privileged, "").Plan().Identity().SetGroups.Should().Be(set);

    [Fact]
    public void Groups_that_cannot_be_set_are_refused() =>
        Rootless(1, privileged: false, "\"user\": {\"additionalGids\": [5]}").Refusal()
            .Should().StartWith("process.user.additionalGids: cannot set any additional groups in a rootless container");

    private static Sample Rootless(int size, bool privileged, string process) => new()
    {
        Namespaces = "user pid mount",
        Process = process,
        Linux = $$"""
            "uidMappings": [{"containerID": 0, "hostID": 1000, "size": {{size}}}],
            "gidMappings": [{"containerID": 0, "hostID": 1000, "size": {{size}}}]
            """,
        Request = r => r with { Privileged = privileged },
    };

    private static ContainerPlan Filtered(string process) => new Sample { Process = process, Linux = Filter }.Plan();

    private static Sample Env(string given) => new() { Process = $"\"env\": [{given}]" };
}
