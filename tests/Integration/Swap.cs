using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>
/// The attacker of swap.c, who exchanges one file with another while a runtime works: as often as possible, or before a
/// chosen one of the calls of the runtime that look up, make or mount files.
/// </summary>
internal sealed class Swap
{
    /// <summary>
    /// Rounds of a race, and places of a sweep: <c>ATTACK_ROUNDS</c>, by which <c>make attack</c> makes both exhaustive.
    /// </summary>
    private static readonly int? Wanted =
        int.TryParse(Environment.GetEnvironmentVariable("ATTACK_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : null;

    private readonly string program;
    private readonly string report;

    public Swap(string work)
    {
        program = CompiledProgram.Install("swap", Path.Combine(work, "swap"));
        report = Path.Combine(work, "held");
    }

    /// <summary>How often a race is tried.</summary>
    public static int Rounds(int few) => Wanted ?? few;

    /// <summary>Exchanges the two until the result is disposed of.</summary>
    public Racer Race(string first, string second) => new(program, first, second);

    /// <summary>
    /// The words in front of a runtime of which the N-th call is held while the action is done; in a mount namespace of
    /// its own, because the action may mount.
    /// </summary>
    public string[] Words(int stop, string action, string first, string second)
    {
        File.Delete(report);
        return
        [
            "unshare", "--mount", "--propagation", "private",
            program, "stop", stop.ToString(CultureInfo.InvariantCulture), action, first, second, report,
        ];
    }

    /// <summary>How many calls were held, after the last process that could make one has ended.</summary>
    public int Held()
    {
        for (int i = 0; i < 500 && !File.Exists(report); i++)
            Thread.Sleep(10);
        return int.Parse(File.ReadAllText(report).Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// Tries the action before every call: the body gets the words in front of the runtime, makes the files anew, runs the
    /// runtime and judges. Without <c>ATTACK_ROUNDS</c> a long sequence is tried at evenly spaced places.
    /// </summary>
    public void Sweep(string action, string first, string second, Action<string[]> body, int few = 60, [CallerMemberName] string test = "")
    {
        ArgumentNullException.ThrowIfNull(body);
        body(Words(0, action, first, second));
        int calls = Held();
        calls.Should().BePositive("the runtime's calls are held");
        int places = Math.Min(calls, Rounds(few));
        for (int i = 0; i < places; i++)
        {
            body(Words(1 + (int)((long)i * calls / places), action, first, second));
            Held();
        }

        Record(test, places, $"of {calls} calls");
    }

    /// <summary>A line for the report of <c>make attack</c>.</summary>
    public static void Record(string test, long rounds, string what)
    {
        if (Environment.GetEnvironmentVariable("ATTACK_REPORT") is { Length: > 0 } report)
            File.AppendAllText(report, $"{Runtime.Name}\t{test}\t{rounds}\t{what}\n");
    }

    /// <summary>The attacker at work.</summary>
    internal sealed class Racer : IDisposable
    {
        private readonly Process process;

        public Racer(string program, string first, string second) =>
            process = Process.Start(new ProcessStartInfo(program, ["race", first, second])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;

        /// <summary>Ends it and gives the number of exchanges.</summary>
        public long Stop()
        {
            process.StandardInput.Close();
            string text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return long.Parse(text, CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            if (!process.HasExited)
                Stop();
            process.Dispose();
        }
    }
}
