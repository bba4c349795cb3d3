using System;
using System.IO;
using System.Linq;

namespace OciRun.Tests.Integration;

/// <summary>Where the tests run: on the machine as it is, or in the virtual machine of <c>scripts/vm</c>.</summary>
internal static class Tier
{
    /// <summary><c>OCIRUN_TIER=vm</c>; decides which tests exist.</summary>
    public static bool IsVm { get; } = Environment.GetEnvironmentVariable("OCIRUN_TIER") == "vm";

    /// <summary>
    /// The delegated cgroup in which the tests may make others, from the root of the hierarchy. The tests' own processes
    /// are in a child of it, because a cgroup with processes cannot hand controllers down (cgroups(7), no internal processes).
    /// </summary>
    public static string Cgroup { get; } = Path.GetDirectoryName(
        File.ReadLines("/proc/self/cgroup").Where(line => line.StartsWith("0::", StringComparison.Ordinal)).Select(line => line[3..]).FirstOrDefault("/"))
        ?? "/";
}
