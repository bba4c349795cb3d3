using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class LinuxNamespacesTests
{
    [Theory]
    [InlineData("pid", Uapi.CLONE_NEWPID, 0x20000000)]
    [InlineData("network", Uapi.CLONE_NEWNET, 0x40000000)]
    [InlineData("mount", Uapi.CLONE_NEWNS, 0x00020000)]
    [InlineData("ipc", Uapi.CLONE_NEWIPC, 0x08000000)]
    [InlineData("uts", Uapi.CLONE_NEWUTS, 0x04000000)]
    [InlineData("user", Uapi.CLONE_NEWUSER, 0x10000000)]
    [InlineData("cgroup", Uapi.CLONE_NEWCGROUP, 0x02000000)]
    [InlineData("time", Uapi.CLONE_NEWTIME, 0x00000080)]
    public void Every_type_has_its_flag_and_back(string type, ulong flag, ulong number)
    {
        flag.Should().Be(number);
        Planner.NamespaceFlag(Sys.Bytes(type)).Should().Be(flag);
        Planner.NamespaceName(flag).Should().Be(type);
        new Sample { Namespaces = type }.Plan().NewNamespaces.Should().Be(flag);
    }

    // Another process moves the container into its cgroup meanwhile; a second process of the container inherits it.
    [Theory]
    [InlineData("pid network mount cgroup", true, true, "unshare 40020000,wait,unshare 2000000")]
    [InlineData("pid network mount", true, true, "unshare 40020000,wait")]
    [InlineData("cgroup", true, true, "wait,unshare 2000000")]
    [InlineData("pid:/p mount cgroup", true, false, "unshare 2020000")]
    [InlineData("pid mount cgroup", false, false, "unshare 2020000")]
    public void Only_the_cgroup_namespace_waits_for_a_cgroup_that_comes_late(string namespaces, bool comesLate, bool isLate, string steps)
    {
        ContainerPlan plan = new Sample { Namespaces = namespaces, Request = request => request with { CgroupComesLate = comesLate } }.Plan();
        plan.CgroupIsLate.Should().Be(isLate);
        string.Join(',', plan.Steps.Where(static step => step.Op == Op.Unshare || (step.Op == Op.WaitForParent && step.Number == 1))
            .Select(static step => step.Op == Op.Unshare ? $"unshare {step.Flags:X}" : "wait")).Should().Be(steps);
    }

    [Fact]
    public void An_unknown_type_is_refused() =>
        new Sample { Namespaces = "pid mnt" }.Refusal().Should().StartWith("linux.namespaces[1].type \"mnt\": unknown namespace type");

    [Theory]

    // Clone makes the pid namespace, and the user namespace that owns it; the child itself makes the others.
    [InlineData("pid network ipc uts mount cgroup", Uapi.CLONE_NEWPID, "unshare 4E020000")]
    [InlineData("pid mount user", Uapi.CLONE_NEWPID | Uapi.CLONE_NEWUSER, "unshare 20000")]
    [InlineData("", 0, "")]

    // Joining a pid namespace takes effect on children only.
    [InlineData("pid:/p mount", 0, "join 20000000,final 0,unshare 20000")]

    // The user namespace is joined after all else, while the rights over the others are still there.
    [InlineData("user:/u network:/n pid:/p", 0, "join 40000000,join 20000000,join 10000000,final 0")]

    // A pid namespace that a joined user namespace owns is made after the join.
    [InlineData("user:/u pid uts", 0, "join 10000000,final 20000000,unshare 4000000")]
    [InlineData("time pid", Uapi.CLONE_NEWPID, "unshare 80")]
    public void Namespaces_are_made_and_joined_in_an_order_that_works(string namespaces, ulong clone, string steps)
    {
        ContainerPlan plan = new Sample { Namespaces = namespaces }.Plan();
        plan.CloneFlags.Should().Be(clone);
        Steps(plan).Should().Be(steps);
    }

    [Fact]
    public void Without_privileges_the_user_namespace_is_joined_first()
    {
        ContainerPlan plan = new Sample { Namespaces = "network:/n user:/u", Request = r => r with { Privileged = false } }.Plan();
        Steps(plan).Should().Be("join 10000000,join 40000000");
        plan.Find(Op.BecomeNamespaceRoot).Should().Be(plan.Find(Op.JoinNamespace) + 1);
    }

    [Fact]
    public void Kernels_before_6_1_enter_a_time_namespace_by_a_second_clone()
    {
        ContainerPlan plan = new Sample { Namespaces = "time pid", Request = r => r with { TimeNamespaceOnExec = false } }.Plan();
        plan.CloneFlags.Should().Be(0);
        Steps(plan).Should().Be("unshare 80,final 20000000");
    }

    [Theory]
    [InlineData("network:/n pid")]
    [InlineData("user:/u")]
    public void Nobody_in_a_joined_namespace_can_look_into_the_process(string namespaces)
    {
        ContainerPlan plan = new Sample { Namespaces = namespaces }.Plan();
        plan.Find(Op.NotDumpable).Should().BeLessThan(plan.Find(Op.JoinNamespace));
    }

    [Fact]
    public void Joined_files_have_slots_of_their_own()
    {
        ContainerPlan plan = new Sample { Namespaces = "pid:/p uts network:/n" }.Plan();
        plan.Joined.Select(j => $"{j.Path} {j.Field}").Should().Equal("/p linux.namespaces[0].path", "/n linux.namespaces[2].path");
        plan.Joined.Select(j => j.Slot).Should().OnlyHaveUniqueItems().And.OnlyContain(slot => slot >= Slot.First && slot < plan.SlotCount);
        plan.All(Op.JoinNamespace).Select(step => step.Slot).Should().Equal(plan.Joined.Select(j => j.Slot));
    }

    [Theory]
    [InlineData("pid mount user", true)]
    [InlineData("pid mount user:/u", true)]
    [InlineData("pid mount", false)]
    public void With_a_user_namespace_the_parent_opens_the_sources(string namespaces, bool parent)
    {
        const string mounts = """
            "mounts": [{"destination": "/a", "source": "/srv/a", "options": ["bind"]},
                       {"destination": "/b", "source": "b", "options": ["rbind"]}]
            """;
        ContainerPlan plan = new Sample { Namespaces = namespaces, Document = mounts }.Plan();
        plan.ParentOpens.Should().Be(parent);
        plan.All(Op.OpenSource).Should().HaveCount(parent ? 0 : 2);
        plan.ParentSources.Select(source => $"{source.Path} {source.Recursive} {source.Field}").Should().Equal(parent
            ? ["/srv/a False mounts[0]", "/bundle/b True mounts[1]", "/bundle/rootfs True root.path"]
            : System.Array.Empty<string>());
        plan.One(Op.AttachRootfs).Flags.Should().Be(parent ? 1 : 0);
    }

    [Fact]
    public void Without_privileges_there_is_no_parent_that_could_open_more()
    {
        ContainerPlan plan = new Sample { Namespaces = "pid mount user", Request = r => r with { Privileged = false } }.Plan();
        plan.ParentOpens.Should().BeFalse();
        plan.ParentSources.Should().BeEmpty();
    }

    [Theory]
    [InlineData("network", 1)]
    [InlineData("network:/n", 0)]
    [InlineData("pid", 0)]
    public void Only_a_new_network_namespace_gets_its_loopback_up(string namespaces, int count) =>
        new Sample { Namespaces = namespaces }.Plan().All(Op.Loopback).Should().HaveCount(count);

    [Theory]
    [InlineData("hostname")]
    [InlineData("domainname")]
    public void Names_need_a_uts_namespace(string field)
    {
        Sample sample = new() { Document = $"\"{field}\": \"box\"" };
        Op op = field == "hostname" ? Op.Hostname : Op.Domainname;
        foreach (string namespaces in new[] { "uts", "uts:/t" })
            (sample with { Namespaces = namespaces }).Plan().One(op).Number.Should().Be(3);
        (sample with { Namespaces = "pid" }).Refusal().Should().StartWith($"{field} \"box\": ");
    }

    [Fact]
    public void The_keyring_is_new_unless_told_otherwise()
    {
        new Sample().Plan().All(Op.SessionKeyring).Should().ContainSingle();
        new Sample { Request = r => r with { NoNewKeyring = true } }.Plan().All(Op.SessionKeyring).Should().BeEmpty();
    }

    private static string Steps(ContainerPlan plan) => string.Join(',', plan.All(Op.Unshare, Op.CloneFinal, Op.JoinNamespace)
        .Select(step => $"{(step.Op switch { Op.Unshare => "unshare", Op.CloneFinal => "final", _ => "join" })} {step.Flags:X}"));
}
