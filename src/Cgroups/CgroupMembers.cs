using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>The processes in a cgroup and in those below it, by the cgroup's descriptor.</summary>
internal static class CgroupMembers
{
    private const int LargestList = 16 << 20;

    private delegate void Visitor(int directory);

    /// <summary>
    /// Pids as this process sees them, ascending, each once. Processes of pid namespaces that this one cannot see into
    /// have none (cgroups(7): they are listed as 0).
    /// </summary>
    public static int[] Pids(int cgroup)
    {
        SortedSet<int> pids = [];
        Walk(cgroup, directory => pids.UnionWith(Read(directory)));
        int[] result = new int[pids.Count];
        pids.CopyTo(result);
        return result;
    }

    /// <summary>
    /// Signals each process but <paramref name="except"/>. A pid counts only when it is still listed after its pidfd was
    /// opened, so a pid that passed to a stranger in between is not hit.
    /// </summary>
    public static void Signal(int cgroup, int signal, int except) => Walk(cgroup, directory =>
    {
        foreach (int pid in Read(directory))
        {
            if (pid == except)
                continue;
            using Fd pidfd = new(Sys.pidfd_open(pid));
            if (pidfd.Number >= 0 && Read(directory).Contains(pid))
                Sys.pidfd_send_signal(pidfd.Number, signal);
        }
    });

    // A container with a writable cgroup mount chooses the depth, so neither the stack, nor a path, nor a descriptor for
    // each level may be needed. cgroup2 directories cannot be renamed, so ".." leads back to where the walk came from, and
    // the offset of a directory's entry stays valid while others come and go (kernfs orders them by a hash of the name).
    private static void Walk(int top, Visitor visit)
    {
        Stack<long> positions = [];
        byte[] buffer = new byte[4096];
        int at = CgroupDirectory.OpenChild(top, "."u8);
        if (at >= 0)
            visit(at);
        long position = 0;
        while (at >= 0)
        {
            int next = NextChild(at, buffer, ref position);
            if (next >= 0)
            {
                positions.Push(position);
                position = 0;
                visit(next);
            }
            else
            {
                next = positions.TryPop(out position) ? CgroupDirectory.OpenChild(at, ".."u8) : -1;
            }

            Sys.close(at);
            at = next;
        }
    }

    // Opens the first child directory behind a position, which moves behind it; -1 when there is none.
    private static int NextChild(int directory, byte[] buffer, ref long position)
    {
        Sys.lseek(directory, position, Uapi.SEEK_SET);
        int length;
        while ((length = Sys.getdents64(directory, buffer)) > 0)
        {
            CgroupDirectory.DirectoryNames names = new(buffer.AsSpan(0, length));
            while (names.MoveNext())
            {
                int child = CgroupDirectory.OpenChild(directory, names.Current);
                position = names.Offset;
                if (child >= 0)
                    return child;
            }
        }

        return -1;
    }

    /// <summary>
    /// The processes of one directory. A threaded cgroup does not list them but their threads (EOPNOTSUPP of
    /// cgroup.procs, cgroups(7)), of which /proc tells the processes.
    /// </summary>
    private static HashSet<int> Read(int directory)
    {
        HashSet<int> pids = [];
        byte[]? text = Sys.ReadFile(directory, "cgroup.procs"u8, LargestList, out int errno);
        bool threads = errno == Errno.EOPNOTSUPP;
        if (threads)
            text = Sys.ReadFile(directory, "cgroup.threads"u8, LargestList, out _);
        foreach (Range line in text.AsSpan().Split((byte)'\n'))
        {
            if (!int.TryParse(text.AsSpan(line), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                continue;
            int pid = threads && number > 0 ? ProcessOf(number) : number;
            if (pid > 0)
                pids.Add(pid);
        }

        return pids;
    }

    // proc_pid_status(5): Tgid. 0 when the thread has ended.
    private static int ProcessOf(int thread)
    {
        byte[]? status = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{thread}/status"), 1 << 16, out _);
        ReadOnlySpan<byte> text = status;
        int at = text.IndexOf("\nTgid:\t"u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(text[(at + 7)..], out int pid, out _) ? pid : 0;
    }
}
