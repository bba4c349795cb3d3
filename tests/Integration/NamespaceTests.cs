using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Namespaces: new, inherited, joined by path (features.md §2.7).</summary>
[Trait("Category", "Conformance")]
public sealed class NamespaceTests : RuntimeTest
{
    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["pid"] = "pid",
        ["network"] = "net",
        ["ipc"] = "ipc",
        ["uts"] = "uts",
        ["mount"] = "mnt",
        ["cgroup"] = "cgroup",
        ["time"] = "time",
    };

    [RuntimeTheory]
    [InlineData("pid")]
    [InlineData("network")]
    [InlineData("ipc")]
    [InlineData("uts")]
    [InlineData("mount")]
    [InlineData("cgroup")]
    [InlineData("time")]
    public void A_listed_namespace_is_new(string type)
    {
        Bundle.Namespace(type).Args("readlink", "/proc/self/ns/" + Files[type]);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Trim().Should().MatchRegex($@"^{Files[type]}:\[\d+\]$").And.NotBe(Host(Files[type]));
    }

    [RuntimeFact]
    public void A_new_user_namespace_is_new()
    {
        Bundle.Namespace("user").Args("readlink", "/proc/self/ns/user");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 65536);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 65536);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Trim().Should().StartWith("user:[").And.NotBe(Host("user"));
    }

    [RuntimeTheory]
    [InlineData("pid")]
    [InlineData("network")]
    [InlineData("ipc")]
    [InlineData("uts")]
    [InlineData("cgroup")]
    public void A_namespace_that_is_not_listed_is_the_callers(string type)
    {
        Bundle.NoNamespace(type).Edit(c => c.Remove("hostname")).Args("readlink", "/proc/self/ns/" + Files[type]);
        if (type == "network")
            Bundle.NoMount("/sys");
        Outcome outcome = Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Trim().Should().Be(Host(Files[type]));
    }

    [RuntimeTheory]
    [InlineData("network", "--net")]
    [InlineData("ipc", "--ipc")]
    [InlineData("uts", "--uts")]
    [InlineData("cgroup", "--cgroup")]
    [InlineData("pid", "--pid --fork --kill-child")]
    [InlineData("time", "--time --fork --kill-child")]
    public void A_namespace_is_joined_by_path(string type, string unshare)
    {
        Join(type, unshare, 0);
    }

    [RuntimeFact]
    public void A_user_namespace_is_joined_by_path() => Join("user", "--user --map-root-user", 0);

    /// <summary>As with user namespaces for every container and the network of another one. A procfs or mqueue of a foreign
    /// namespace the kernel does not give to a user namespace.</summary>
    [RuntimeTheory]
    [InlineData("network", "--net")]
    [InlineData("ipc", "--ipc")]
    [InlineData("uts", "--uts")]
    [InlineData("cgroup", "--cgroup")]
    [InlineData("time", "--time --fork --kill-child")]
    public void A_namespace_is_joined_under_a_new_user_namespace(string type, string unshare)
    {
        using Process holder = Hold(unshare);
        try
        {
            string path = $"/proc/{Holder(holder)}/ns/{Files[type]}";
            Bundle.MapUsers().Namespace(type, path).Edit(c => c.Remove("hostname")).NoMount("/sys").NoMount("/sys/fs/cgroup")
                .NoMount("/dev/mqueue");
            Bundle.Shell($"readlink /proc/self/ns/{Files[type]}; id -u; cat /proc/self/uid_map | tr -s ' '; touch /owned; stat -c %u /owned");
            Execute("chown", "-R", "100000:100000", Bundle.Rootfs);
            string there = new FileInfo(path).LinkTarget!;

            Outcome outcome = Run();

            outcome.Should().Be(new Outcome(0, $"{there}\n0\n 0 100000 65536\n0\n", ""));
            there.Should().NotBe(Host(Files[type]));
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    [RuntimeTheory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public void Mappings_beside_the_path_of_a_user_namespace_are_those_it_has(int size, int exit)
    {
        using Process holder = Hold("--user --map-root-user");
        try
        {
            Bundle.Namespace("user", $"/proc/{Holder(holder)}/ns/user").Args("cat", "/proc/self/uid_map");
            Bundle.NoMount("/dev/pts").NoMount("/sys/fs/cgroup").Linux.Remove("resources");
            Bundle.Linux["uidMappings"] = Bundle.Mapping(0, size);
            Bundle.Linux["gidMappings"] = Bundle.Mapping(0);
            Outcome outcome = Run();
            outcome.Exit.Should().Be(exit, outcome.ToString());
            if (exit != 0)
                outcome.Err.Should().Contain("mapping");
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    [RuntimeFact]
    public void A_mount_namespace_is_joined_by_path()
    {
        using Process holder = Hold("--mount --propagation private");
        try
        {
            string file = $"/proc/{holder.Id}/ns/mnt";
            Bundle.Namespace("mount", file).Edit(c => c["mounts"] = new System.Text.Json.Nodes.JsonArray());
            Bundle.Linux.Remove("maskedPaths");
            Bundle.Linux.Remove("readonlyPaths");
            Bundle.Args("sleep", "100");
            string expected = new FileInfo(file).LinkTarget!;
            Create().Should().Be(Silent);
            new FileInfo($"/proc/{Pid()}/ns/mnt").LinkTarget.Should().Be(expected);
            Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    [RuntimeFact]
    public void Init_is_process_one_of_its_pid_namespace()
    {
        Bundle.Shell("echo $$; ls /proc | grep -c '^[0-9]'");
        Outcome outcome = Run();
        outcome.Out.Should().StartWith("1\n");
    }

    [RuntimeFact]
    public void Containers_share_what_the_first_one_made()
    {
        string other = NewId();
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        int pid = Pid();
        Bundle second = new(Path.Combine(Work, "second"));
        foreach (string type in new[] { "network", "ipc", "uts" })
            second.Namespace(type, $"/proc/{pid}/ns/{Files[type]}");
        second.Edit(c => c.Remove("hostname")).Args("hostname").Save();
        Runtime.Run("run", "--bundle", second.Path, other).Should().Be(new Outcome(0, "box\n", ""));
    }

    private void Join(string type, string unshare, int exit)
    {
        using Process holder = Hold(unshare);
        try
        {
            string name = type == "user" ? "user" : Files[type];
            string file = $"/proc/{Holder(holder)}/ns/{name}";
            string expected = new FileInfo(file).LinkTarget!;
            Bundle.Namespace(type, file).Args("readlink", $"/proc/self/ns/{name}");
            if (type == "uts")
                Bundle.Edit(c => c.Remove("hostname"));
            if (type == "user")
                Bundle.NoMount("/dev/pts").NoMount("/sys/fs/cgroup").Linux.Remove("resources");
            Outcome outcome = Run();
            outcome.Exit.Should().Be(exit, outcome.ToString());
            outcome.Out.Trim().Should().Be(expected);
        }
        finally
        {
            // With --kill-child the child that holds the namespace goes with unshare.
            Syscall.kill(holder.Id, Signum.SIGTERM);
            if (!holder.WaitForExit(1000))
                holder.Kill(entireProcessTree: true);
            holder.WaitForExit();
        }
    }

    private static Process Hold(string unshare)
    {
        Process holder = Process.Start("unshare", unshare + " sleep 100");
        Eventually(() => RunningProcess.Alive(holder.Id)
            && (RunningProcess.CommandLine(holder.Id) == "sleep 100" || RunningProcess.Children(holder.Id) > 0), "the namespace is made");
        return holder;
    }

    // unshare --fork keeps the namespace in its child.
    private static int Holder(Process holder)
    {
        int[] children = File.ReadAllText($"/proc/{holder.Id}/task/{holder.Id}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();
        return children.Length > 0 ? children[0] : holder.Id;
    }

    private static string Host(string name) => new FileInfo("/proc/self/ns/" + name).LinkTarget!;
}
