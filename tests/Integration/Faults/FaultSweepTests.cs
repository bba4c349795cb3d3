using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FluentAssertions;

namespace OciRun.Tests.Integration.Faults;

/// <summary>
/// Kills, errors and lies at every system call of the commands (security.md F-01 to F-05, F-12, F-14 to F-18, F-56,
/// Here a sample of fixed stride; all of them with <c>scripts/faults</c>, whose result is in docs/faults.md.
/// </summary>
public sealed class FaultSweepTests : FaultSweepTest
{
    private static readonly string[] Verbs =
        ["create", "start", "run", "exec", "exec --detach", "kill", "delete", "delete --force", "update", "pause", "resume", "state", "list", "ps"];

    // A prime, so that the sample walks through the kinds of action.
    private static readonly int Stride = int.Parse(Environment.GetEnvironmentVariable("FAULTS_STRIDE") ?? "503");

    // There are a hundred times fewer.
    private static readonly int LieStride = Math.Max(1, Stride / 100);

    private static readonly string? Only = Environment.GetEnvironmentVariable("FAULTS_VERBS");

    private static readonly string? Log = Environment.GetEnvironmentVariable("FAULTS_LOG");

    [RuntimeFact]
    public void A_command_that_is_killed_leaves_nothing_that_delete_cannot_remove() => Sweep("kill", Stride, FaultActions.SignalsOf);

    [RuntimeFact]
    public void A_system_call_that_fails_is_told_or_made_up_for() => Sweep("error", Stride, FaultActions.ErrorsOf);

    [RuntimeFact]
    public void A_system_call_that_only_pretends_to_work_starts_nothing() =>
        Sweep("lie", LieStride, FaultActions.LiesOf, calls => calls.DistinctBy(call => (call.Process, call.Name, call.Argument)));

    private void Sweep(string kind, int stride, Func<TracedCall, IEnumerable<string>> actions, Func<TracedCall[], IEnumerable<TracedCall>>? choose = null)
    {
        Begin();
        List<string> violations = [];
        int injected = 0, seen = 0;
        foreach (string verb in Only?.Split(',') ?? Verbs)
        {
            TracedCall[] calls = Record(verb);
            foreach ((TracedCall call, string action) in (choose?.Invoke(calls) ?? calls).SelectMany(call => actions(call).Select(action => (call, action))))
            {
                if (seen++ % stride != 0)
                    continue;
                (bool hit, string? violation) = Inject(verb, call, action);
                injected += hit ? 1 : 0;
                if (violation is not null)
                    violations.Add(violation);
                Write(violation);
            }
        }

        Write($"{kind}: {injected} faults injected, {violations.Count} violations");
        injected.Should().BePositive();
        violations.Should().BeEmpty();
    }

    private static void Write(string? line)
    {
        if (Log is not null && line is not null)
            File.AppendAllText(Log, line + "\n");
    }
}
