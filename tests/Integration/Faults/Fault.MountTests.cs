using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Faults;

/// <summary>Mounts that are in use, and mounts that are shared with the host (security.md §3.2).</summary>
public sealed class FaultMountTests : RuntimeTest
{
    // F-26: the kernel refuses to make read-only what somebody writes to.
    [RuntimeTheory]
    [InlineData("0.2", true)]
    [InlineData("3", false)]
    public void A_root_that_a_hook_still_writes_to_is_waited_for_a_moment(string seconds, bool starts)
    {
        // The hook's process gets the container's root when that is switched to, so its program has to be there as well.
        string file = Bundle.InRootfs("/held");
        Bundle.Config["root"]!["readonly"] = true;
        Bundle.Config["hooks"] = new JsonObject
        {
            ["createContainer"] = new JsonArray(new JsonObject
            {
                ["path"] = "/bin/sh",
                ["args"] = new JsonArray("sh", "-c", $"(exec 9>{file}; echo >&9; exec /bin/busybox sleep {seconds}) >/dev/null 2>&1 & until test -s {file}; do :; done"),
            }),
        };
        Bundle.Shell("if (: > /new) 2>/dev/null; then exit 9; fi");
        Stopwatch watch = Stopwatch.StartNew();
        Outcome outcome = Run();
        if (starts)
        {
            outcome.Should().Be(Silent);
            return;
        }

        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("root.readonly").And.Contain("EBUSY").And.Contain("hook");
        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(2));
        Eventually(() => !Leftovers.Processes(Work, [Id]).Any(), "the hook's process ends by itself");
    }

    // F-26: writers to the source of a bind are not in the way, as they write by another mount.
    [RuntimeFact]
    public void A_source_that_is_written_to_can_be_bound_read_only()
    {
        string source = Directory.CreateDirectory(Path.Combine(Work, "source")).FullName;
        using FileStream open = File.Create(Path.Combine(source, "open"));
        Bundle.Mount("/data", "bind", source, "rbind", "ro");
        Bundle.Shell("if (: > /data/new) 2>/dev/null; then exit 9; fi");
        Run().Should().Be(Silent);
    }

    // F-27: in a mount namespace of the test's own, whose mounts are all shared, as systemd makes those of a host.
    [RuntimeTheory]
    [InlineData("")]
    [InlineData("mount -t tmpfs shared {0}; cp -a {1}/. {0};")]
    [InlineData("mount --make-rslave /;")]
    [InlineData("mount -t tmpfs shared {0}; cp -a {1}/. {0}; mount --bind {0} {0}; mount --make-slave {0};")]
    public void Containers_that_come_and_go_leave_the_hosts_mounts_as_they_were(string before)
    {
        Bundle.Mount("/tmp", "tmpfs", "tmpfs");
        Bundle.Mount("/data", "bind", Directory.CreateDirectory(Path.Combine(Work, "data")).FullName, "rbind");
        Bundle.Save();
        Execute("cp", "-a", Bundle.Path, Path.Combine(Work, "copy"));
        string script = $"""
            mount --make-rshared /
            {before.Replace("{0}", Bundle.Path).Replace("{1}", Path.Combine(Work, "copy"))}
            cat /proc/self/mountinfo > before
            i=0
            while [ $i -lt 60 ]; do "$@"; i=$((i + 1)); done
            cat /proc/self/mountinfo > after
            """;
        Call("run").Under("unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", script, "sh").Run().Should().Be(Silent);
        File.ReadAllText(Path.Combine(Work, "after")).Should().Be(File.ReadAllText(Path.Combine(Work, "before")));
    }
}
