using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Faults;

/// <summary>Machines and callers that leave a command too little to work with (security.md §3.2).</summary>
public sealed class FaultTests : RuntimeTest
{
    private string StateRoot => Path.Combine(Work, "root");

    // F-16.
    [RuntimeTheory]
    [InlineData("size=4k")]
    [InlineData("size=8k")]
    [InlineData("nr_inodes=2")]
    [InlineData("nr_inodes=3")]
    public void A_full_state_root_is_told_and_leaves_nothing(string size)
    {
        Bundle.Config["annotations"] = new JsonObject { ["x"] = new string('x', 6000) };
        OnTmpfs(size, () =>
        {
            Outcome create = Create();
            create.Exit.Should().Be(1);
            create.Err.Should().Contain("ENOSPC");
            Directory.GetFileSystemEntries(StateRoot).Should().BeEmpty();
        });
    }

    // F-16: there is nothing to be written at the end.
    [RuntimeFact]
    public void A_full_state_root_hinders_no_delete()
    {
        Bundle.Args("sleep", "100");
        OnTmpfs("size=256k", () =>
        {
            CreateAndStart();
            FluentActions.Invoking(() => File.WriteAllBytes(Path.Combine(StateRoot, "full"), new byte[1 << 20])).Should().Throw<IOException>();
            Status().Should().Be("running");
            Runtime.Run("kill", Id, "KILL").Should().Be(Silent);
            Eventually(() => Status() == "stopped", "it is killed");
            Runtime.Run("delete", Id).Should().Be(Silent);
            File.Delete(Path.Combine(StateRoot, "full"));
        });
    }

    // F-14.
    [RuntimeTheory]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(64)]
    public void Few_descriptors_are_enough_or_told(int count)
    {
        Outcome outcome = Call("run").Under("prlimit", $"--nofile={count}:{count}").Run();
        if (outcome.Exit == 0)
            outcome.Should().Be(Silent);
        else
            outcome.Err.Should().Contain("level=error").And.Contain("EMFILE").And.NotContain("   at ");
        (count < 64 || outcome.Exit == 0).Should().BeTrue(outcome.ToString());
    }

    // F-17.
    [RuntimeFact]
    public void A_limit_on_files_is_told()
    {
        Bundle.Config["annotations"] = new JsonObject { ["x"] = new string('x', 6000) };
        Outcome outcome = Call("create").Before("ulimit -f 1;").Run();
        outcome.Exit.Should().Be(1, outcome.ToString());
        outcome.Err.Should().Contain("EFBIG");
        Directory.GetFileSystemEntries(StateRoot).Should().BeEmpty();
    }

    // F-53: an ignored SIGCHLD is inherited, and with it a child's status is lost.
    [RuntimeTheory]
    [InlineData("run")]
    [InlineData("exec")]
    public void A_caller_that_ignores_its_children_gets_the_status(string verb)
    {
        Bundle.Shell("exit 7");
        Runtime.Call call = Call("run");
        if (verb == "exec")
        {
            Bundle.Args("sleep", "100");
            CreateAndStart();
            call = Runtime.With("exec", Id, "sh", "-c", "exit 7");
        }

        call.Before("trap '' CHLD;").Run().Exit.Should().Be(7);
    }

    // F-34.
    [RuntimeFact]
    public void A_full_pipe_for_errors_is_not_waited_for()
    {
        string fifo = Path.Combine(Work, "fifo");
        Execute("mkfifo", fifo);
        Runtime.Call call = Runtime.With("state", NewId()).Before($"exec 9<>'{fifo}'; timeout 1 dd if=/dev/zero of='{fifo}' bs=4096 2>/dev/null;").Redirect($"2>'{fifo}'");
        call.Within(TimeSpan.FromSeconds(15)).Run().Exit.Should().Be(1);
    }

    // F-08.
    [RuntimeFact]
    public void Of_many_starts_one_wins()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Runtime.Call[] calls = [.. Enumerable.Range(0, 12).Select(_ => Runtime.With("start", Id))];
        Process[] starts = [.. calls.Select(call => call.Start())];
        calls.Zip(starts, (call, process) => call.Finish(process).Exit).Count(exit => exit == 0).Should().Be(1);
        Status().Should().Be("running");
    }

    // F-29, F-52.
    [RuntimeFact]
    public void Many_commands_on_one_id_leave_nothing()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        string[][] verbs =
        [
            ["create", "--bundle", Bundle.Path, Id], ["start", Id], ["kill", Id, "KILL"], ["delete", "--force", Id], ["delete", Id], ["state", Id], ["pause", Id], ["list"],
        ];
        Runtime.Call[] calls = [.. Enumerable.Range(0, 48).Select(i => Runtime.With(verbs[i % verbs.Length]).Within(TimeSpan.FromSeconds(60)))];
        Process[] processes = [.. calls.Select(call => call.Start())];
        Outcome[] outcomes = [.. calls.Zip(processes, (call, process) => call.Finish(process))];
        outcomes.Where((_, i) => verbs[i % verbs.Length][0] == "list").Should().OnlyContain(outcome => outcome.Exit == 0 && outcome.Err.Length == 0);
        outcomes.Where(outcome => outcome.Exit != 0).Should().OnlyContain(outcome => outcome.Err.Contains("level=error"));
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
    }

    // F-47.
    [RuntimeTheory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    public void A_damaged_record_is_told_and_ends_nobody(string text)
    {
        Create().Should().Be(Silent);
        string record = Path.Combine(StateRoot, Id, "state.json");
        string good = File.ReadAllText(record);
        File.WriteAllText(record, text);
        Outcome state = Runtime.Run("state", Id);
        state.Exit.Should().Be(1);
        state.Err.Should().Contain("state.json");
        Runtime.Run("kill", Id, "KILL").Exit.Should().Be(1);
        Outcome list = Runtime.Run("list");
        list.Exit.Should().Be(0);
        list.Out.Should().NotContain(Id);
        list.Err.Should().Contain("level=warning").And.Contain(record);
        string log = Path.Combine(Work, "log");
        Runtime.Run("--log", log, "list").Err.Should().BeEmpty();
        File.ReadAllText(log).Should().Contain("level=warning").And.Contain(record);

        File.WriteAllText(record, good);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
    }

    // Nothing says any more what is to be ended.
    [RuntimeFact]
    public void What_a_damaged_record_names_no_more_is_told_to_be_left()
    {
        string cgroup = Path.Combine(Leftovers.Cgroup2Mount!, "ocirun-test-" + Id);
        Bundle.Linux["cgroupsPath"] = "/ocirun-test-" + Id;
        Bundle.Args("sleep", "100");
        CreateAndStart();
        int pid = Pid();
        pid.Should().BePositive();
        File.WriteAllText(Path.Combine(StateRoot, Id, "state.json"), "{");
        Outcome delete = Runtime.Run("delete", "--force", Id);
        delete.Exit.Should().Be(0);
        delete.Err.Should().Contain("level=warning").And.Contain("its cgroup, if it has one, is left");
        Directory.Exists(Path.Combine(StateRoot, Id)).Should().BeFalse();

        Mono.Unix.Native.Syscall.kill(pid, Mono.Unix.Native.Signum.SIGKILL).Should().Be(0);
        Eventually(() => File.ReadAllText(Path.Combine(cgroup, "cgroup.procs")).Length == 0, "it ends");
        Directory.Delete(cgroup);
    }

    private void OnTmpfs(string size, Action action)
    {
        Directory.CreateDirectory(StateRoot);
        Execute("mount", "-t", "tmpfs", "-o", "mode=700," + size, "tmpfs", StateRoot);
        try
        {
            action();
            Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
        }
        finally
        {
            Execute("umount", "-l", StateRoot);
        }
    }
}
