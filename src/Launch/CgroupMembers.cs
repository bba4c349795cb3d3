using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>The processes in a cgroup and in those below it.</summary>
internal static class CgroupMembers
{
    private const int LargestList = 16 << 20;

    /// <summary>
    /// Signals each member but <paramref name="except"/>. A pid counts only when it is still listed after its pidfd was
    /// opened, so a pid that passed to a stranger in between is not hit.
    /// </summary>
    public static void Signal(string cgroup, int signal, int except)
    {
        if (!CgroupLocation.IsContainerCgroup(cgroup))
            return;
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(cgroup), Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        if (directory.Number >= 0)
            Visit(directory.Number, signal, except);
    }

    private static void Visit(int directory, int signal, int except)
    {
        foreach (int pid in Read(directory))
        {
            if (pid == except || pid <= 0)
                continue;
            using Fd pidfd = new(Sys.pidfd_open(pid));
            if (pidfd.Number >= 0 && Read(directory).Contains(pid))
                Sys.pidfd_send_signal(pidfd.Number, signal);
        }

        byte[] buffer = new byte[4096];
        int length;
        while ((length = Sys.getdents64(directory, buffer)) > 0)
        {
            DirectoryEntries entries = new(buffer.AsSpan(0, length));
            while (entries.MoveNext())
            {
                if (!entries.MayBeDirectory)
                    continue;
                const int flags = Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW;
                using Fd child = new(Sys.openat(directory, entries.Current, flags));
                if (child.Number >= 0)
                    Visit(child.Number, signal, except);
            }
        }
    }

    private static List<int> Read(int directory)
    {
        List<int> pids = [];
        byte[]? text = Sys.ReadFile(directory, "cgroup.procs"u8, LargestList, out _);
        foreach (string line in Encoding.ASCII.GetString(text ?? []).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
                pids.Add(pid);
        }

        return pids;
    }
}
