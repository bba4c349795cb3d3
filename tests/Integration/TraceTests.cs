using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>What <c>--trace</c> and <c>OCIRUN_TRACE</c> write (docs/diagnostics.md).</summary>
public sealed class TraceTests : RuntimeTest
{
    private string TracePath => Path.Combine(Work, "trace.json");

    [RuntimeFact]
    public void Every_step_of_the_plan_is_in_the_trace_of_run()
    {
        Bundle.Args("true").Save();
        Outcome plan = Runtime.Run("plan", "--format", "json", Bundle.Path);
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);

        RecordedTrace trace = RecordedTrace.Read(TracePath);
        JsonArray steps = (JsonArray)JsonNode.Parse(plan.Out)!;
        trace.Steps.Select(step => $"{step.Step} {step.Name} [{step["field"]}]").Should().Equal(
            steps.Select(step => $"{(int)step!["step"]!} {(string)step["operation"]!} [{(string?)step["field"]}]"));
        trace.Steps.Should().OnlyContain(step => !step.IsUnfinished && !step.IsUntimed && step["errno"] == null);
        trace.Steps.Single(step => step["field"] == "mounts[0] \"/proc\"")["arguments"].Should().StartWith("proc on \"proc\"");
        trace.Steps.Select(step => step.Pid).Distinct().Should().ContainSingle().Which.Should().NotBe(trace.Command.Pid);
        trace.Names[trace.Steps[0].Pid].Should().Be("container's process");
        trace.Names[trace.Command.Pid].Should().Be("ocirun run");
        trace.Command.Name.Should().Be("run");
    }

    [RuntimeFact]
    public void The_phases_of_run_leave_no_gap()
    {
        Bundle.Args("true").Save();
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);

        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Phases.Should().ContainInOrder(
            "sealed copy", "start", "arguments", "config", "validation", "plan", "state", "cgroup", "sources", "clone", "process",
            "wait for the process", "limits", "record", "wait for the program", "wait for the end", "cgroup", "state");
        RecordedTrace.Slice[] phases = [.. trace.Slices.Where(slice => slice.Category == "phase" && slice.Pid == trace.Command.Pid)];
        phases[0].Start.Should().BeApproximately(trace.Command.Start, 0.002);
        phases[^1].End.Should().BeApproximately(trace.Command.End, 0.002);
        for (int i = 1; i < phases.Length; i++)
            phases[i].Start.Should().BeApproximately(phases[i - 1].End, 0.002);
        RecordedTrace.Slice clone = phases.Single(phase => phase.Name == "clone");
        trace.Steps[0].Start.Should().BeGreaterThanOrEqualTo(clone.Start);
        trace.Steps[^1].End.Should().BeLessThanOrEqualTo(phases.Single(phase => phase.Name == "wait for the end").Start + 1);
    }

    [RuntimeFact]
    public void A_second_process_has_its_own_steps()
    {
        // A joined pid namespace needs the final process to be cloned in it.
        Bundle.Shell("sleep 1000").Save();
        CreateAndStart();
        int pid = Pid();
        string second = NewId();
        Bundle.Args("true").Namespace("pid", $"/proc/{pid}/ns/pid").Save();
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, second).Should().Be(Silent);

        RecordedTrace trace = RecordedTrace.Read(TracePath);
        int[] pids = [.. trace.Steps.Select(step => step.Pid).Distinct()];
        pids.Should().HaveCount(2);
        trace.Names[pids[0]].Should().Be("process that makes the container's");
        trace.Names[pids[1]].Should().Be("container's process");
        trace.Steps.Last(step => step.Pid == pids[0]).Name.Should().Be("clone final");
    }

    [RuntimeFact]
    public void Create_and_start_write_a_file_each()
    {
        Bundle.Shell("sleep 1000").Save();
        string pattern = Path.Combine(Work, "%v-%p.json");
        Runtime.With("create", "--bundle", Bundle.Path, Id).Env("OCIRUN_TRACE", pattern).Run().Should().Be(Silent);
        Runtime.With("start", Id).Env("OCIRUN_TRACE", pattern).Run().Should().Be(Silent);
        Runtime.With("kill", Id, "KILL").Env("OCIRUN_TRACE", pattern).Run().Should().Be(Silent);
        Runtime.With("delete", "--force", Id).Env("OCIRUN_TRACE", pattern).Run().Should().Be(Silent);

        RecordedTrace create = Of("create");
        create.Steps[^1].Name.Should().BeOneOf("gate", "ready");
        create.Steps[^1].IsUnfinished.Should().BeTrue("it waits for start");
        RecordedTrace start = Of("start");
        start.Phases.Should().ContainInOrder("state", "gate", "wait for the program");
        start.Steps.Should().BeEmpty("the plan belongs to create");
        Of("kill").Phases.Should().ContainInOrder("state", "signal");
        Of("delete").Phases.Should().ContainInOrder("state", "kill", "cgroup", "state");
        create.Command.End.Should().BeLessThan(start.Command.Start, "one clock counts for all of them");

        RecordedTrace Of(string verb)
        {
            string path = Directory.GetFiles(Work, verb + "-*.json").Should().ContainSingle().Subject;
            RecordedTrace trace = RecordedTrace.Read(path);
            Path.GetFileName(path).Should().Be($"{verb}-{trace.Command.Pid}.json");
            return trace;
        }
    }

    [RuntimeFact]
    public void Exec_is_traced_like_run()
    {
        Bundle.Shell("sleep 1000").Save();
        CreateAndStart();
        Runtime.Run("--trace", TracePath, "exec", Id, "true").Should().Be(Silent);
        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Phases.Should().ContainInOrder("state", "config", "validation", "plan", "clone", "wait for the program", "wait for the end");
        trace.Steps.Select(step => step.Name).Should().ContainInOrder("join process", "set ids", "execute");
        trace.Steps.Should().OnlyContain(step => !step.IsUnfinished);
    }

    [RuntimeFact]
    public void Mounts_of_a_running_container_are_steps_too()
    {
        Bundle.Shell("sleep 1000").Save();
        CreateAndStart();
        string file = Path.Combine(Work, "mounts.json");
        File.WriteAllText(file, """[{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs"}]""");
        Runtime.Run("--trace", TracePath, "mounts", "add", Id, file).Should().Be(Silent);
        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Phases.Should().Contain("clone");
        trace.Steps.Select(step => step.Name).Should().Contain("join process");
        trace.Slices.Should().OnlyContain(slice => slice.Start >= trace.Command.Start - 1);
    }

    [RuntimeFact]
    public void A_step_that_fails_is_the_last_and_says_why()
    {
        Bundle.Args("true").Mount("/mnt", "tmpfs", "tmpfs", "size=nonsense").Save();
        Outcome outcome = Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id);
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("size=nonsense");

        RecordedTrace trace = RecordedTrace.Read(TracePath);
        RecordedTrace.Slice last = trace.Steps[^1];
        last["field"].Should().Be($"mounts[{Bundle.Mounts.Count - 1}] \"/mnt\"");
        last["errno"].Should().Be("EINVAL");
        last["syscall"].Should().Be("fsconfig");
        trace.Steps.SkipLast(1).Should().OnlyContain(step => step["errno"] == null);
        RecordedTrace.Slice failed = trace.Slices.Single(slice => slice.Category == "phase" && slice["error"] is not null);
        failed.Name.Should().Be("wait for the process");
        failed["field"].Should().Be(last["field"]);
        failed["error"].Should().Contain("size=nonsense");
        trace.Phases[^1].Should().Be("clean-up");
    }

    [RuntimeTheory]
    [InlineData("run", "config")]
    [InlineData("create", "config")]
    [InlineData("state", "state")]
    [InlineData("start", "state")]
    [InlineData("exec", "state")]
    public void A_command_that_fails_before_there_is_a_process_has_a_trace(string verb, string phase)
    {
        string[] arguments = verb is "run" or "create" ? [verb, "--bundle", Work, Id] : verb == "exec" ? [verb, NewId(), "true"] : [verb, NewId()];
        Runtime.Run(["--trace", TracePath, .. arguments]).Exit.Should().NotBe(0);
        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Slices.Single(slice => slice.Category == "phase" && slice["error"] is not null).Name.Should().Be(phase);
    }

    [RuntimeFact]
    public void Arguments_that_are_wrong_leave_a_trace_too()
    {
        Runtime.Run("--trace", TracePath, "state", "--nosuch").Exit.Should().Be(1);
        RecordedTrace.Read(TracePath).Slices.Single(slice => slice["error"] is not null).Name.Should().Be("arguments");
    }

    [RuntimeFact]
    public void Hooks_have_their_own_time_and_path()
    {
        JsonObject Hook() => new() { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", "sleep 0.05") };
        Bundle.Config["hooks"] = new JsonObject
        {
            ["prestart"] = new JsonArray(Hook()),
            ["createRuntime"] = new JsonArray(Hook(), Hook()),
            ["createContainer"] = new JsonArray(Hook()),
            ["startContainer"] = new JsonArray(Hook()),
            ["poststart"] = new JsonArray(Hook()),
            ["poststop"] = new JsonArray(Hook()),
        };
        Bundle.Args("true").Save();
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);

        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Hooks.Select(hook => hook["field"]).Should().Equal(
            "hooks.prestart[0].path \"/bin/sh\"", "hooks.createRuntime[0].path \"/bin/sh\"", "hooks.createRuntime[1].path \"/bin/sh\"",
            "hooks.poststart[0].path \"/bin/sh\"", "hooks.poststop[0].path \"/bin/sh\"");
        trace.Steps.Where(step => step.Name == "hook").Select(step => step["field"]).Should().Equal(
            "hooks.createContainer[0].path \"/bin/sh\"", "hooks.startContainer[0].path \"/bin/sh\"");
        trace.Hooks.Concat(trace.Steps.Where(step => step.Name == "hook")).Should().OnlyContain(hook => hook.Duration >= 50_000);
    }

    [RuntimeFact]
    public void A_hook_that_fails_says_why()
    {
        Bundle.Config["hooks"] = new JsonObject { ["createRuntime"] = new JsonArray(new JsonObject { ["path"] = "/bin/false" }) };
        Bundle.Args("true").Save();
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id).Exit.Should().Be(1);
        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Hooks.Should().ContainSingle().Which["error"].Should().Contain("exit status 1");
        trace.Slices.Single(slice => slice.Category == "phase" && slice["error"] is not null).Name.Should().Be("hooks");
        trace.Steps[^1].Name.Should().Be("runtime hooks");
        trace.Steps[^1].IsUnfinished.Should().BeTrue();
    }

    // The process would be killed for reading the clock.
    [RuntimeTheory]
    [InlineData("SCMP_ACT_KILL_PROCESS", true)]
    [InlineData("SCMP_ACT_ALLOW", false)]
    public void A_filter_against_the_clock_costs_the_times_behind_it(string action, bool untimed)
    {
        Bundle.Args("true");
        Bundle.Linux["seccomp"] = new JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["syscalls"] = new JsonArray(new JsonObject { ["names"] = new JsonArray("clock_gettime"), ["action"] = action }),
        };
        Bundle.Save();
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);
        RecordedTrace.Slice last = RecordedTrace.Read(TracePath).Steps[^1];
        last.Name.Should().Be("execute");
        last.IsUntimed.Should().Be(untimed);
    }

    // CLOCK_MONOTONIC of the container is another one.
    [RuntimeFact]
    public void A_time_namespace_does_not_move_the_steps()
    {
        Bundle.Args("true").Namespace("time");
        Bundle.Linux["timeOffsets"] = JsonNode.Parse("""{"monotonic": {"secs": 100000}, "boottime": {"secs": 100000}}""");
        Bundle.Save();
        Runtime.Run("--trace", TracePath, "run", "--bundle", Bundle.Path, Id).Should().Be(Silent);
        RecordedTrace trace = RecordedTrace.Read(TracePath);
        trace.Steps.Should().OnlyContain(step => step.Start >= trace.Command.Start && step.End <= trace.Command.End);
        trace.Steps[^1].Start.Should().BeGreaterThan(trace.Steps[0].End, "what lies before the clone would begin with it");
    }

    [RuntimeFact]
    public void Nothing_of_it_reaches_the_container_or_its_hooks()
    {
        string seen = Path.Combine(Work, "seen");
        Bundle.Shell("ls -l /proc/self/fd/; env");
        Bundle.Config["hooks"] = new JsonObject
        {
            ["createRuntime"] = new JsonArray(new JsonObject { ["path"] = "/bin/sh", ["args"] = new JsonArray("sh", "-c", $"(ls -l /proc/self/fd/; env) > {seen}") }),
        };
        Bundle.Save();
        Outcome outcome = Runtime.With("run", "--bundle", Bundle.Path, Id).Env("OCIRUN_TRACE", TracePath).Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        RecordedTrace.Read(TracePath).Steps.Should().NotBeEmpty();
        foreach (string text in (string[])[outcome.Out, File.ReadAllText(seen)])
            text.Should().Contain("PATH=").And.NotContain("trace.json").And.NotContain("OCIRUN_TRACE");
    }

    [RuntimeFact]
    public void A_file_that_exists_is_replaced_and_private()
    {
        Directory.CreateDirectory(Runtime.Root!);
        File.WriteAllText(TracePath, new string('x', 1 << 20));
        Runtime.Run("--trace", TracePath, "list").Exit.Should().Be(0);
        RecordedTrace.Read(TracePath).Command.Name.Should().Be("list");
        File.Delete(TracePath);
        Runtime.Run("--trace", TracePath, "list").Exit.Should().Be(0);
        Permissions(TracePath).Should().Be(Convert.ToInt32("600", 8));
    }

    [RuntimeTheory]
    [InlineData("--trace", null)]
    [InlineData("OCIRUN_TRACE", "set")]
    public void A_file_that_cannot_be_made_is_an_error(string field, string? variable)
    {
        string path = Path.Combine(Work, "no", "such", "file");
        Bundle.Args("true").Save();
        Outcome outcome = variable is null
            ? Runtime.Run("--trace", path, "run", "--bundle", Bundle.Path, Id)
            : Runtime.With("run", "--bundle", Bundle.Path, Id).Env("OCIRUN_TRACE", path).Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain($"{field} ").And.Contain(path).And.Contain("ENOENT");
    }

    [RuntimeFact]
    public void A_fifo_without_a_reader_does_not_block()
    {
        Execute("mkfifo", TracePath);
        Runtime.Run("--trace", TracePath, "list").Err.Should().Contain("nobody reads the fifo");
    }

    [RuntimeFact]
    public void Without_it_there_is_no_trace_and_nothing_of_it()
    {
        Bundle.Args("true").Save();
        Runtime.With("run", "--bundle", Bundle.Path, Id).Env("OCIRUN_TRACE", "").Run().Should().Be(Silent);
        Directory.GetFiles(Work, "*.json").Should().BeEmpty();
    }
}
