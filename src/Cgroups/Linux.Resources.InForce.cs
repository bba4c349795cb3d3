using System.Globalization;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>
/// What a change of some limits has to know of those that stay. The kernel's files say it: they also have what others
/// changed since the container was made.
/// </summary>
internal static class ResourcesInForce
{
    /// <summary>
    /// Adds the halves that were left out: a period to a quota and a quota to a period, which share a file, and the
    /// limit of memory to a limit of memory and swap, of which it is a part.
    /// </summary>
    public static void Complete(LinuxResources resources, CgroupDirectory cgroup)
    {
        if (resources.Cpu is { } cpu && (cpu.Quota ?? 0) == 0 != ((cpu.Period ?? 0) == 0))
            CompleteBandwidth(cpu, cgroup.Read("cpu.max"));
        if (resources.Memory is { Swap: > 0 } memory && (memory.Limit ?? 0) == 0)
            CompleteMemory(memory, cgroup.Read("memory.max"));
    }

    /// <param name="cpu">With one of quota and period.</param>
    /// <param name="file">cpu.max: "max 100000"; null when there is none.</param>
    internal static void CompleteBandwidth(LinuxCpu cpu, string? file)
    {
        if (file?.TrimEnd('\n').Split(' ') is not [var quota, var period])
            return;
        if ((cpu.Quota ?? 0) == 0)
        {
            if (quota == "max")
                cpu.Quota = -1;
            else if (long.TryParse(quota, NumberStyles.None, CultureInfo.InvariantCulture, out long ofQuota))
                cpu.Quota = ofQuota;
        }
        else if (ulong.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out ulong ofPeriod))
        {
            cpu.Period = ofPeriod;
        }
    }

    // Written again it changes nothing, but the limit is rounded down to whole pages, never more than was asked for.
    internal static void CompleteMemory(LinuxMemory memory, string? file)
    {
        if (file is null)
            return;
        long limit = CgroupValue.Number(file);
        memory.Limit = limit == long.MaxValue ? -1 : limit;
    }
}
