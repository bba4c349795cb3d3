using System;
using System.Diagnostics;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>The freezer: cgroup.freeze and the "frozen" line of cgroup.events (Linux 5.2, cgroup-v2.rst).</summary>
internal sealed partial class CgroupDirectory
{
    /// <summary>
    /// Freezes the cgroup and all below it, and waits until that has happened. When it does not, the cgroup is thawed.
    /// </summary>
    /// <returns>0, -ETIMEDOUT, or the negative errno of what the kernel refused.</returns>
    public static int Freeze(int directory, TimeSpan limit)
    {
        long deadline = Deadline(limit);
        int result = Sys.WriteFile(directory, "cgroup.freeze"u8, "1"u8);
        if (result == 0)
            result = WaitForEvent(directory, "frozen 1"u8, deadline);
        if (result < 0)
            Sys.WriteFile(directory, "cgroup.freeze"u8, "0"u8);
        return result;
    }

    /// <summary>
    /// Thaws the cgroup and waits until its processes run. What was frozen below it by itself stays so.
    /// </summary>
    /// <returns>0; -ETIMEDOUT when a cgroup above keeps it frozen; or another negative errno.</returns>
    public static int Thaw(int directory, TimeSpan limit)
    {
        int result = Sys.WriteFile(directory, "cgroup.freeze"u8, "0"u8);
        return result == 0 ? WaitForEvent(directory, "frozen 0"u8, Deadline(limit)) : result;
    }

    /// <summary>Whether the cgroup itself was told to freeze, whether or not it has come to that.</summary>
    public static bool IsToFreeze(int directory) =>
        Sys.ReadFile(directory, "cgroup.freeze"u8, 16, out _) is [(byte)'1', ..];

    private static long Deadline(TimeSpan limit) =>
        Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
}
