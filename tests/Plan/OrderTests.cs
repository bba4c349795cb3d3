using System;
using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

/// <summary>What must come before what, whatever the config asks for.</summary>
public sealed class OrderTests
{
    private const string Standard = """
        "hostname": "box", "domainname": "example", "mounts": [
          {"destination": "/proc", "type": "proc", "source": "proc"},
          {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["ro"]},
          {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"},
          {"destination": "/data", "source": "data", "options": ["rbind", "ro"]}]
        """;

    private const string Paths = """
        "maskedPaths": ["/proc/keys"], "readonlyPaths": ["/proc/sys"], "sysctl": {"net.ipv4.ip_forward": "1"},
        "netDevices": {"eth1": {}},
        "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}]
        """;

    private const string Filter = """
        "seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}
        """;

    private const string Capabilities = """
        "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"],
          "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
        """;

    private static readonly Sample Full = new()
    {
        Document = Standard,
        Process = Capabilities + ", \"terminal\": true, \"noNewPrivileges\": true, \"env\": [\"PATH=/bin\"]",
        Linux = Paths + ", " + Filter,
        Root = "\"readonly\": true",
    };

    private static readonly Sample[] Samples =
    [
        Full,
        new(),
        Full with { Namespaces = "pid network ipc uts mount cgroup user time" },
        Full with { Namespaces = "pid:/p network:/n ipc:/i uts:/t mount:/m cgroup:/c user:/u time:/z" },
        Full with { Namespaces = "pid network ipc uts mount cgroup user:/u" },
        Full with { Namespaces = "pid:/p network:/n uts mount" },
        Full with { Request = r => r with { Privileged = false }, Namespaces = "user pid uts mount" },
        Full with { Request = r => r with { Privileged = false }, Namespaces = "user:/u pid:/p uts mount" },
        Full with { Request = r => r with { TimeNamespaceOnExec = false }, Namespaces = "time pid uts mount" },
        Full with { Request = r => r with { NoPivot = true }, Linux = Paths + ", \"rootfsPropagation\": \"runbindable\"" },
        Full with { Process = Capabilities + ", \"noNewPrivileges\": false" },
        Full with { Process = "\"user\": {\"uid\": 1000, \"gid\": 1000}" },
        Full with { Process = "\"capabilities\": {}, \"noNewPrivileges\": true, \"user\": {\"uid\": 1, \"umask\": 63}" },
        new()
        {
            Namespaces = "network",
            Root = "\"readonly\": true",
            Process = "\"terminal\": true",
            Linux = "\"sysctl\": {\"net.ipv4.ip_forward\": \"1\"}",
        },
    ];

    private static readonly Op[] Mounts = [Op.MountFilesystem, Op.MountCgroup, Op.MountBind];
    private static readonly Op[] NewRoot = [Op.PivotRoot, Op.MoveRoot, Op.ChangeRoot];
    private static readonly Op[] Nodes = [Op.MakeDevice, Op.BindDevice, Op.MakeSymlink, Op.ReplaceSymlink];

    // Every step on the left is before every step on the right.
    private static readonly (Op[] First, Op[] Then, string Why)[] Rules =
    [
        ([Op.WaitForParent], [Op.BecomeNamespaceRoot, Op.NotDumpable, Op.JoinNamespace, Op.Unshare, Op.CloneFinal], "ids need their maps"),
        ([Op.NotDumpable], [Op.NewSession], "others look in"),
        ([Op.JoinNamespace], [Op.CloneFinal, Op.NewSession], "children are made in the joined pid namespace"),
        ([Op.BecomeNamespaceRoot], [Op.Unshare, Op.CloneFinal], "the new namespaces belong to the user namespace"),
        ([Op.CloneFinal], [Op.NewSession, Op.SessionKeyring], "the session is the final process's"),
        ([Op.Unshare], [Op.Hostname, Op.Domainname, Op.Loopback, Op.ProbeMountApi, Op.Propagation], "the host's stay as they are"),
        ([Op.Unshare, Op.JoinNamespace], [Op.ReceiveNetworkDevices], "they come into the container's namespace"),
        ([Op.ReceiveNetworkDevices], [Op.Sysctl], "some parameters are those of one interface"),
        ([Op.NewSession], [Op.AttachRootfs], "nothing of the image runs in the caller's session"),
        ([Op.Propagation], [Op.OpenNull, Op.OpenSource, Op.OpenProc, Op.AttachRootfs, .. Mounts], "no mount travels to the host"),
        ([Op.ProbeMountApi], [Op.OpenNull, Op.OpenSource, Op.AttachRootfs, .. Mounts], "the way to mount is known"),
        ([Op.OpenNull, Op.OpenSource, Op.OpenProc], [Op.AttachRootfs, .. Mounts], "they are the host's"),
        ([Op.OpenProc], [Op.Sysctl], "it writes there"),
        ([Op.AttachRootfs], [.. Mounts, Op.OpenDev, .. Nodes], "they are below it"),
        (Mounts, [Op.OpenDev, .. Nodes, Op.OpenConsole, Op.Sysctl, Op.ReadonlyPath, Op.MaskPath], "they are inside the mounts"),
        ([Op.OpenDev], [.. Nodes, Op.OpenConsole], "they are in /dev"),
        (Nodes, NewRoot, "host nodes are bound while they can be reached"),
        ([Op.OpenConsole, Op.Sysctl, Op.ReadonlyPath, Op.MaskPath], NewRoot, "they work on descriptors of the host's procfs"),
        ([Op.ReadonlyPath], [Op.MaskPath], "a cover is not opened again"),
        (NewRoot, [Op.RootPropagation, Op.ReopenNullStdio, Op.WorkingDirectory], "they are inside"),
        ([.. Nodes, Op.WorkingDirectory, Op.OpenConsole], [Op.ReadonlyMount, Op.ReadonlyRoot], "they create"),
        ([Op.ReadonlyMount, Op.ReadonlyRoot], [Op.NoNewPrivileges, Op.DropBounding, Op.SetIds], "they need rights"),
        ([Op.NoNewPrivileges], [Op.Seccomp], "it lets a filter be loaded without rights"),
        ([Op.DropBounding, Op.OwnStdio], [Op.SetIds], "they need rights"),
        ([Op.SetIds], [Op.SetCapabilities, Op.VerifyIdentity, Op.Home, Op.FindExecutable], "with the final ids"),
        ([Op.VerifyWorkingDirectory, Op.VerifyIdentity], [Op.FindExecutable], "lookups start there"),
        ([Op.FindExecutable, Op.Home], [Op.CloseDescriptors, Op.Ready], "create reports it"),
        ([Op.CloseDescriptors], [Op.Ready], "nobody waits for a pipe's end"),
        ([Op.Ready], [Op.Gate], "the parent says that it is created"),
        ([Op.Gate], [Op.Seccomp, Op.Execute], "start opens it"),
        ([Op.Seccomp], [Op.Execute], "the program is filtered"),
    ];

    public static TheoryData<int> Indexes()
    {
        TheoryData<int> data = [];
        for (int i = 0; i < Samples.Length; i++)
            data.Add(i);
        return data;
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Steps_keep_their_order(int sample)
    {
        ContainerPlan plan = Samples[sample].Plan();
        Op[] ops = plan.Steps.Select(step => step.Op).ToArray();
        foreach ((Op[] first, Op[] then, string why) in Rules)
        {
            int last = Array.FindLastIndex(ops, first.Contains);
            int next = Array.FindIndex(ops, then.Contains);
            if (last >= 0 && next >= 0)
                last.Should().BeLessThan(next, $"{ops[last]} comes before {ops[next]}: {why}; {Samples[sample]}");
        }
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Every_plan_has_the_same_frame(int sample)
    {
        ContainerPlan plan = Samples[sample].Plan();
        Op[] ops = plan.Steps.Select(step => step.Op).ToArray();
        ops[0].Should().Be(Op.ResetSignals);
        ops[1].Should().Be(Op.WaitForParent);
        ops[^1].Should().Be(Op.Execute);
        ops.Should().ContainSingle(op => NewRoot.Contains(op));
        foreach (Op op in new[]
        {
            Op.NotDumpable, Op.NewSession, Op.AttachRootfs, Op.ReopenNullStdio, Op.WorkingDirectory, Op.OwnStdio, Op.SetIds,
            Op.VerifyIdentity, Op.VerifyWorkingDirectory, Op.FindExecutable, Op.CloseDescriptors, Op.Ready, Op.Gate,
        })
            ops.Should().ContainSingle(o => o == op, op.ToString());
    }

    [Fact]
    public void Every_rule_is_exercised_by_some_sample()
    {
        Op[][] plans = Samples.Select(sample => sample.Plan().Steps.Select(step => step.Op).ToArray()).ToArray();
        foreach ((Op[] first, Op[] then, string why) in Rules)
        {
            foreach (Op op in first)
                plans.Any(ops => ops.Contains(op) && ops.Any(o => then.Contains(o))).Should().BeTrue($"{op}: {why}");
            foreach (Op op in then)
                plans.Any(ops => ops.Contains(op) && ops.Any(o => first.Contains(o))).Should().BeTrue($"{op}: {why}");
        }
    }

    [Theory]
    [MemberData(nameof(Indexes))]
    public void No_umask_holds_while_nodes_are_made_and_the_processs_own_after(int sample)
    {
        ContainerPlan plan = Samples[sample].Plan();
        Op[] ops = plan.Steps.Select(step => step.Op).ToArray();
        int first = plan.Find(Op.Umask);
        int second = plan.Last(Op.Umask);
        plan.All(Op.Umask).Should().HaveCount(2);
        plan.Steps[first].Flags.Should().Be(0);
        plan.Steps[second].Flags.Should().Be(Samples[sample].Process.Contains("umask") ? 63 : 18);
        Op[] makers = [.. Mounts, .. Nodes, Op.OpenConsole, Op.OpenDev, Op.WorkingDirectory, Op.MaskPath, Op.ReadonlyMount, Op.ReadonlyRoot];
        for (int i = 0; i < ops.Length; i++)
        {
            if (makers.Contains(ops[i]))
                i.Should().BeInRange(first + 1, second - 1, ops[i].ToString());
        }

        second.Should().BeLessThan(plan.Find(Op.SetIds));
    }

    [Fact]
    public void The_root_is_pivoted_moved_or_changed()
    {
        new Sample().Plan().Find(Op.PivotRoot).Should().BePositive();
        new Sample { Request = r => r with { NoPivot = true } }.Plan().Find(Op.MoveRoot).Should().BePositive();
        ContainerPlan none = new Sample { Namespaces = "pid" }.Plan();
        none.Find(Op.ChangeRoot).Should().BePositive();
        none.All(Op.Propagation, Op.ProbeMountApi, Op.OpenNull).Should().BeEmpty("the mount namespace is the host's");
    }

    [Theory]
    [InlineData("linux.maskedPaths", "", "\"maskedPaths\": [\"/x\"]")]
    [InlineData("linux.readonlyPaths", "", "\"readonlyPaths\": [\"/x\"]")]
    public void Without_a_mount_namespace_no_path_is_covered(string field, string document, string linux) =>
        new Sample { Namespaces = "pid", Document = document, Linux = linux }.Refusal().Should().StartWith(field);

    [Theory]
    [InlineData("\"mounts\": [{\"destination\": \"/a\", \"source\": \"/b\", \"options\": [\"bind\"]}]")]
    [InlineData("\"root\": {\"path\": \"rootfs\", \"readonly\": true}")]
    [InlineData("\"process\": {\"terminal\": true, \"args\": [\"sh\"], \"cwd\": \"/\"}")]
    public void Without_a_mount_namespace_mounts_go_on_a_mount_of_the_rootfs(string document)
    {
        ContainerPlan plan = new Sample { Namespaces = "pid", Document = document }.Plan();
        plan.MountsRootfs.Should().BeTrue();
        plan.All(Op.Propagation, Op.RootPropagation, Op.PivotRoot).Should().BeEmpty("the mount namespace is the host's");
        plan.Find(Op.ChangeRoot).Should().BePositive();
        for (int i = 0; i < plan.All(Op.MountBind).Length; i++)
            plan.Mount(i).Enslave.Should().Be(1);
        new Sample { Document = document }.Plan().MountsRootfs.Should().BeFalse();
    }

    [Theory]
    [InlineData("shared", Uapi.MS_SHARED)]
    [InlineData("rshared", Uapi.MS_SHARED | Uapi.MS_REC)]
    public void Only_the_sources_of_binds_stay_shared_with_the_host(string value, uint root)
    {
        ContainerPlan plan = new Sample
        {
            Document = "\"mounts\": [{\"destination\": \"/a\", \"source\": \"/b\", \"options\": [\"bind\"]}]",
            Linux = $"\"rootfsPropagation\": \"{value}\"",
        }.Plan();
        plan.One(Op.Propagation).Flags.Should().Be(Uapi.MS_SLAVE | Uapi.MS_REC);
        plan.Find(Op.OpenSource).Should().BeLessThan(plan.Find(Op.Propagation));
        plan.Find(Op.AttachRootfs).Should().BeGreaterThan(plan.Find(Op.Propagation));
        plan.Find(Op.RootPropagation).Should().BeGreaterThan(plan.Find(Op.PivotRoot));
        plan.One(Op.RootPropagation).Flags.Should().Be(root);
    }

    [Theory]
    [InlineData("private", Uapi.MS_PRIVATE | Uapi.MS_REC)]
    [InlineData("rprivate", Uapi.MS_PRIVATE | Uapi.MS_REC)]
    [InlineData("slave", Uapi.MS_SLAVE | Uapi.MS_REC)]
    [InlineData("rslave", Uapi.MS_SLAVE | Uapi.MS_REC)]
    [InlineData("unbindable", Uapi.MS_SLAVE | Uapi.MS_REC)]
    [InlineData("", Uapi.MS_SLAVE | Uapi.MS_REC)]
    public void No_propagation_reaches_the_host(string value, uint flags)
    {
        ContainerPlan plan = new Sample { Linux = $"\"rootfsPropagation\": \"{value}\"" }.Plan();
        plan.One(Op.Propagation).Flags.Should().Be(flags);
        long[] root = value == "unbindable" ? [Uapi.MS_UNBINDABLE] : [];
        plan.All(Op.RootPropagation).Select(step => step.Flags).Should().Equal(root);
    }

    [Fact]
    public void A_read_only_tmpfs_is_closed_after_its_content_is_made()
    {
        ContainerPlan plan = Full.Plan();
        MountStep dev = plan.Mount(1);
        dev.AttributesSet.Should().Be(0);
        Step mount = plan.All(Op.MountFilesystem)[1];
        Step close = plan.One(Op.ReadonlyMount);
        close.Slot.Should().Be(mount.Slot).And.BeGreaterThanOrEqualTo(Slot.First);
    }
}
