using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Threading;

namespace OciRun.Fuzz;

/// <summary>Feeds inputs to one target, judges each, and keeps the failing ones, minimised, as files.</summary>
/// <param name="target">Whom to feed.</param>
/// <param name="seed">Makes all inputs what they are.</param>
/// <param name="output">Directory of the files, made when there is something to keep.</param>
/// <param name="say">Takes lines for people.</param>
internal sealed class Hunt(Target target, ulong seed, string output, Action<string> say)
{
    private const int MostSignatures = 20;

    // What the process keeps may grow while it warms up, not after: a leaked arena is 256 KiB.
    private const int WarmUp = 1000;
    private const long MostGrowth = 256L << 20;

    // For an input that waits instead of working.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private long _current = -1;
    private long _failures;

    /// <summary>Runs a range of inputs.</summary>
    /// <returns>The number that failed.</returns>
    public long Run(long first, long count)
    {
        using MemoryMappedFile? note = Note();
        using MemoryMappedViewAccessor? place = note?.CreateViewAccessor(0, 8);
        using Timer watch = new(_ => Watch(), null, Patience, Patience / 4);
        long began = Stopwatch.GetTimestamp();
        long accepted = 0;
        long kept = 0;
        for (long done = 0; done < count; done++)
        {
            long index = first + done;
            Volatile.Write(ref _current, index);
            place?.Write(0, index);
            byte[] input = target.Make(Draw.For(seed, target.Name, index));
            Oracle.Verdict verdict = Oracle.Judge(target, input);
            if (verdict.Accepted)
                accepted++;
            if (verdict.Failure is not null && !Keep(index, input, verdict))
                break;
            if (done == WarmUp)
                kept = Kept();
            if (done > WarmUp && done % 5000 == 0 && Kept() - kept > MostGrowth)
            {
                _failures++;
                say($"{target.Name}: FAILED: the process keeps {(Kept() - kept) >> 20} MiB more after {done} inputs");
                break;
            }

            if (done > 0 && done % 100_000 == 0)
                say($"{target.Name}: {done} inputs, {accepted} accepted, {_failures} failures, {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s");
        }

        Volatile.Write(ref _current, -1);
        say($"{target.Name}: {count} inputs from {first}, seed {seed}: {accepted} accepted, {_failures} failures, {Stopwatch.GetElapsedTime(began).TotalSeconds:F1} s");
        return _failures;
    }

    /// <summary>Runs one input that was kept.</summary>
    public bool Replay(byte[] input)
    {
        Oracle.Verdict verdict = Oracle.Judge(target, input);
        say(verdict.Failure is null ? $"{target.Name}: {(verdict.Accepted ? "accepted" : "refused")}" : $"{target.Name}: FAILED: {verdict.Failure}");
        return verdict.Failure is null;
    }

    // False when there are enough of them.
    private bool Keep(long index, byte[] input, in Oracle.Verdict verdict)
    {
        _failures++;
        string signature = verdict.Signature!;
        if (!_seen.Add(signature))
            return true;
        byte[] small = Minimizer.Shrink(input, candidate => Oracle.Judge(target, candidate).Signature == signature);
        Directory.CreateDirectory(output);
        string file = Path.Combine(output, $"{target.Name}-{seed}-{index}");
        File.WriteAllBytes(file, input);
        File.WriteAllBytes(file + ".min", small);
        say($"{target.Name}: FAILED: seed {seed}, input {index}: {verdict.Failure}\n  input {file}, minimised to {small.Length} bytes: {file}.min");
        return _seen.Count < MostSignatures;
    }

    // Memory survives a crash of the process: the number of the input that did it.
    private MemoryMappedFile? Note()
    {
        Directory.CreateDirectory(output);
        string file = Path.Combine(output, $"{target.Name}.current");
        return MemoryMappedFile.CreateFromFile(file, FileMode.Create, null, 8);
    }

    private long _watched = -1;

    private void Watch()
    {
        long current = Volatile.Read(ref _current);
        if (current >= 0 && current == _watched)
        {
            say($"{target.Name}: FAILED: seed {seed}, input {current} does not end");
            Environment.Exit(3);
        }

        _watched = current;
    }

    // Data segments and anonymous mappings (VmData), in bytes.
    private static long Kept()
    {
        GC.Collect();
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmData:", StringComparison.Ordinal))
                return long.Parse(line["VmData:".Length..^2].Trim(), null) << 10;
        }

        return 0;
    }
}
