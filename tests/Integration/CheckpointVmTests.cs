using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using OciRun.Kernel;

namespace OciRun.Tests.Integration;

/// <summary>checkpoint and restore with a real CRIU (features.md §1.19, §1.20).</summary>
public sealed class CheckpointVmTests : CheckpointVmTest
{
    [VmTheory]
    [Xunit.InlineData(View.Cgroupfs)]
    [Xunit.InlineData(View.Systemd)]
    public void A_counter_goes_on_where_it_was(View view)
    {
        Bundle.Linux["resources"] = JsonNode.Parse("""{"memory":{"limit":67108864},"pids":{"limit":50},"devices":[{"allow":false,"access":"rwm"}]}""");
        Directory.CreateDirectory(Path.Combine(Work, "source"));
        Bundle.Mount("/data", "none", Path.Combine(Work, "source"), "bind");
        Begin(view, Counting);
        Eventually(() => Count() > 3, "it counts");

        Runtime.Run("checkpoint", "--network-lock", "skip", "--image-path", Images, Id).Should().Be(Silent);

        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
        Leftovers.Find(Work, Runtime.Root!, [Id]).Should().BeEmpty();
        File.Exists(Path.Combine(Images, "dump.log")).Should().BeTrue();
        File.Exists(Path.Combine(Images, "stats-dump")).Should().BeTrue();
        int before = Count();
        Thread.Sleep(200);
        Count().Should().Be(before, "it stands still");

        Restore("--detach", "--pid-file", Path.Combine(Work, "pid")).Should().Be(Silent);

        Status().Should().Be("running");
        File.ReadAllText(Path.Combine(Work, "pid")).Should().Be($"{Pid()}");
        int after = Count();
        after.Should().BeGreaterThanOrEqualTo(before);
        Eventually(() => Count() > after + 3, "it counts again");
        string cgroup = UpdateTests.Cgroup(Pid());
        cgroup.Should().Contain(Id);
        File.ReadAllText(cgroup + "/memory.max").Should().Be("67108864\n");
        File.ReadAllText(cgroup + "/pids.max").Should().Be("50\n");
        Runtime.Run("exec", Id, "sh", "-c", "echo x >/dev/null; touch /data/touched; cat /proc/kcore; hostname").Out.Should().Be("box\n");
        File.Exists(Path.Combine(Work, "source", "touched")).Should().BeTrue();
        Runtime.Run("pause", Id).Should().Be(Silent);
        Runtime.Run("resume", Id).Should().Be(Silent);
        Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
        Eventually(() => Status() == "stopped", "it is killed");
        Runtime.Run("delete", Id).Should().Be(Silent);
    }

    [VmFact]
    public void Established_connections_survive()
    {
        // The nc of busybox would end: it takes an interrupted poll(2) for a failure.
        Probe.Install(Bundle);
        Begin(View.Cgroupfs, "exec /bin/probe connection /count");
        Eventually(() => Lines() > 3, "the connection is there");
        Runtime.Run("checkpoint", "--network-lock", "skip", "--image-path", Images, Id).Err.Should().Contain("criu failed").And.Contain("tcp");
        int before = Lines();
        Eventually(() => Lines() > before, "a failed dump leaves the container running");
        Runtime.Run("checkpoint", "--network-lock", "skip", "--tcp-established", "--image-path", Images, Id).Should().Be(Silent);
        before = Lines();
        Restore("--detach", "--tcp-established").Should().Be(Silent);
        Eventually(() => Lines() > before + 3, "the connection goes on");
    }

    [VmFact]
    public void A_terminal_goes_on_with_another_master()
    {
        Bundle.Process["terminal"] = true;
        Bundle.Shell("while read word; do echo got $word >>/count; done");
        Use(View.Cgroupfs);
        using Fd first = Console("create", "first");
        Runtime.Run("start", Id).Should().Be(Silent);
        Sys.write(first.Number, "one\n"u8);
        Eventually(() => Text() == "got one\n", "it reads");
        Runtime.Run("checkpoint", "--network-lock", "skip", "--image-path", Images, Id).Should().Be(Silent);
        using Fd second = Console("restore", "second", "--image-path", Images, "--detach");
        Sys.write(second.Number, "two\n"u8);
        Eventually(() => Text() == "got one\ngot two\n", "it reads on");
    }

    [VmFact]
    public void A_container_can_be_dumped_and_left_running()
    {
        Begin(View.Cgroupfs, Counting);
        Runtime.Run("checkpoint", "--network-lock", "skip", "--leave-running", "--image-path", Images, Id).Should().Be(Silent);
        Status().Should().Be("running");
        int before = Count();
        Eventually(() => Count() > before + 3, "it counts on");
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Restore("--detach").Should().Be(Silent);
        before = Count();
        Eventually(() => Count() > before + 3, "the image is good");
    }

    [VmFact]
    public void Memory_can_be_dumped_ahead()
    {
        Begin(View.Cgroupfs, Counting);
        string first = Path.Combine(Work, "first");
        Runtime.Run("checkpoint", "--pre-dump", "--network-lock", "skip", "--image-path", first, Id).Should().Be(Silent);
        Status().Should().Be("running");
        string second = Path.Combine(Work, "second");
        Runtime.Run("checkpoint", "--pre-dump", "--network-lock", "skip", "--parent-path", "../first", "--image-path", second, Id).Should().Be(Silent);
        Runtime.Run("checkpoint", "--network-lock", "skip", "--parent-path", "../second", "--image-path", Images, Id).Should().Be(Silent);
        new FileInfo(Path.Combine(Images, "parent")).LinkTarget.Should().Be("../second");
        Restore("--detach").Should().Be(Silent);
        int before = Count();
        Eventually(() => Count() > before + 3, "it counts on");
    }

    [VmFact]
    public void In_the_foreground_the_exit_status_is_the_containers()
    {
        Begin(View.Systemd, Counting.Replace("while :", "while [ ! -e /end ]") + "; exit 7");
        Runtime.Run("checkpoint", "--network-lock", "skip", "--image-path", Images, Id).Should().Be(Silent);
        Process process = Call("restore", "--image-path", Images).Redirect(">/dev/null").Start();
        Eventually(() => Runtime.Run("state", Id).Exit == 0 && Status() == "running", "it runs");
        File.WriteAllText(Bundle.InRootfs("/end"), "");
        process.WaitForExit(60_000).Should().BeTrue();
        process.ExitCode.Should().Be(7);
        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
    }

    [VmTheory]
    [Xunit.InlineData(View.Cgroupfs)]
    [Xunit.InlineData(View.Systemd)]
    public void A_failed_restore_leaves_nothing(View view)
    {
        Begin(view, Counting);
        Runtime.Run("checkpoint", "--network-lock", "skip", "--image-path", Images, Id).Should().Be(Silent);
        foreach (string file in Directory.GetFiles(Images, "mm-*.img"))
            File.Delete(file);
        Outcome outcome = Restore("--detach");
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("criu failed").And.Contain($"{Images}/restore.log");
        Runtime.Run("state", Id).Err.Should().Contain("does not exist");
        Leftovers.Find(Work, Runtime.Root!, [Id]).Should().BeEmpty();
    }

    [VmFact]
    public void A_pipe_that_was_standard_output_is_replaced()
    {
        Bundle.Shell("i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done");
        Use(View.Cgroupfs);
        Bundle.Save();
        string runtime = $"'{Runtime.Binary}' --root '{Runtime.Root}'";
        Shell($"""
            ({runtime} run --detach --bundle '{Bundle.Path}' {Id} </dev/null 2>/dev/null | cat >'{Work}/first') &
            sleep 3; {runtime} checkpoint --network-lock skip --image-path '{Images}' {Id}; wait
            ({runtime} restore --detach --image-path '{Images}' --bundle '{Bundle.Path}' {Id} </dev/null 2>'{Work}/err' | cat >'{Work}/second') &
            sleep 4; {runtime} delete --force {Id}; wait
            """);
        File.ReadAllText(Path.Combine(Work, "err")).Should().BeEmpty();
        int last = int.Parse(File.ReadAllLines(Path.Combine(Work, "first"))[^1], CultureInfo.InvariantCulture);
        int next = int.Parse(File.ReadAllLines(Path.Combine(Work, "second"))[0], CultureInfo.InvariantCulture);
        next.Should().Be(last + 1);
    }

    [VmFact]
    public void Images_are_those_of_runc()
    {
        // Whose connections CRIU would hold by iptables, which the machine lacks.
        Bundle.NoNamespace("network");
        Begin(View.Cgroupfs, Counting);
        Runtime.Run("checkpoint", "--network-lock", "skip", "--image-path", Images, Id).Should().Be(Silent);
        int before = Count();
        string runc = $"runc --root '{Work}/runc-root'";
        Shell($"{runc} restore --detach --image-path '{Images}' --bundle '{Bundle.Path}' {Id} </dev/null >'{Work}/runc.log' 2>&1; echo $? >>'{Work}/runc.log'");
        File.ReadAllText(Path.Combine(Work, "runc.log")).Should().Be("0\n");
        Eventually(() => Count() > before + 3, "runc's container counts on");
        Shell($"{runc} checkpoint --image-path '{Work}/back' {Id} >'{Work}/runc.log' 2>&1; echo $? >>'{Work}/runc.log'");
        File.ReadAllText(Path.Combine(Work, "runc.log")).Should().Be("0\n");
        before = Count();
        Call("restore", "--image-path", Path.Combine(Work, "back"), "--detach").Redirect(">/dev/null").Run().Should().Be(Silent);
        Eventually(() => Count() > before + 3, "and ours does again");
    }
}
