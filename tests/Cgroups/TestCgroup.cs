using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using OciRun.Cgroups;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Cgroups;

/// <summary>A test that makes cgroups below the cgroup2 mount of this machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CgroupFactAttribute : FactAttribute
{
    public CgroupFactAttribute() => Skip = TestCgroup.Missing();
}

[AttributeUsage(AttributeTargets.Method)]
public sealed class CgroupTheoryAttribute : TheoryAttribute
{
    public CgroupTheoryAttribute() => Skip = TestCgroup.Missing();
}

/// <summary>A cgroup of its own for one test, ended and removed with everything below it.</summary>
internal sealed class TestCgroup : IDisposable
{
    private static int _count;

    public TestCgroup([CallerMemberName] string name = "")
    {
        Name = $"/ocirun-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}-{name}";
        Path = Mount.Path + Name;
        Directory.CreateDirectory(Path);
    }

    public static CgroupMount Mount => CgroupMount.Find()!;

    /// <summary>Path below the mount.</summary>
    public string Name { get; }

    public string Path { get; }

    public static string? Missing()
    {
        if (Sys.geteuid() != 0)
            return "making cgroups needs root";
        return CgroupMount.Find() is null ? "no cgroup2 hierarchy is mounted" : null;
    }

    /// <summary>Starts a shell script inside the cgroup at a path.</summary>
    public static Process Start(string path, string script)
    {
        ProcessStartInfo start = new("/bin/sh")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"echo $$ > '{path}/cgroup.procs' || exit 99; {script}");
        return Process.Start(start)!;
    }

    /// <summary>Runs a shell script inside the cgroup: its standard output.</summary>
    public string Run(string script)
    {
        using Process process = Start(Path, script);
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(30_000) || process.ExitCode != 0)
            throw new InvalidOperationException($"{process.ExitCode}: {process.StandardError.ReadToEnd()}");
        return output;
    }

    public void Dispose()
    {
        if (!Directory.Exists(Path))
            return;
        File.WriteAllText(Path + "/cgroup.kill", "1");
        for (int i = 0; i < 500 && !RemoveTree(Path); i++)
            Thread.Sleep(10);
    }

    private static bool RemoveTree(string path)
    {
        try
        {
            foreach (string child in Directory.GetDirectories(path))
                RemoveTree(child);
            Directory.Delete(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
