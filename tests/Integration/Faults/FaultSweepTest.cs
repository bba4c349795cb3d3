using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Kernel;

namespace OciRun.Tests.Integration.Faults;

/// <summary>
/// One command after another with one fault each, and after each of them the invariants of security.md §3.0. A second
/// container stands by all the time.
/// </summary>
public abstract class FaultSweepTest : RuntimeTest
{
    // I1; the machine may be busy.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(12);

    private readonly FaultInjector injector;
    private readonly string output;
    private string[] standing = [];
    private int neighbour;
    private string reference = "";
    private string execReference = "";
    private TracedCall? faulty;
    private bool isDenied;

    protected FaultSweepTest()
    {
        injector = new FaultInjector(Work);
        output = Path.Combine(Work, "out");
    }

    private string Root => Path.Combine(Work, "root");

    private string Report => Path.Combine(output, "report");

    /// <summary>A command: what comes before it, its words, and what must hold after it.</summary>
    /// <param name="Prepare">Makes the container as the command needs it.</param>
    /// <param name="Words">Its arguments.</param>
    /// <param name="Check">What is wrong after it, null when nothing is.</param>
    internal sealed record Scenario(Action Prepare, string[] Words, Func<Outcome, string?> Check);

    internal Scenario Of(string verb)
    {
        string[] create = ["create", "--bundle", Bundle.Path, Id];
        return verb switch
        {
            "create" => new(Nothing, create, CheckCreate),
            "run" => new(Nothing, ["run", "--bundle", Bundle.Path, Id], CheckRun),
            "start" => new(() => Succeed(create), ["start", Id], CheckStart),
            "exec" => new(RunningSilent, ["exec", Id, "sh", "/out/facts"], CheckExec),
            "exec --detach" => new(RunningSilent, ["exec", "--detach", Id, "sh", "/out/facts"], CheckExec),
            "kill" => new(Running, ["kill", Id, "KILL"], outcome => outcome.Exit == 0 ? Await("stopped") : null),
            "delete" => new(Stopped, ["delete", Id], CheckDelete),
            "delete --force" => new(Running, ["delete", "--force", Id], CheckDelete),
            "update" => new(Running, ["update", "--resources", Limits(), Id], CheckUpdate),
            "pause" => new(Running, ["pause", Id], outcome => outcome.Exit == 0 ? Await("paused") : null),
            "resume" => new(Paused, ["resume", Id], outcome => outcome.Exit == 0 ? Await("running") : null),
            "state" => new(Running, ["state", Id], outcome => outcome.Exit == 0 && (string)JsonNode.Parse(outcome.Out)!["id"]! != Id ? outcome.Out : null),
            "list" => new(Running, ["list"], CheckList),
            "ps" => new(Running, ["ps", Id], static _ => null),
            _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "no such scenario"),
        };
    }

    /// <summary>Starts the container that stands by, and learns how closed one is without a fault.</summary>
    protected void Begin()
    {
        string other = NewId();
        Bundle second = new(Path.Combine(Work, "neighbour"));
        second.Args("sleep", "100000").Save();
        Runtime.Run("run", "--detach", "--bundle", second.Path, other).Should().Be(Silent);
        neighbour = Pid(other);
        FaultBundle.Fill(Bundle, output, "exec sleep 100000");
        Bundle.Save();
        standing = [.. Leftovers.Find(Work, Root, [other])];
        standing.Should().Contain(line => line.StartsWith("process: ", StringComparison.Ordinal), "the other container is seen");
        Running();
        reference = File.ReadAllText(Report);
        reference.Should().Contain("Seccomp:\t2").And.Contain("Operation not permitted");
        File.Delete(Report);
        Succeed("exec", Id, "sh", "/out/facts");
        execReference = File.ReadAllText(Report);
        execReference.Should().Contain("Seccomp:\t2").And.Contain("Operation not permitted");
        CleanUp().Should().BeNull();
    }

    /// <summary>The calls that the command makes when nothing is wrong.</summary>
    internal TracedCall[] Record(string verb)
    {
        Scenario scenario = Of(verb);
        Configure(verb);
        scenario.Prepare();
        Outcome outcome = Runtime.With(scenario.Words).Under(injector.Recording).Run();
        outcome.Exit.Should().Be(0, outcome.ToString());
        TracedCall[] calls = injector.Calls();
        CleanUp().Should().BeNull();
        return calls;
    }

    /// <summary>Does it to the call.</summary>
    /// <returns>What is wrong then, null when nothing is. <c>Hit</c> is false when the call was not made this time.</returns>
    internal (bool Hit, string? Violation) Inject(string verb, TracedCall call, string action)
    {
        Scenario scenario = Of(verb);
        faulty = call;
        isDenied = action == $"error={Errno.ENOENT}";
        Configure(verb);
        scenario.Prepare();
        Stopwatch watch = Stopwatch.StartNew();
        Outcome outcome = Runtime.With(scenario.Words).Under(injector.Doing(call, action)).Run();
        watch.Stop();
        bool hit = injector.Calls().Length == 1;
        string? violation = outcome.Exit == FaultInjector.Expired ? "it did not end within 20 s"
            : watch.Elapsed > Bound ? $"it took {watch.Elapsed.TotalSeconds:F1} s"
            : CheckMessage(outcome, call, action) ?? CheckReaders() ?? scenario.Check(outcome);
        string? left = CleanUp();

        // A wait that was shorter this time has fewer calls: then nothing was done to the command, and all must be as without.
        if (hit && violation is null && left is null && verb is "create" or "run" or "delete" or "delete --force")
            left = CreateAgain();
        if (violation is null && left is null)
            return (hit, null);
        return (hit, $"{verb}: {call}: {FaultActions.Text(action)}: {violation}{(violation is not null && left is not null ? "; " : "")}{left}"
            + $" (exit status {outcome.Exit}, {outcome.Err.Trim()})");
    }

    // I2. A signal that the command does not survive leaves no message.
    private static string? CheckMessage(Outcome outcome, TracedCall call, string action)
    {
        bool signalled = action.StartsWith("signal=", StringComparison.Ordinal);
        if (outcome.Exit == 0 || (signalled && outcome.Exit > 128) || FaultActions.MayBeWordless(call))
            return null;
        int errors = outcome.Err.Split('\n').Count(line => line.Contains("level=error", StringComparison.Ordinal));
        if (errors != 1)
            return $"{errors} messages of an error";
        return outcome.Err.Contains("Unhandled", StringComparison.Ordinal) || outcome.Err.Contains("   at ", StringComparison.Ordinal) ? "an exception" : null;
    }

    // I5, I6.
    private string? CheckReaders()
    {
        if (!RunningProcess.Alive(neighbour))
            return "the other container is gone";
        Outcome state = Runtime.Run("state", Id);
        if (state.Exit == 0 ? State() is null : !state.Err.Contains("container does not exist", StringComparison.Ordinal))
            return $"state says {state.Err.Trim()}";
        Outcome list = Runtime.Run("list");
        return list.Exit != 0 || list.Err.Length > 0 ? $"list says {list.Err.Trim()}" : null;
    }

    // I3.
    private string? CleanUp()
    {
        Outcome delete = Runtime.Run("delete", "--force", Id);
        if (delete.Exit != 0)
            return $"delete --force says {delete.Err.Trim()}";
        IReadOnlyList<string> left = Leftovers.Find(Work, Root, [Id], standing);
        File.Delete(Report);
        File.Delete(Path.Combine(output, "new"));
        return left.Count == 0 ? null : "left: " + string.Join(", ", left);
    }

    // I4.
    private string? CreateAgain()
    {
        Outcome again = Runtime.Run("create", "--bundle", Bundle.Path, Id);
        Outcome delete = Runtime.Run("delete", "--force", Id);
        return again.Exit == 0 && delete.Exit == 0 ? null : $"a second create says {again.Err.Trim()}{delete.Err.Trim()}";
    }

    // I7: what ran is the program, which create does not execute.
    private string? CheckCreate(Outcome outcome)
    {
        if (File.Exists(Report) || File.Exists(Path.Combine(output, "new")))
            return "the program ran";
        if (outcome.Exit != 0)
            return null;
        Outcome start = Runtime.Run("start", Id);

        // A process that waits for start may end by its own fault at any time, and that is told.
        if (faulty is { Process: > 0 } && start.Exit != 0 && start.Err.Contains("cannot start a container that has stopped", StringComparison.Ordinal))
            return null;
        return start.Exit == 0 ? CheckReport(reference) : $"start says {start.Err.Trim()}";
    }

    private string? CheckRun(Outcome outcome) => outcome.Exit == 0 ? CheckReport(reference) : null;

    private string? CheckStart(Outcome outcome)
    {
        if (outcome.Exit == 0)
            return CheckReport(reference);
        if (Runtime.Run("state", Id).Exit != 0 || Status() != "created")
            return null;
        Outcome second = Runtime.Run("start", Id);
        return second.Exit == 0 || !Exists() || Status() != "created" ? null : $"a second start says {second.Err.Trim()}";
    }

    // When the kernel says that it is not there nothing is done to it.
    private string? CheckDelete(Outcome outcome) =>
        outcome.Exit == 0 && Exists() && !(isDenied && Status() == "running") ? "the container is still there" : null;

    // What cannot be read is named.
    private string? CheckList(Outcome outcome) =>
        outcome.Exit != 0 || isDenied || (outcome.Out + outcome.Err).Contains(Id, StringComparison.Ordinal) ? null : "the container is not listed";

    // All or nothing (F-49), but where both were cut off.
    private string? CheckUpdate(Outcome outcome)
    {
        (string depth, string descendants) = (Value("cgroup.max.depth"), Value("cgroup.max.descendants"));
        bool complete = outcome.Exit == 0 ? (depth, descendants) == ("7", "8") : (depth == "7") == (descendants == "8");
        return complete || outcome.Exit > 128 ? null : $"the limits are {depth} and {descendants}";
    }

    // Nobody but init is left in the cgroup.
    private string? CheckExec(Outcome outcome)
    {
        string? report = outcome.Exit == 0 ? CheckReport(execReference) : null;
        if (report is not null)
            return report;
        string file = Path.Combine(CgroupOf(), "cgroup.procs");
        return Soon(() => File.ReadAllLines(file).Length == 1) ? null : $"the cgroup has the processes {string.Join(' ', File.ReadAllLines(file))}";
    }

    // What the program found is what it finds without a fault.
    private string? CheckReport(string expected)
    {
        if (!Soon(() => File.Exists(Report)))
            return "the program does not run";
        string[] found = File.ReadAllText(Report).Split('\n'), wanted = expected.Split('\n');
        if (found.SequenceEqual(wanted, StringComparer.Ordinal))
            return null;
        IEnumerable<string> more = found.Except(wanted, StringComparer.Ordinal), less = wanted.Except(found, StringComparer.Ordinal);
        return $"the container is another one: not \"{string.Join('|', less)}\" but \"{string.Join('|', more)}\"";
    }

    private string? Await(string status) => Soon(() => Status() == status) ? null : $"the container is {Status()}";

    private static bool Soon(Func<bool> condition)
    {
        for (int i = 0; i < 500; i++)
        {
            if (condition())
                return true;
            System.Threading.Thread.Sleep(10);
        }

        return condition();
    }

    private void Configure(string verb)
    {
        // The program of run ends, and says the same before.
        JsonArray words = (JsonArray)Bundle.Process["args"]!;
        string script = (string)words[2]!;
        string end = verb == "run" ? "exit 0" : "exec sleep 100000";
        words[2] = script[..(script.LastIndexOf(';') + 2)] + end;
        Bundle.Save();
    }

    private string Limits()
    {
        string path = Path.Combine(Work, "limits.json");
        File.WriteAllText(path, """{"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "8"}}""");
        return path;
    }

    private string Value(string file) => File.ReadAllText(Path.Combine(CgroupOf(), file)).Trim();

    private string CgroupOf() => Directory.EnumerateDirectories(Leftovers.Cgroup2Mount!, "*" + Id + "*", SearchOption.AllDirectories).First();

    private bool Exists() => Runtime.Run("state", Id).Exit == 0;

    private int Pid(string id) => (int)State(id)["pid"]!;

    private void Succeed(params string[] words) => Runtime.Run(words).Should().Be(Silent);

    private static void Nothing()
    {
    }

    private void Running()
    {
        Succeed("run", "--detach", "--bundle", Bundle.Path, Id);
        Soon(() => File.Exists(Report)).Should().BeTrue("the program runs");
    }

    private void RunningSilent()
    {
        Running();
        File.Delete(Report);
    }

    private void Stopped()
    {
        Succeed("create", "--bundle", Bundle.Path, Id);
        Succeed("kill", Id, "KILL");
        Await("stopped").Should().BeNull();
    }

    private void Paused()
    {
        Running();
        Succeed("pause", Id);
    }
}
