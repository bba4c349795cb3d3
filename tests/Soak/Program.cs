using System;
using System.Diagnostics;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;

namespace OciRun;

/// <summary>
/// Creates containers one after another in one process, with garbage and collections between the clones: a child that
/// waited for a collection, died or allocated would show here. Usage: ocirun-soak BUNDLE ROOT COUNT.
/// </summary>
internal static class Soak
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length != 3)
            return Say("usage: ocirun-soak BUNDLE ROOT COUNT", 2);
        int count = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        long slowest = 0;
        long start = Stopwatch.GetTimestamp();
        try
        {
            for (int i = 0; i < count; i++)
            {
                Litter(i);
                long before = Stopwatch.GetTimestamp();
                long allocated = CreateAndDrop(arguments[0], arguments[1], i);
                slowest = Math.Max(slowest, Stopwatch.GetTimestamp() - before);
                if (allocated != 0)
                    return Say($"failed: child {i} allocated {allocated} bytes", 1);
                if (slowest > 10 * Stopwatch.Frequency)
                    return Say($"failed: child {i} took more than ten seconds", 1);
            }
        }
        catch (FaultException failure)
        {
            return Say($"failed: {failure.Fault.Text()}", 1);
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return Say(
            $"ok: {count} creates in {seconds:F1} s, slowest {slowest * 1000 / Stopwatch.Frequency} ms, "
            + $"{GC.CollectionCount(0)} collections, 0 bytes allocated after clone",
            0);
    }

    // Up to the gate and back: dropping an uncommitted creation kills the child and removes all it made.
    private static long CreateAndDrop(string bundle, string root, int index)
    {
        using Creation creation = new(new LaunchOptions { Id = $"soak-{index}", Bundle = bundle, Root = root }, waitsAtGate: true);
        creation.Prepare();
        creation.Reserve();
        creation.Clone();
        creation.AwaitReady();
        return creation.AllocatedByChild;
    }

    private static void Litter(int index)
    {
        byte[][] garbage = new byte[64][];
        for (int i = 0; i < garbage.Length; i++)
            garbage[i] = new byte[1024 + ((index * 37) % 4096)];
        if (index % 3 == 0)
            GC.Collect(index / 3 % 3, GCCollectionMode.Forced, blocking: true);
        GC.KeepAlive(garbage);
    }

    private static int Say(string text, int status)
    {
        Sys.WriteAll(1, Sys.Bytes(text + "\n"));
        return status;
    }
}
