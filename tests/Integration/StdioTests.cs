using System;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Descriptors and signals that reach the container (features.md §1.23, callers.md §2).</summary>
[Trait("Category", "Conformance")]
public sealed class StdioTests : RuntimeTest
{
    [RuntimeFact]
    public void A_created_container_writes_to_the_descriptors_of_create()
    {
        Bundle.Shell("echo out; echo err >&2");
        Runtime.Call create = Call("create");
        create.Run().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
        Eventually(() => Status() == "stopped", "echo ends");
        create.Out.Should().Be("out\n");
        create.Err.Should().Be("err\n");
    }

    [RuntimeTheory]
    [InlineData("0<&-")]
    [InlineData("1>&-")]
    [InlineData("2>&-")]
    [InlineData("0<&- 1>&- 2>&-")]
    public void Closed_standard_descriptors_become_the_null_device(string closed)
    {
        Probe.Install(Bundle);
        Bundle.Args("/bin/probe", "stdio", "/tmp/report");
        // Attached, a runtime may put pipes of its own there; detached, nothing else than the null device makes sense.
        Call("run", "--detach").Redirect(closed).Run().Exit.Should().Be(0);
        Eventually(() => Status() == "stopped", "the probe ends");
        string[] report = File.ReadAllLines(Bundle.InRootfs("/tmp/report"));
        report.Should().HaveCount(3);
        for (int fd = 0; fd < 3; fd++)
        {
            if (closed.Contains($"{fd}>", StringComparison.Ordinal) || closed.Contains($"{fd}<", StringComparison.Ordinal))
                report[fd].Should().Be($"{fd} char 103");
        }
    }

    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("create")]
    public void Leaked_descriptors_do_not_reach_the_container(string verb)
    {
        Probe.Install(Bundle);
        Bundle.Args("/bin/probe", "fds");
        string secret = Path.Combine(Work, "secret");
        File.WriteAllText(secret, "x");
        Runtime.Call call = Call(verb).Redirect($"4<'{secret}' 7</ 8</sys/fs/cgroup 9</proc/1").Before("ulimit -n 1024;");
        call.Run().Exit.Should().Be(0);
        if (verb == "create")
        {
            Runtime.Run("start", Id).Should().Be(Silent);
            Eventually(() => Status() == "stopped", "the probe ends");
        }

        call.Out.Should().BeEmpty();
    }

    [RuntimeFact]
    public void The_container_starts_with_default_signals()
    {
        Probe.Install(Bundle);
        Bundle.Args("/bin/probe", "signals");
        Outcome outcome = Call("run").Before("trap '' HUP PIPE USR1 TERM;").Run();
        outcome.Out.Should().Be("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    }

    [RuntimeFact]
    public void The_callers_environment_does_not_reach_the_container()
    {
        Bundle.Args("/bin/env").Process["env"] = new System.Text.Json.Nodes.JsonArray("A=1");
        Outcome outcome = Call("run").Env("SECRET", "value").Env("LD_PRELOAD", "").Run();
        outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).Should().Equal("A=1", "HOME=/root");
    }

    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_callers_null_device_keeps_its_owner(bool userNamespace)
    {
        Bundle.Args("true").Process["user"] = new System.Text.Json.Nodes.JsonObject { ["uid"] = 1000, ["gid"] = 1000 };
        if (userNamespace)
        {
            Bundle.MapUsers();
        }

        string device = Leftovers.NullDevicePath(Work);
        Call("run").Redirect($">'{device}' 2>&1").Run().Exit.Should().Be(0);
        Permissions(device).Should().Be(0b110_110_110);
        Mono.Unix.Native.Syscall.stat(device, out Mono.Unix.Native.Stat stat);
        stat.st_uid.Should().Be(0);
        stat.st_gid.Should().Be(0);
    }

    [RuntimeFact]
    public void Init_keeps_no_descriptor_of_the_runtimes_pipes()
    {
        Bundle.Args("sleep", "100");
        CreateAndStart();
        int pid = Pid();
        Eventually(() => RunningProcess.CommandLine(pid) == "sleep 100", "the program runs");
        Directory.GetFileSystemEntries($"/proc/{pid}/fd").Select(Path.GetFileName).Should().BeEquivalentTo("0", "1", "2");
    }
}
