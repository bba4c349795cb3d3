using System;
using System.Collections.Generic;

namespace OciRun.Cgroups;

/// <summary>The values that a cgroup's files had before they were changed.</summary>
internal sealed class CgroupRestoration(CgroupDirectory cgroup)
{
    private readonly List<(string File, string[] Lines)> _old = [];

    /// <summary>Notes what the setting is about to replace.</summary>
    public void Remember(CgroupSetting setting)
    {
        if (cgroup.Read(setting.File) is { } content)
            _old.Add((setting.File, Lines(setting.File, setting.Text, content)));
    }

    /// <summary>The old values, by file.</summary>
    public IEnumerable<(string File, string Text)> Old
    {
        get
        {
            foreach ((string file, string[] lines) in _old)
            {
                foreach (string line in lines)
                    yield return (file, line);
            }
        }
    }

    /// <summary>Writes all of it back, the newest change first. What the kernel refuses now stays.</summary>
    public void Run()
    {
        // Twice, since values of one controller bound each other: the second round has the first one's values.
        for (int round = 0; round < 2; round++)
        {
            for (int i = _old.Count - 1; i >= 0; i--)
            {
                foreach (string line in _old[i].Lines)
                    cgroup.Write(_old[i].File, line);
            }
        }
    }

    /// <summary>The writes that lead back to a file's content, after <paramref name="text"/> was written.</summary>
    internal static string[] Lines(string file, string text, string content)
    {
        string[] lines = content.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        // An empty line clears a list (cpuset.cpus); no write at all would leave the new one.
        if (lines.Length == 0 && !IsByDevice(file))
            return ["\n"];
        if (!IsByDevice(file) || text.Split(' ') is not [var device, _, ..])
            return lines;
        string? before = Array.Find(lines, line => line.StartsWith(device + " ", StringComparison.Ordinal));

        // A device without a line has the default.
        return [before ?? device + Default(file)];
    }

    private static bool IsByDevice(string file) => file is "io.max" or "io.weight" or "io.bfq.weight" or "io.latency" or "rdma.max";

    private static string Default(string file) => file switch
    {
        "io.max" => " rbps=max wbps=max riops=max wiops=max",
        "rdma.max" => " hca_handle=max hca_object=max",
        "io.latency" => " target=0",
        _ => " default",
    };
}
