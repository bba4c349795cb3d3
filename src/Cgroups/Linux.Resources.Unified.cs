using System;
using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    private void AddUnified(Pair[] entries)
    {
        foreach (Pair entry in entries)
        {
            string file = entry.Key.ToString();
            string field = $"unified[\"{file}\"]";
            if (!IsFileName(file))
                Refuse(field, null, "not the name of a cgroup file", "use a name such as memory.high");
            else if (file is "cgroup.procs" or "cgroup.threads" or "cgroup.kill")
                Refuse(field, null, "this file moves or ends processes; it holds no limit", "remove it");
            else if (entry.Value.IsEmpty)
                Refuse(field, "", "an empty value sets nothing", "remove it, or write the value that the kernel's default has");
            else
                AddLines(field, file, entry.Value.ToString());
        }
    }

    // Files with one line a device take one line a write.
    private void AddLines(string field, string file, string value)
    {
        foreach (string line in value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Add(field, file, line, value);
    }

    // One component, and a controller before the dot: neither another cgroup's file nor "..".
    private static bool IsFileName(string name)
    {
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not '.' and not '_')
                return false;
        }

        return name.IndexOf('.', StringComparison.Ordinal) > 0;
    }
}
