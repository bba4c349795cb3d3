using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;
using Errno = OciRun.Kernel.Errno;

namespace OciRun.Tests.Integration.Faults;

/// <summary>Hosts that refuse what a container needs (security.md §3.2): the message says what, and what to do.</summary>
public sealed class FaultHostTests : RuntimeTest
{
    // F-13: the kernel gives up a scoped lookup of ".." while anything is renamed (openat2(2), EAGAIN).
    [RuntimeFact]
    public void Renames_elsewhere_hinder_no_start()
    {
        Directory.CreateDirectory(Bundle.InRootfs("/a/b"));
        Directory.CreateDirectory(Bundle.InRootfs("/d"));
        File.CreateSymbolicLink(Bundle.InRootfs("/a/b/link"), "../../a/../a/b/../../d");
        for (int i = 0; i < 4; i++)
            Bundle.Mount($"/a/b/link/m{i}", "tmpfs", "tmpfs");
        string directory = Directory.CreateDirectory(Path.Combine(Work, "storm")).FullName;
        bool over = false;
        Thread[] storm = [.. Enumerable.Range(0, 2).Select(i => new Thread(() =>
        {
            string one = Path.Combine(directory, $"one{i}"), other = Path.Combine(directory, $"other{i}");
            File.WriteAllText(one, "");
            while (!Volatile.Read(ref over))
            {
                Syscall.rename(one, other);
                Syscall.rename(other, one);
            }
        }))];
        foreach (Thread thread in storm)
            thread.Start();
        try
        {
            for (int i = 0; i < 40; i++)
                Run().Should().Be(Silent, $"round {i}");
        }
        finally
        {
            Volatile.Write(ref over, true);
            foreach (Thread thread in storm)
                thread.Join();
        }
    }

    // F-24.
    [RuntimeFact]
    public void A_cgroup_file_system_that_is_read_only_is_told()
    {
        Bundle.Linux["cgroupsPath"] = "/ocirun-test-" + Id;
        string mount = Leftovers.Cgroup2Mount!;
        Outcome outcome = Call("run").Under("unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
            $"mount -o remount,bind,ro '{mount}'; exec \"$@\"", "sh").Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("linux.cgroupsPath").And.Contain(mount).And.Contain("EROFS");
    }

    // A directory that the kernel denies once is not taken for gone.
    [RuntimeTheory]
    [InlineData(Errno.ENOENT)]
    [InlineData(Errno.ELOOP)]
    public void A_cgroup_is_removed_though_it_was_not_found_at_first(int errno)
    {
        string cgroup = Path.Combine(Leftovers.Cgroup2Mount!, "ocirun-test-" + Id);
        Bundle.Linux["cgroupsPath"] = "/ocirun-test-" + Id;
        FaultInjector injector = new(Work);
        TracedCall[] calls = Recorded();
        TracedCall[] looks = [.. calls.Zip(calls.Skip(1)).Where(pair => pair is ({ Name: "openat" }, { Name: "fstatfs" })).Select(pair => pair.First)];
        looks.Should().HaveCount(2, "the cgroup and its parent");
        foreach (TracedCall look in looks)
        {
            Stopped();
            Runtime.With("delete", Id).Under(injector.Doing(look, $"error={errno}")).Run().Should().Be(Silent);
            injector.Calls().Should().Equal(look);
            Directory.Exists(cgroup).Should().BeFalse();
        }

        TracedCall[] Recorded()
        {
            Stopped();
            Runtime.With("delete", Id).Under(injector.Recording).Run().Should().Be(Silent);
            return injector.Calls();
        }

        void Stopped()
        {
            Bundle.Args("true");
            Call("run", "--detach").Run().Should().Be(Silent);
            Eventually(() => Status() == "stopped", "it ends");
            Directory.Exists(cgroup).Should().BeTrue();
        }
    }

    // It alone names the cgroup; with --force it is read before and after the lock is taken.
    [RuntimeTheory]
    [InlineData(false, Errno.ENOENT)]
    [InlineData(true, Errno.ENOENT)]
    [InlineData(true, Errno.EMFILE)]
    [InlineData(true, Errno.EIO)]
    public void A_record_never_goes_before_the_cgroup(bool force, int errno)
    {
        string cgroup = Path.Combine(Leftovers.Cgroup2Mount!, "ocirun-test-" + Id);
        Bundle.Linux["cgroupsPath"] = "/ocirun-test-" + Id;
        Bundle.Args("sleep", "100");
        FaultInjector injector = new(Work);
        string[] words = force ? ["delete", "--force", Id] : ["delete", Id];
        Prepare();
        Runtime.With(words).Under(injector.Recording).Run().Should().Be(Silent);
        TracedCall[] calls = [.. injector.Calls().TakeWhile(call => call.Name != "unlinkat").Where(call => call.Name is "openat" or "read")];
        calls.Should().HaveCountGreaterThan(10);
        foreach (TracedCall call in calls)
        {
            Prepare();
            Outcome outcome = Runtime.With(words).Under(injector.Doing(call, $"error={errno}")).Run();
            Directory.Exists(cgroup).Should().Be(Runtime.Run("state", Id).Exit == 0, $"{call}: {outcome}");
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Directory.Exists(cgroup).Should().BeFalse();
        }

        void Prepare()
        {
            CreateAndStart();
            if (force)
                return;
            Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
            Eventually(() => Status() == "stopped", "it ends");
        }
    }

    // Root without its power over files can still remove what it may not read.
    [RuntimeFact]
    public void A_record_that_may_not_be_read_is_kept()
    {
        string cgroup = Path.Combine(Leftovers.Cgroup2Mount!, "ocirun-test-" + Id);
        Bundle.Linux["cgroupsPath"] = "/ocirun-test-" + Id;
        Bundle.Args("sleep", "100");
        CreateAndStart();
        string record = Path.Combine(Work, "root", Id, "state.json");
        File.SetUnixFileMode(record, UnixFileMode.None);
        Outcome outcome = Runtime.With("delete", "--force", Id).Under("setpriv", "--bounding-set=-dac_override,-dac_read_search").Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("EACCES").And.Contain("nothing was removed");
        Status().Should().Be("running");
        Directory.Exists(cgroup).Should().BeTrue();
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Directory.Exists(cgroup).Should().BeFalse();
    }

    [RuntimeFact]
    public void Too_few_descriptors_keep_the_record_until_the_cgroup_is_gone()
    {
        string cgroup = Path.Combine(Leftovers.Cgroup2Mount!, "ocirun-test-" + Id);
        Bundle.Linux["cgroupsPath"] = "/ocirun-test-" + Id;
        Bundle.Args("sleep", "100");
        List<int> statuses = [];
        for (int limit = 4; limit < 12; limit++)
        {
            CreateAndStart();
            Outcome outcome = Runtime.With("delete", "--force", Id).Under("prlimit", $"--nofile={limit}").Run();
            statuses.Add(outcome.Exit);
            Directory.Exists(cgroup).Should().Be(outcome.Exit != 0, $"{limit} descriptors: {outcome}");
            (outcome.Exit == 0 || outcome.Err.Contains("EMFILE", System.StringComparison.Ordinal)).Should().BeTrue($"{limit} descriptors: {outcome}");
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
            Directory.Exists(cgroup).Should().BeFalse();
        }

        statuses.Should().Contain(0).And.Contain(1).And.BeInDescendingOrder();
    }

    // F-42: the sysctl of a user namespace of its own, so that the machine keeps its own.
    [RuntimeFact]
    public void A_limit_of_user_namespaces_is_named()
    {
        Bundle.ForRootless();
        Bundle.Linux["uidMappings"] = Bundle.Mapping(0);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(0);
        Outcome outcome = Call("run").Under("unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-ec",
            "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"", "sh").Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("ENOSPC").And.Contain("user.max_user_namespaces");
    }

    // F-43.
    [RuntimeFact]
    public void A_limit_of_processes_is_told()
    {
        Bundle.ForRootless();
        Bundle.Save();
        Use(View.Rootless);
        Outcome outcome = Runtime.With("run", "--bundle", Bundle.Path, Id).Under("prlimit", "--nproc=1:1").Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("EAGAIN").And.Contain("RLIMIT_NPROC");
    }

    // F-50.
    [RuntimeFact]
    public void A_full_quota_of_keyrings_names_the_option_that_helps()
    {
        Outcome outcome = WithFault("keyctl", Errno.EDQUOT);
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("EDQUOT").And.Contain("--no-new-keyring");
    }

    [RuntimeFact]
    public void A_kernel_without_keyrings_is_none_the_worse() => WithFault("keyctl", Errno.ENOSYS).Should().Be(Silent);

    // In the caller's session the container could type into the caller's terminal.
    [RuntimeFact]
    public void A_session_that_cannot_be_had_ends_the_creation()
    {
        Outcome outcome = WithFault("setsid", Errno.EPERM);
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("setsid: EPERM");
    }

    // F-58.
    [RuntimeFact]
    public void A_network_namespace_that_is_gone_is_named()
    {
        string path = Path.Combine(Work, "netns");
        Bundle.Namespace("network", path);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain(path).And.Contain("ENOENT").And.Contain("linux.namespaces[");
    }

    // F-59.
    [RuntimeFact]
    public void A_file_system_that_cannot_be_id_mapped_is_named()
    {
        Bundle.MapUsers();
        JsonObject mount = new()
        {
            ["destination"] = "/mnt",
            ["type"] = "bind",
            ["source"] = "/sys/kernel",
            ["options"] = new JsonArray("bind"),
            ["uidMappings"] = Bundle.Mapping(200000, 65536),
            ["gidMappings"] = Bundle.Mapping(200000, 65536),
        };
        Bundle.Mounts.Add((JsonNode)mount);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("mounts[7]").And.Contain("/sys/kernel").And.Contain("mount_setattr");
    }

    // The first call of that name fails.
    private Outcome WithFault(string name, int errno)
    {
        FaultInjector injector = new(Work);
        Call("run").Under(injector.Recording).Run().Should().Be(Silent);
        TracedCall call = injector.Calls().First(made => made.Name == name);
        Outcome outcome = Call("run").Under(injector.Doing(call, $"error={errno}")).Run();
        injector.Calls().Should().ContainSingle().Which.Name.Should().Be(name);
        return outcome;
    }
}
