using System;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>What an unprivileged caller may and may not have of cgroups, proc and the mounts of others (features.md §5).</summary>
[Trait("Category", "Conformance")]
public sealed class RootlessTests : RuntimeTest
{
    // The caller sits in a cgroup that was given to the user, as below user@UID.service.
    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_delegated_cgroup_gets_the_containers(bool deviceRules) => Delegated(own =>
    {
        Bundle.ForRootless().Shell("sleep 1000");
        // The kernel lets no unprivileged user load the program of device rules, so they are not applied.
        if (deviceRules)
            Bundle.Linux["resources"] = JsonNode.Parse("""{"devices": [{"allow": false, "access": "rwm"}]}""");
        Bundle.Save();
        Use(View.Rootless);
        Call("create").Before($"echo $$ > {own}/caller/cgroup.procs;").Run().Should().Be(Silent);
        File.ReadAllText($"/proc/{Pid()}/cgroup").Should().EndWith($"0::{own[Leftovers.Cgroup2Mount!.Length..]}/{Id}\n");
        Runtime.Run("kill", Id, "KILL").Exit.Should().Be(0);
        Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
        Directory.Exists($"{own}/{Id}").Should().BeFalse();
        Directory.Exists(own).Should().BeTrue();
    });

    // Root that lacks the right is told from a user only by the option.
    [RuntimeTheory]
    [InlineData("--rootless=true", 0)]
    [InlineData("--rootless=false", 1)]
    public void The_option_says_whether_a_missing_cgroup_is_tolerated(string option, int exit)
    {
        Bundle.NoMount("/sys/fs/cgroup").Linux.Remove("resources");
        Bundle.Save();
        Outcome outcome = Runtime.With(option, "run", "--bundle", Bundle.Path, Id)
            .Under("unshare", "-m", "/bin/sh", "-ec", "mount -o remount,bind,ro $(grep ' - cgroup2 ' /proc/self/mountinfo | cut -d ' ' -f 5); exec \"$@\"", "sh").Run();
        outcome.Exit.Should().Be(exit, outcome.ToString());
        if (exit == 1)
            outcome.Err.Should().ContainEquivalentOf("read-only file system");
    }

    // mount_too_revealing(): what covers a part of the host's proc must not be evaded by mounting it anew.
    [RuntimeTheory]
    [InlineData("/proc/irq", 1)]
    [InlineData("/mnt", 0)]
    public void A_proc_whose_parts_are_covered_cannot_be_mounted(string covered, int exit)
    {
        Bundle.ForRootless().Args("true");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(0);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(0);
        Bundle.Save();
        Use(View.Rootless);
        Outcome outcome = Call("run")
            .Under("unshare", "-Urm", "/bin/sh", "-ec", $"mount -t tmpfs t {covered}; exec \"$@\"", "sh").Run();
        outcome.Exit.Should().Be(exit, outcome.ToString());
        if (exit == 1)
            outcome.Err.Should().Contain("/proc").And.ContainEquivalentOf("operation not permitted");
    }

    // mount_namespaces(7): the flags of the host's mounts are locked in the mount namespace of the caller's user namespace.
    [RuntimeTheory]
    [InlineData("", "rw,nosuid,nodev,noexec,noatime")]
    [InlineData("ro", "ro,nosuid,nodev,noexec,noatime")]
    [InlineData("noatime", "rw,nosuid,nodev,noexec,noatime")]
    [InlineData("exec", null)]
    [InlineData("ro,suid", null)]
    [InlineData("dev", null)]
    [InlineData("relatime", null)]
    [InlineData("strictatime", null)]
    public void Locked_flags_of_a_mount_stay(string words, string? flags)
    {
        string volume = Path.Combine(Work, "volume");
        Directory.CreateDirectory(volume);
        Directory.CreateDirectory(Bundle.InRootfs("volume"));

        // The device rules stay: what the kernel does not let the caller restrict is not an error.
        Bundle.NoMount("/sys/fs/cgroup").NoMount("/dev/pts").Mount("/volume", "bind", volume, ["bind", .. words.Split(',', StringSplitOptions.RemoveEmptyEntries)]);
        Bundle.Shell("awk '$5 == \"/volume\" { print $6 }' /proc/self/mountinfo");
        Outcome outcome = Call("run").Under("unshare", "-m", "/bin/sh", "-ec",
            $"mount -t tmpfs -o nosuid,nodev,noexec,noatime t {volume}; exec unshare -Urm \"$@\"", "sh").Run();
        (outcome.Exit, outcome.Out).Should().Be(flags is null ? (1, "") : (0, flags + "\n"), outcome.ToString());
        if (flags is null)
            outcome.Err.Should().Contain("/volume").And.ContainEquivalentOf("operation not permitted");
    }

    private void Delegated(Action<string> body)
    {
        string own = $"{Leftovers.Cgroup2Mount}/delegated-{Environment.ProcessId}";
        Directory.CreateDirectory(own + "/caller");
        try
        {
            foreach (string path in new[] { own, own + "/cgroup.procs", own + "/caller", own + "/caller/cgroup.procs" })
                Syscall.chown(path, Runtime.RootlessId, Runtime.RootlessId).Should().Be(0);
            body(own);
        }
        finally
        {
            Syscall.rmdir(own + "/caller");
            Syscall.rmdir(own);
        }
    }
}
