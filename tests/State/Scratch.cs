using System;
using System.IO;
using OciRun.Spec;
using OciRun.State;
using Process = System.Diagnostics.Process;

namespace OciRun.Tests.State;

/// <summary>A state root of its own, with processes to stand for containers' inits.</summary>
public sealed class Scratch : IDisposable
{
    private readonly System.Collections.Generic.List<Process> _processes = [];

    public Scratch()
    {
        Directory.CreateDirectory(Root, (UnixFileMode)Convert.ToInt32("700", 8));
    }

    public string Root { get; } = Path.Combine(Path.GetTempPath(), $"ocirun-{Guid.NewGuid():N}");

    /// <summary>Starts <c>sleep</c> and returns its pid.</summary>
    public int Sleep() => Start("sleep", "60").Id;

    /// <summary>Pid of a process that waits and has not executed a program of its own.</summary>
    public int Wait() => int.Parse(Start("/bin/sh", "-c", "{ sleep 60; :; } & echo $!; wait").StandardOutput.ReadLine()!, null);

    /// <summary>Pid of a process that has exited and that its parent, by then no longer a shell, does not reap.</summary>
    public int Zombie()
    {
        Process parent = Start("/bin/sh", "-c", "sleep 0.1 & echo $!; exec sleep 60");
        int pid = int.Parse(parent.StandardOutput.ReadLine()!, null);
        while (ProcStat.TryRead(pid, out ProcStat stat) && stat.IsAlive)
            System.Threading.Thread.Sleep(1);
        return pid;
    }

    public static ulong StartTime(int pid) =>
        ProcStat.TryRead(pid, out ProcStat stat) ? stat.StartTime : throw new InvalidOperationException();

    internal static ContainerRecord Record(string id, int pid = 0) => new()
    {
        Id = id,
        Pid = pid,
        StartTime = pid == 0 ? 0 : StartTime(pid),
        OciVersion = "1.2.1",
        Bundle = "/bundles/b \"ü\"",
        Rootfs = "/bundles/b/rootfs",
        Created = "2026-01-31T10:20:30.123456789Z",
        Owner = 7,
        OwnPidNamespace = true,
        Annotations = [new Pair("key", "value"), new Pair("k2", "")],
    };

    /// <summary>Makes a container's directory as create leaves it.</summary>
    internal void Container(ContainerRecord record, bool gate = false)
    {
        using StateRoot root = StateRoot.Open(Root, mustExist: true);
        using ContainerDirectory directory = root.Reserve(record.Id);
        directory.Save(record);
        if (gate)
            File.WriteAllText(Path.Combine(Root, record.Id, "gate.sock"), "");
    }

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
        }

        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private Process Start(string file, params string[] arguments)
    {
        Process process = Process.Start(new System.Diagnostics.ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        _processes.Add(process);
        return process;
    }
}
