using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// Containers on a kernel, or below a filter, that lacks system calls: nothing may be less closed than with them.
/// </summary>
public sealed class FallbackTests : RuntimeTest
{
    // Without memfd_create there must be an overlay to run from, see the last tests.
    private const string MountApi = "fsopen,open_tree,move_mount,mount_setattr,fsmount,fsconfig";
    private const string All = "openat2,close_range,clone3,keyctl,faccessat2,statx," + MountApi;

    private const string Restrictions = """
        wc -c < /proc/keys
        wc -c < /etc/group
        ls -A /sys/firmware /root | wc -l
        (: > /tmp/new) 2>&1
        (: > /proc/sys/kernel/hostname) 2>&1
        (: > /data/new) 2>&1
        cat /data/file
        (: > /new) 2>&1
        (: > /dev/null) && echo null
        (: > /sys/new) 2>&1
        stat -c '%F %t:%T %a %u' /dev/null /dev/tty /dev/fuse
        readlink /dev/fd
        id -u
        hostname
        grep -E 'CapBnd|NoNewPrivs' /proc/self/status
        """;

    private static readonly string Expected = string.Join('\n',
        "0",
        "0",
        "3",
        "/bin/sh: can't create /tmp/new: Read-only file system",
        "/bin/sh: can't create /proc/sys/kernel/hostname: Read-only file system",
        "/bin/sh: can't create /data/new: Read-only file system",
        "inside",
        "/bin/sh: can't create /new: Read-only file system",
        "null",
        "/bin/sh: can't create /sys/new: Read-only file system",
        "character special file 1:3 666 0",
        "character special file 5:0 666 0",
        "character special file a:e5 600 7",
        "/proc/self/fd",
        "0",
        "box",
        "CapBnd:\t0000000020000420",
        "NoNewPrivs:\t1",
        "");

    public static TheoryData<string, string> Missing()
    {
        TheoryData<string, string> data = [];
        string[] single =
        [
            "openat2", "close_range", "fsopen", "open_tree", "move_mount", "mount_setattr", "fsmount", "fsconfig", "keyctl",
            "faccessat2", "memfd_create", "statx",
        ];
        foreach (string call in single.Append(MountApi))
        {
            data.Add(call, "ENOSYS");
            data.Add(call, "EPERM");
        }

        data.Add("clone3", "ENOSYS");
        data.Add(All, "ENOSYS");
        data.Add(All.Replace("clone3,", "", StringComparison.Ordinal), "EPERM");
        return data;
    }

    [RuntimeTheory]
    [MemberData(nameof(Missing))]
    public void A_container_is_as_closed_without_the_call(string calls, string errno)
    {
        Restricted();
        Outcome outcome = Without(calls, errno).Run();
        outcome.Should().Be(new Outcome(0, Expected, ""));
    }

    [RuntimeFact]
    public void The_expectation_is_what_a_current_kernel_gives()
    {
        Restricted();
        Run().Should().Be(new Outcome(0, Expected, ""));
    }

    [RuntimeTheory]
    [InlineData("openat2", "ENOSYS")]
    [InlineData("openat2", "EPERM")]
    [InlineData(All, "ENOSYS")]
    public void A_linked_mount_target_stays_inside(string calls, string errno)
    {
        string outside = Path.Combine(Work, "outside");
        Directory.CreateDirectory(outside);
        Directory.CreateDirectory(Bundle.InRootfs(outside));
        Source("inside");
        File.CreateSymbolicLink(Bundle.InRootfs("/data"), "/../../etc");
        File.CreateSymbolicLink(Bundle.InRootfs("/up"), "../../../../../../.." + outside);
        Bundle.Mount("/data", "", Path.Combine(Work, "source"), "bind").Mount("/up/new", "", Path.Combine(Work, "source"), "bind");
        Bundle.Shell($"cat /etc/file; cat {outside}/new/file; ls /etc");

        Outcome outcome = Without(calls, errno).Run();

        outcome.Should().Be(new Outcome(0, "inside\ninside\nfile\n", ""));
        Directory.GetFileSystemEntries(outside).Should().BeEmpty();
        Directory.Exists(Bundle.InRootfs(outside + "/new")).Should().BeTrue("the target is made inside");
        File.Exists("/etc/file").Should().BeFalse();
    }

    [RuntimeTheory]
    [InlineData("openat2", "ENOSYS")]
    [InlineData(All, "ENOSYS")]
    public void A_link_without_end_is_refused(string calls, string errno)
    {
        Source("inside");
        File.CreateSymbolicLink(Bundle.InRootfs("/loop"), "loop");
        Bundle.Mount("/loop/x", "", Path.Combine(Work, "source"), "bind");
        Outcome outcome = Without(calls, errno).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("mounts[7]").And.Contain("ELOOP");
    }

    [RuntimeTheory]
    [InlineData("/tmp/absent")]
    [InlineData("../../../tmp/absent")]
    public void A_dangling_link_is_treated_as_openat2_does(string link)
    {
        Source("inside");
        File.CreateSymbolicLink(Bundle.InRootfs("/up"), link);
        Bundle.Mount("/up/new", "", Path.Combine(Work, "source"), "bind").Shell("cat /up/new/file");
        Outcome with = Run();
        Directory.Exists("/tmp/absent").Should().BeFalse();
        Outcome without = Without("openat2", "ENOSYS").Run();
        (without.Exit, without.Out).Should().Be((with.Exit, with.Out), $"{with}\n{without}");
        Directory.Exists("/tmp/absent").Should().BeFalse();
    }

    [RuntimeTheory]
    [InlineData("openat2", "ENOSYS")]
    [InlineData(All, "ENOSYS")]
    public void A_proc_on_a_link_is_refused(string calls, string errno)
    {
        Directory.Delete(Bundle.InRootfs("/proc"));
        File.CreateSymbolicLink(Bundle.InRootfs("/proc"), "/tmp");
        Outcome outcome = Without(calls, errno).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("mounts[0]");
    }

    [RuntimeTheory]
    [InlineData("clone3", "ENOSYS")]
    [InlineData("openat2,close_range,clone3,keyctl,faccessat2,statx", "ENOSYS")]
    [InlineData("openat2", "EPERM")]
    [InlineData("mount_setattr", "ENOSYS")]
    [InlineData("mount_setattr", "EPERM")]
    public void A_user_namespace_works_without_the_call(string calls, string errno)
    {
        Source("inside");
        Directory.CreateDirectory(Bundle.InRootfs("/data"));
        Bundle.Namespace("user").Mount("/data", "", Path.Combine(Work, "source"), "bind", "ro");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 65536);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 65536);
        Bundle.Shell("cat /data/file; (: > /data/new) 2>&1; wc -c < /proc/keys; (: > /proc/sys/kernel/hostname) 2>&1; cat /proc/self/uid_map");
        Outcome outcome = Without(calls, errno).Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        outcome.Out.Should().StartWith("inside\n/bin/sh: can't create /data/new: Read-only file system\n0\n"
            + "/bin/sh: can't create /proc/sys/kernel/hostname: Read-only file system\n");
        outcome.Out.Should().Contain("100000");
    }

    [RuntimeTheory]
    [InlineData("openat2", "ENOSYS", false)]
    [InlineData("openat2,fsopen", "EPERM", false)]
    [InlineData("fsopen", "ENOSYS", true)]
    [InlineData("openat2", "EPERM", true)]
    public void Clocks_are_shifted_without_the_call(string calls, string errno, bool userNamespace)
    {
        Bundle.Namespace("time").Shell("awk '{ print $3 }' /proc/self/timens_offsets");
        Bundle.Linux["timeOffsets"] = new JsonObject { ["boottime"] = new JsonObject { ["secs"] = 1, ["nanosecs"] = 7 } };
        if (userNamespace)
        {
            Bundle.MapUsers();
        }

        Without(calls, errno).Run().Should().Be(new Outcome(0, "0\n7\n", ""));
    }

    [RuntimeFact]
    public void A_recursive_option_needs_mount_setattr()
    {
        Source("inside");
        Bundle.Mount("/mnt", "", Path.Combine(Work, "source"), "rbind", "rro").Args("true");
        Outcome outcome = Without("mount_setattr", "ENOSYS").Run();
        outcome.Exit.Should().NotBe(0, "a tree that was to be read-only is not");
        outcome.Err.Should().Contain("mounts[7]").And.Contain("mount_setattr: ENOSYS");
    }

    // A tree that is not in the child's mount namespace can only be handed over detached (Linux 5.2).
    [RuntimeTheory]
    [InlineData(MountApi, "EPERM")]
    [InlineData("open_tree", "ENOSYS")]
    public void A_user_namespace_of_the_privileged_needs_open_tree(string calls, string errno)
    {
        Bundle.Namespace("user").Args("true");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 65536);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 65536);
        Outcome outcome = Without(calls, errno).Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("root.path").And.Contain($"open_tree: {errno}");
    }

    [RuntimeTheory]
    [InlineData("clone3", "ENOSYS")]
    [InlineData("openat2", "ENOSYS")]
    [InlineData("close_range", "EPERM")]
    [InlineData(All, "ENOSYS")]
    public void An_unprivileged_container_works_without_the_call(string calls, string errno)
    {
        Bundle.ForRootless().Shell("wc -c < /proc/keys; id -u; (: > /proc/sys/kernel/hostname) 2>&1; true");
        string nosys = Nosys.Install(Work);
        Use(View.Rootless);
        Outcome outcome = Call("run").Under(nosys, errno, calls).Run();
        outcome.Should().Be(new Outcome(0, "0\n0\n/bin/sh: can't create /proc/sys/kernel/hostname: Read-only file system\n", ""));
    }

    [RuntimeTheory]
    [InlineData("close_range", "ENOSYS")]
    [InlineData("close_range", "EPERM")]
    public void Every_descriptor_is_closed_without_close_range(string calls, string errno)
    {
        Probe.Install(Bundle);
        Bundle.Args("/bin/probe", "fds");
        Without(calls, errno).Redirect("4</ 7</proc/1 9</etc/passwd").Run().Should().Be(Silent);
    }

    [RuntimeTheory]
    [InlineData(MountApi, true)]
    [InlineData("fsopen", true)]
    [InlineData("memfd_create", false)]
    public void The_runtime_runs_from_a_copy_either_way(string calls, bool memory)
    {
        Bundle.Args("true");
        Without("create", calls, "ENOSYS").Run().Should().Be(Silent);
        string exe = new FileInfo($"/proc/{Pid()}/exe").LinkTarget!;
        if (memory)
            exe.Should().StartWith("/memfd:");
        else
            exe.Should().NotContain("memfd").And.NotBe(Runtime.Binary);
        FluentActions.Invoking(() => File.OpenWrite($"/proc/{Pid()}/exe").Dispose()).Should().Throw<Exception>("nobody writes to the copy");
    }

    [RuntimeFact]
    public void Without_any_copy_of_itself_the_runtime_enters_no_container()
    {
        Bundle.Args("true");
        Outcome outcome = Without("fsopen,memfd_create", "ENOSYS").Run();
        outcome.Exit.Should().NotBe(0);
        outcome.Err.Should().Contain("cannot run a protected copy of the runtime").And.Contain("ENOSYS");
    }

    [RuntimeTheory]
    [InlineData("pidfd_open,pidfd_send_signal")]
    [InlineData(All)]
    public void A_container_is_created_started_killed_and_deleted(string calls)
    {
        string nosys = Nosys.Install(Work);
        Bundle.Args("sleep", "100");
        Without("create", All, "ENOSYS").Run().Should().Be(Silent);
        Outcome start = Runtime.With("start", Id).Under(nosys, "ENOSYS", calls).Run();
        Outcome kill = Runtime.With("kill", Id, "KILL").Under(nosys, "ENOSYS", calls).Run();
        if (calls == All)
        {
            (start, kill).Should().Be((Silent, Silent));
            Eventually(() => Status() == "stopped", "it is killed");
            Runtime.With("delete", Id).Under(nosys, "ENOSYS", calls).Run().Should().Be(Silent);
        }
        else
        {
            kill.Exit.Should().NotBe(0, "a process is not addressed by a number that may mean another one");
            kill.Err.Should().Contain("pidfd_open");
        }
    }

    private void Restricted()
    {
        Source("inside");
        Bundle.Mount("/data", "bind", Path.Combine(Work, "source"), "bind", "ro");
        Bundle.Config["root"]!["readonly"] = true;
        Bundle.Linux["devices"] = new JsonArray(new JsonObject
        {
            ["path"] = "/dev/fuse",
            ["type"] = "c",
            ["major"] = 10,
            ["minor"] = 229,
            ["fileMode"] = 0b110_000_000,
            ["uid"] = 7,
        });
        ((JsonArray)Bundle.Linux["maskedPaths"]!).Add((JsonNode)"/etc/group");
        ((JsonArray)Bundle.Linux["maskedPaths"]!).Add((JsonNode)"/root");
        ((JsonArray)Bundle.Linux["readonlyPaths"]!).Add((JsonNode)"/tmp");
        File.WriteAllText(Bundle.InRootfs("/root/file"), "x");
        Directory.CreateDirectory(Bundle.InRootfs("/data"));
        Bundle.Shell(Restrictions);
    }

    private void Source(string text)
    {
        Directory.CreateDirectory(Path.Combine(Work, "source"));
        File.SetUnixFileMode(Path.Combine(Work, "source"), (UnixFileMode)0b111_111_111);
        File.WriteAllText(Path.Combine(Work, "source", "file"), text + "\n");
    }

    private Runtime.Call Without(string calls, string errno) => Without("run", calls, errno);

    private Runtime.Call Without(string verb, string calls, string errno) =>
        Call(verb).Under(Nosys.Install(Work), errno, calls);
}
