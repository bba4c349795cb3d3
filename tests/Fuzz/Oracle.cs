using System;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Fuzz;

/// <summary>Says whether an input was treated as every input has to be.</summary>
internal static class Oracle
{
    /// <summary>CPU time for one input; what takes it on a slow machine is not linear.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // A reader that keeps every item costs some hundred bytes for a few of the file; the plan and its text come on top.
    private const long AllocationBase = 64 << 20;
    private const long AllocationPerByte = 4000;

    /// <summary>What came of an input.</summary>
    /// <param name="Accepted">It was not refused.</param>
    /// <param name="Failure">What must not happen; null when all is well.</param>
    /// <param name="Signature">The same for all inputs that meet the same bug.</param>
    public readonly record struct Verdict(bool Accepted, string? Failure = null, string? Signature = null);

    public static Verdict Judge(Target target, byte[] input)
    {
        // The lowest free number grows when a descriptor stays open.
        int free = LowestFree();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long began = Stopwatch.GetTimestamp();
        TimeSpan used = Environment.CpuUsage.TotalTime;
        byte[] given = target.RunsTwice ? [.. input] : input;
        (string outcome, bool accepted, Exception? failure) = Once(target, given);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (failure is not null)
            return new Verdict(false, failure.ToString(), Signature(failure));

        // Real time first, which costs nothing to read.
        if (Stopwatch.GetElapsedTime(began) > Limit && Environment.CpuUsage.TotalTime - used > Limit)
            return new Verdict(accepted, $"it took more than {Limit.TotalSeconds} s", "slow");
        if (allocated > AllocationBase + (AllocationPerByte * input.Length))
            return new Verdict(accepted, $"{allocated} bytes were allocated for {input.Length}", "allocation");
        if (LowestFree() != free && LeavesOne(target, input))
            return new Verdict(accepted, "a descriptor was left open", "descriptor");
        if (!target.RunsTwice)
            return new Verdict(accepted);
        (string again, _, failure) = Once(target, input);
        return failure is null && again == outcome
            ? new Verdict(accepted)
            : new Verdict(accepted, $"first:\n{outcome}\nthen:\n{failure?.ToString() ?? again}", "not deterministic");
    }

    private static (string Outcome, bool Accepted, Exception? Failure) Once(Target target, byte[] input)
    {
        try
        {
            return (target.Run(input), true, null);
        }
        catch (FaultException e)
        {
            try
            {
                return (CheckText(e.Fault), false, null);
            }
            catch (BrokenRule broken)
            {
                return ("", false, broken);
            }
        }
        catch (Exception e)
        {
            return ("", false, e);
        }
    }

    // What a person and a log get to see of it: something, on one line, that cannot steer a terminal.
    private static string CheckText(Fault fault)
    {
        BrokenRule.Unless(fault.Message.Length > 0, "a fault without a message");
        string text = fault.Text();
        BrokenRule.Unless(!HasControl(text), "a message with control characters");
        byte[] record = Log.Record(true, "error", text, fault.Code, "2026-01-01T00:00:00.000000000Z");
        string line = Encoding.UTF8.GetString(record);
        BrokenRule.Unless(line.EndsWith('\n') && !HasControl(line[..^1]), "a log record of more than one line");
        try
        {
            using JsonDocument document = JsonDocument.Parse(record);
        }
        catch (JsonException)
        {
            throw new BrokenRule("a log record that is no JSON");
        }

        BrokenRule.Unless(!HasControl(Encoding.UTF8.GetString(Log.Record(false, "error", text, fault.Code, "")).TrimEnd('\n')), "a log line with control characters");
        return text;
    }

    private static bool HasControl(string text)
    {
        foreach (char c in text)
        {
            if (char.IsControl(c))
                return true;
        }

        return false;
    }

    // The rule that was broken, or the exception and the first place of ocirun that it came through.
    private static string Signature(Exception failure)
    {
        if (failure is BrokenRule)
            return failure.Message;
        foreach (string line in (failure.StackTrace ?? "").Split('\n'))
        {
            string frame = line.Trim();
            if (frame.StartsWith("at OciRun.", StringComparison.Ordinal))
                return $"{failure.GetType().Name} {frame.Split('(')[0]}";
        }

        return failure.GetType().Name;
    }

    // Each time, as the runtime's own threads open files too, and the first use of a library something that stays.
    private static bool LeavesOne(Target target, byte[] input)
    {
        for (int i = 0; i < 3; i++)
        {
            int free = LowestFree();
            Once(target, input);
            if (LowestFree() == free)
                return false;
        }

        return true;
    }

    private static int LowestFree()
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, "/"u8, Uapi.O_PATH);
        Sys.close(fd);
        return fd;
    }
}
