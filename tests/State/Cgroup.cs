using System;
using System.IO;
using System.Linq;

namespace OciRun.Tests.State;

/// <summary>A cgroup of its own below this machine's cgroup2 mount; needs root.</summary>
public sealed class Cgroup : IDisposable
{
    public Cgroup() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(Mount(), $"ocirun-test-{Guid.NewGuid():N}");

    public void Add(int pid, string below = "")
    {
        string directory = System.IO.Path.Combine(Path, below);
        Directory.CreateDirectory(directory);
        File.WriteAllText(System.IO.Path.Combine(directory, "cgroup.procs"), pid.ToString((IFormatProvider?)null));
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            File.WriteAllText(System.IO.Path.Combine(Path, "cgroup.kill"), "1");
            OciRun.Cgroups.CgroupDirectory.Remove(Path, TimeSpan.FromSeconds(5));
        }
    }

    // mountinfo: field 5 is the mount point, the type follows " - " (proc(5)).
    private static string Mount() =>
        File.ReadLines("/proc/self/mountinfo").First(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal)).Split(' ')[4];
}
