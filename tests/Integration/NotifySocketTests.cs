using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using OciRun.Tests.Integration.Callers;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>NOTIFY_SOCKET (features.md §1.25, ST05, E04).</summary>
public sealed class NotifySocketTests : RuntimeTest
{
    private string HostPath => Path.Combine(Work, "host.sock");

    [RuntimeTheory]
    [InlineData("run", false)]
    [InlineData("run", true)]
    [InlineData("create", false)]
    [InlineData("create", true)]
    public void A_detached_container_is_waited_for_until_it_is_ready(string verb, bool named)
    {
        using NotifyHost host = new(named ? "@" + Id : HostPath);
        Ready("sleep 0.5; ");
        Stopwatch watch = Stopwatch.StartNew();
        if (verb == "run")
        {
            Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        }
        else
        {
            Call("create").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
            host.Received.Should().BeEmpty();
            Runtime.With("start", Id).Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        }

        watch.ElapsedMilliseconds.Should().BeGreaterThan(500);
        host.Received.Should().Equal("READY=1\n", $"MAINPID={Pid()}\n", "BARRIER=1");
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void An_attached_run_tells_while_it_runs()
    {
        using NotifyHost host = new(HostPath);
        Probe.Install(Bundle);
        Bundle.Shell("/bin/probe notify READY=1 0; /bin/probe notify STATUS=later 0 100; exit 3");
        Runtime.Call call = Call("run").Env("NOTIFY_SOCKET", host.Path);
        using Process run = call.Start();
        call.Finish(run).Exit.Should().Be(3);
        host.Received.Should().Equal("READY=1\n", $"MAINPID={run.Id}\n", "BARRIER=1");
    }

    [RuntimeFact]
    public void What_the_container_sees()
    {
        using NotifyHost host = new(HostPath);
        Bundle.Shell("""
            echo $NOTIFY_SOCKET; stat -c '%a %F' /run/notify /run/notify/notify.sock; grep ' /run/notify ' /proc/self/mountinfo | cut -d' ' -f6 | grep -o -E 'ro|nosuid|nodev|noexec'
            (: > /run/notify/new) 2>&1 | grep -c 'Read-only'
            """);
        Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Redirect($">'{Work}/out'").Run().Exit.Should().Be(0);
        string text = File.ReadAllText(Path.Combine(Work, "out"));
        text.Should().StartWith("/run/notify/notify.sock\n755 directory\n777 socket\nro\nnosuid\nnodev\nnoexec\n1\n");
        host.Received.Should().BeEmpty("it ended without a word, and that ended the wait");
    }

    [RuntimeFact]
    public void Nothing_else_passes()
    {
        using NotifyHost host = new(HostPath);
        Probe.Install(Bundle);
        Bundle.Shell("""
            for word in STATUS=up MAINPID=1 BARRIER=1 FDSTORE=1 WATCHDOG=trigger NOTREADY=1; do /bin/probe notify $word 0; done
            /bin/probe notify "$(head -c 60000 /dev/zero | tr '\0' x)" 0; /bin/probe notify x 0 1000
            /bin/probe notify "$(printf 'STATUS=a\nMAINPID=1\nREADY=1\nBUSERROR=x')" 0; /bin/probe notify READY=2 0
            sleep 1000
            """);
        Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        host.Received.Should().Equal("READY=1\n", $"MAINPID={Pid()}\n", "BARRIER=1");
    }

    /// <summary>The runtime stands outside the container's limits: who talks much must not make it work much.</summary>
    [RuntimeFact]
    public void A_flood_costs_the_runtime_little()
    {
        using NotifyHost host = new(HostPath);
        Probe.Install(Bundle);
        Bundle.Shell("/bin/probe notify STATUS=flood 0 100000000; sleep 1000");
        Runtime.Call call = Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path);
        using Process run = call.Start();
        Thread.Sleep(1500);
        string[] stat = File.ReadAllText($"/proc/{run.Id}/stat").Split(") ")[1].Split(' ');
        (int.Parse(stat[11]) + int.Parse(stat[12])).Should().BeLessThan(20, "of 150 ticks");
        Directory.GetFileSystemEntries($"/proc/{run.Id}/fd").Length.Should().BeLessThan(20, "descriptors that come with it are dropped");
        Mono.Unix.Native.Syscall.kill(run.Id, Mono.Unix.Native.Signum.SIGTERM);
        call.Finish(run).Exit.Should().Be(143);
        Status().Should().Be("running", "the wait was given up, not the container");
    }

    [RuntimeFact]
    public void A_word_said_before_the_end_counts()
    {
        using NotifyHost host = new(HostPath);
        Probe.Install(Bundle);
        Bundle.Args("/bin/probe", "notify", "READY=1", "0");
        Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        host.Received[0].Should().Be("READY=1\n");
    }

    [RuntimeFact]
    public void Waiting_ends_by_a_signal_also_at_the_barrier()
    {
        using NotifyHost host = new(HostPath, answers: false);
        Ready("");
        Call("create").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        Runtime.Call call = Runtime.With("start", Id).Env("NOTIFY_SOCKET", host.Path);
        using Process start = call.Start();
        Eventually(() => host.Received.Length == 3, "the barrier is sent");
        Thread.Sleep(200);
        start.HasExited.Should().BeFalse("it waits for the answer");

        // Meanwhile others have business with the container.
        Runtime.Run("pause", Id).Should().Be(Silent);
        Runtime.Run("resume", Id).Should().Be(Silent);
        Mono.Unix.Native.Syscall.kill(start.Id, Mono.Unix.Native.Signum.SIGTERM);
        call.Finish(start).Exit.Should().Be(143);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void The_end_of_the_container_ends_the_wait_of_start()
    {
        using NotifyHost host = new(HostPath);
        Bundle.Shell("sleep 0.3; exit 1");
        Call("create").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        Runtime.With("start", Id).Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        Status().Should().Be("stopped");
        host.Received.Should().BeEmpty();
    }

    /// <summary>A variable left over from some shell must not keep containers from starting.</summary>
    [RuntimeTheory]
    [InlineData("/nonexistent/socket")]
    [InlineData("@nobody-listens-here")]
    [InlineData("vsock:2:1234")]
    public void Without_a_listener_nobody_waits(string address)
    {
        Bundle.Args("sleep", "1000");
        Call("run", "--detach").Env("NOTIFY_SOCKET", address).Run().Should().Be(Silent);
        Status().Should().Be("running");
    }

    [RuntimeFact]
    public void Users_of_a_user_namespace_can_notify()
    {
        using NotifyHost host = new(HostPath);
        Ready("");
        Directory.CreateDirectory(Bundle.InRootfs("/run/notify"));
        Bundle.MapUsers().Process["user"] = new JsonObject { ["uid"] = 1000, ["gid"] = 1000 };
        Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        host.Received.Should().HaveCount(3);
    }

    [RuntimeFact]
    public void Without_the_variable_and_in_an_exec_there_is_nothing()
    {
        Bundle.Shell("env | grep -c NOTIFY; [ -e /run/notify ] || echo none");
        Run().Out.Should().Be("0\nnone\n");

        using NotifyHost host = new(HostPath);
        Ready("");
        Call("run", "--detach").Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        Runtime.With("exec", Id, "sh", "-c", "env | grep -c NOTIFY").Env("NOTIFY_SOCKET", host.Path).Run().Out.Should().Be("0\n");

        // Started without it, nobody is told and nobody waits.
        string id = NewId();
        Bundle.Shell("sleep 1000").Save();
        Runtime.With("create", "--bundle", Bundle.Path, id).Env("NOTIFY_SOCKET", host.Path).Run().Should().Be(Silent);
        Runtime.Run("start", id).Should().Be(Silent);
        host.Received.Count(word => word.StartsWith("READY")).Should().Be(1);
    }

    [RuntimeFact]
    public void A_path_longer_than_an_address_is_reached()
    {
        string deep = Directory.CreateDirectory(Path.Combine(Work, new string('d', 120))).FullName;
        string brief = Path.Combine(Path.GetTempPath(), Id);
        Directory.CreateSymbolicLink(brief, deep);
        using NotifyHost host = new(brief + "/s");
        Directory.Delete(brief);
        Ready("");
        Call("run", "--detach").Env("NOTIFY_SOCKET", Path.Combine(deep, "s")).Run().Should().Be(Silent);
        host.Received.Should().HaveCount(3);
    }

    private void Ready(string before)
    {
        Probe.Install(Bundle);
        Bundle.Shell(before + "exec /bin/probe notify READY=1 1000");
    }
}
