using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>Writes a new user namespace's maps (user_namespaces(7)): one write each, from the parent.</summary>
internal static class IdMaps
{
    /// <summary>Writes gid and uid maps of <paramref name="pid"/>, through newuidmap and newgidmap where the kernel refuses.</summary>
    public static void Write(int pid, IdMapping[] uids, IdMapping[] gids, string uidField, string gidField)
    {
        bool own = Sys.geteuid() != 0 && uids.Length == 1 && uids[0].Size == 1 && uids[0].HostId == Sys.geteuid()
            && gids.Length == 1 && gids[0].Size == 1 && gids[0].HostId == Sys.getegid();

        // An unprivileged process may map its own gid only once setgroups is denied for good.
        if (own)
            Put(pid, "setgroups", "deny"u8.ToArray(), gidField);
        Map(pid, "gid_map", "newgidmap", gids, gidField);
        Map(pid, "uid_map", "newuidmap", uids, uidField);
    }

    private static void Map(int pid, string file, string helper, IdMapping[] mappings, string field)
    {
        StringBuilder lines = new();
        foreach (IdMapping map in mappings)
            lines.Append(map.ContainerId).Append(' ').Append(map.HostId).Append(' ').Append(map.Size).Append('\n');
        byte[] text = Encoding.ASCII.GetBytes(lines.ToString());
        int result = ProcFile.Write(pid, file, text);
        if (result == 0)
            return;
        if (result == -Errno.EPERM && Sys.geteuid() != 0)
        {
            NewIdMap.Run(helper, pid, mappings, field);
            return;
        }

        throw new FaultException(new Fault($"cannot write {file}")
        {
            Field = field,
            Syscall = "write",
            Errno = -result,
            Hint = result == -Errno.EXDEV ? ProcFile.Covered : text.Length >= MaximumText ? "the kernel takes less than 4096 bytes of ranges; join adjacent ones" : "the ranges must not overlap and the host ids must be the caller's to map",
        });
    }

    // One page (user_namespaces(7)).
    private const int MaximumText = 4096;

    private static void Put(int pid, string file, byte[] text, string field)
    {
        int result = ProcFile.Write(pid, file, text);
        if (result == 0)
            return;
        throw new FaultException(new Fault($"cannot write {file}")
        {
            Field = field,
            Syscall = "write",
            Errno = -result,
            Hint = result == -Errno.EXDEV ? ProcFile.Covered : null,
        });
    }
}
