using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// Users and their namespaces from every side: as root, as a user with helpers or with one id, and inside a user
/// namespace (features.md §2.8 and §5).
/// </summary>
public sealed class UserNamespaceTests : RuntimeTest
{
    // The namespace of a caller as `unshare -Ur` leaves it: one id, and setgroups denied for good.
    private string[] Single => ["unshare", "-Urm", "/bin/sh", "-ec", $"mount -t tmpfs -o mode=755 t {State}; exec \"$@\"", "sh"];

    private string[] Full => ["/bin/sh", Path.Combine(Work, "nest"), Path.Combine(Work, "fifo"), State];

    private new string State => Path.Combine(Work, "root");

    [RuntimeTheory]
    [InlineData(true, 0, 0, 1)]
    [InlineData(true, 1, 0, 1)]
    [InlineData(false, 0, 100000, 65536)]
    [InlineData(false, 1, 0, 1)]
    [InlineData(false, 1000, 0, 1000)]
    [InlineData(false, 1000, 5, 1000)]
    public void A_container_runs_inside_a_user_namespace(bool single, int own, int host, int size)
    {
        Nest();
        Bundle.Shell("id -u; cat /proc/self/uid_map | tr -s ' '; stat -c %t:%T /dev/null; echo x > /dev/null && echo writable");
        Bundle.NoMount("/sys/fs/cgroup").NoMount("/dev/pts").Linux.Remove("resources");
        if (own > 0)
        {
            Bundle.Namespace("user");
            Bundle.Linux["uidMappings"] = Bundle.Mapping(host, size);
            Bundle.Linux["gidMappings"] = Bundle.Mapping(host, size);
        }

        Outcome outcome = Call("run").Under(single ? Single : Full).Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Should().Be($"0\n 0 {host} {size}\n1:3\nwritable\n");
    }

    [RuntimeFact]
    public void More_ids_than_the_surrounding_namespace_has_are_refused()
    {
        Nest();
        Bundle.Namespace("user").NoMount("/sys/fs/cgroup").Linux.Remove("resources");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(0, 1000);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(0, 1000);
        Outcome outcome = Call("run").Under(Single).Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("linux.gidMappings: cannot write gid_map");
    }

    // The tmpfs belongs to the surrounding namespace, whose root may map it; the bundle's file system does not.
    [RuntimeTheory]
    [InlineData(true, "")]
    [InlineData(false, "CAP_SYS_ADMIN in the user namespace that the file system was mounted in")]
    public void A_mount_is_mapped_inside_a_user_namespace_where_the_kernel_lets(bool owned, string refusal)
    {
        Nest();
        string source = owned ? Path.Combine(State, "vol") : Bundle.InRootfs("etc");
        Bundle.NoMount("/sys/fs/cgroup").NoMount("/dev/pts").Linux.Remove("resources");
        Directory.CreateDirectory(Bundle.InRootfs("data"));
        Bundle.Mount("/data", "bind", source, "bind", "idmap=uids=0-70-10;gids=0-80-10").Args("stat", "-c", "%u:%g", "/data");
        Outcome outcome = Call("run").Under(Full).Run();
        outcome.Err.Contains(refusal, StringComparison.Ordinal).Should().BeTrue(outcome.ToString());
        (outcome.Exit, outcome.Out).Should().Be(owned ? (0, "70:80\n") : (1, ""), outcome.ToString());
    }

    [RuntimeTheory]
    [InlineData("65534:100000:65536", 0, "0 65534 1,1 100000 1000")]
    [InlineData("65534:200000:65536", 1, "newuidmap")]
    public void Helpers_map_what_the_host_grants_an_unprivileged_user(string granted, int exit, string expected)
    {
        ForHelpers();
        Bundle.Process["user"]!["additionalGids"] = new System.Text.Json.Nodes.JsonArray(7);
        Bundle.Shell("tr -s ' ' < /proc/self/uid_map | cut -c2-; id -G");
        Outcome outcome = Call("run").Under(Granted(granted)).Run();
        outcome.Exit.Should().Be(exit, outcome.ToString());
        if (exit == 0)
            outcome.Out.Should().Be(expected.Replace(',', '\n') + "\n0 7\n");
        else
        {
            outcome.Err.Should().Contain("linux.").And.Contain("newgidmap: ").And.Contain("/etc/subgid");
            outcome.Err.TrimEnd('\n').Should().StartWith("time=").And.NotContain("\n", "what the program says is part of the error");
        }
    }

    [RuntimeFact]
    public void A_missing_helper_is_named()
    {
        ForHelpers();
        Outcome outcome = Call("run").Under([.. Granted("65534:100000:65536"), "env", "PATH=/nowhere"]).Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("newgidmap is needed to map more than one's own id and is not in PATH");
    }

    [RuntimeFact]
    public void An_unprivileged_user_without_groups_is_refused_some()
    {
        Bundle.ForRootless().Process["user"]!["additionalGids"] = new System.Text.Json.Nodes.JsonArray(0);
        Use(View.Rootless);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("cannot set any additional groups in a rootless container");
    }

    [RuntimeTheory]
    [InlineData("1", false, "0 4321")]
    [InlineData("0", false, "0")]
    [InlineData("1", true, "0 65534")]
    [InlineData("0", true, "0")]
    public void The_callers_groups_stay_when_the_annotation_says_so(string value, bool userNamespace, string groups)
    {
        Bundle.Args("id", "-G").Edit(c => c["annotations"] = new System.Text.Json.Nodes.JsonObject { ["run.oci.keep_original_groups"] = value });
        if (userNamespace)
        {
            Bundle.Namespace("user");
            Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 4000);
            Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 4000);
        }

        Outcome outcome = Call("run").Under("setpriv", "--groups", "4321").Run();
        outcome.Should().Be(new Outcome(0, groups + "\n", ""));
    }

    // What an engine does with the containers of a pod.
    [RuntimeTheory]
    [InlineData("idmap", "0:0")]
    [InlineData("idmap=uids=0-100007-1;gids=0-100008-1", "7:8")]
    public void Mounts_are_mapped_as_a_joined_user_namespace(string word, string owner) => Joined(() =>
    {
        Directory.CreateDirectory(Path.Combine(Bundle.Path, "vol"));
        Directory.CreateDirectory(Bundle.InRootfs("data"));
        Bundle.Mount("/data", "bind", Path.Combine(Bundle.Path, "vol"), "bind", word).Args("stat", "-c", "%u:%g", "/data");
        Outcome outcome = Run();
        outcome.Should().Be(new Outcome(0, owner + "\n", ""));
    });

    // The process that holds the mapping is made before the maps are refused; the harness looks for what is left.
    [RuntimeTheory]
    [InlineData("idmap=uids=0-1-5#3-10-5;gids=0-1-5", "cannot write uid_map")]
    [InlineData("idmap=uids=0-1-5;gids=0-1-5#3-10-5", "cannot write gid_map")]
    public void A_mapping_that_the_kernel_refuses_leaves_nothing(string word, string error)
    {
        Bundle.Mount("/data", "bind", "/srv", "bind", word);
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("mounts[7].options[1]").And.Contain(error);
    }

    [RuntimeTheory]
    [InlineData("mount_setattr", "id-mapped mounts need Linux 5.12")]
    [InlineData("open_tree", "mounts[7]: source")]
    public void An_older_kernel_says_what_is_missing(string call, string error)
    {
        Bundle.Mount("/data", "bind", "/srv", "bind", "idmap=uids=0-1-5;gids=0-1-5");
        Outcome outcome = Call("run").Under(Nosys.Install(Work), "ENOSYS", call).Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain(error).And.Contain($"{call}: ENOSYS");
    }

    // The runtime may be killed at any moment; what holds a mapping goes with it.
    [RuntimeTheory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public void Killing_the_runtime_leaves_no_holder_of_a_mapping(int milliseconds)
    {
        for (int i = 0; i < 8; i++)
            Bundle.Mount($"/data{i}", "bind", "/srv", "bind", $"idmap=uids=0-{i}-1;gids=0-1-1");
        Bundle.Args("true");
        using Process process = Call("run").Start();
        System.Threading.Thread.Sleep(milliseconds);
        Syscall.kill(process.Id, Signum.SIGKILL);
        process.WaitForExit();
        Runtime.Run("delete", "--force", Id);
    }

    private void Joined(Action body)
    {
        using Process holder = Process.Start("unshare", "--user sleep 100");
        try
        {
            Eventually(() => RunningProcess.Alive(holder.Id) && RunningProcess.CommandLine(holder.Id) == "sleep 100", "the namespace is made");
            File.WriteAllText($"/proc/{holder.Id}/gid_map", "0 100000 65536\n");
            File.WriteAllText($"/proc/{holder.Id}/uid_map", "0 100000 65536\n");
            Bundle.Namespace("user", $"/proc/{holder.Id}/ns/user");
            body();
        }
        finally
        {
            holder.Kill();
            holder.WaitForExit();
        }
    }

    // A caller that is root of a user namespace with 65536 ids, and of a mount namespace with a state root of its own.
    private void Nest()
    {
        Directory.CreateDirectory(State);
        File.WriteAllText(Path.Combine(Work, "nest"), """
            fifo=$1; state=$2; shift 2
            mkfifo "$fifo"
            unshare --keep-caps -Um /bin/sh -ec 'read -r go < "$0"; exec setpriv --reuid 0 --regid 0 --clear-groups /bin/sh -ec "
              mount -t tmpfs -o mode=755 t \"\$0\"; mkdir \"\$0/vol\"; exec \"\$@\"" "$@"' "$fifo" "$state" "$@" <&0 &
            while [ "$(readlink /proc/$!/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
            echo 0 100000 65536 > /proc/$!/gid_map
            echo 0 100000 65536 > /proc/$!/uid_map
            echo go > "$fifo"
            wait $!
            """);
    }

    private void ForHelpers()
    {
        Bundle.ForRootless();
        foreach (string list in new[] { "uidMappings", "gidMappings" })
        {
            System.Text.Json.Nodes.JsonArray ranges = Bundle.Mapping(Runtime.RootlessId);
            ranges.Add(Bundle.Mapping(100000, 1000, container: 1).Single()!.DeepClone());
            Bundle.Linux[list] = ranges;
        }
    }

    // As the unprivileged user, to whom /etc/subuid and /etc/subgid grant ids in a mount namespace of its own.
    private string[] Granted(string ranges)
    {
        Directory.CreateDirectory(State);
        string file = Path.Combine(Work, "granted");
        File.WriteAllText(file, ranges + "\n");
        Bundle.Save();
        Execute("chown", "-hR", $"{Runtime.RootlessId}:{Runtime.RootlessId}", Bundle.Path, State);
        return
        [
            "unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
            $"mount --bind {file} /etc/subuid; mount --bind {file} /etc/subgid; exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"", "sh",
        ];
    }
}
