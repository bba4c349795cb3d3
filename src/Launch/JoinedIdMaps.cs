using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// linux.uidMappings and linux.gidMappings beside the path of a user namespace: they change nothing, so they have to
/// be those that the namespace has (config-linux.md, "User namespace mappings").
/// </summary>
internal static class JoinedIdMaps
{
    /// <summary>Holds the config against the maps of a process that has joined.</summary>
    /// <exception cref="FaultException">The namespace has other mappings.</exception>
    public static void Check(int pid, Linux linux)
    {
        Check(pid, "uid_map", linux.UidMappings ?? [], "linux.uidMappings");
        Check(pid, "gid_map", linux.GidMappings ?? [], "linux.gidMappings");
    }

    /// <summary>Whether a map file of procfs has exactly these ranges, in any order.</summary>
    internal static bool Matches(ReadOnlySpan<byte> map, IdMapping[] mappings)
    {
        HashSet<(uint, uint, uint)> has = [];
        foreach (string line in Encoding.ASCII.GetString(map).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 3 || !TryId(words[0], out uint inner) || !TryId(words[1], out uint outer) || !TryId(words[2], out uint size))
                return false;
            has.Add((inner, outer, size));
        }

        foreach (IdMapping mapping in mappings)
        {
            if (!has.Remove((mapping.ContainerId, mapping.HostId, mapping.Size)))
                return false;
        }

        return has.Count == 0;
    }

    private static void Check(int pid, string file, IdMapping[] mappings, string field)
    {
        if (mappings.Length == 0)
            return;
        byte[]? map = Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes($"/proc/{pid}/{file}"), 1 << 16, out int errno);
        if (map is null)
            throw new FaultException(new Fault($"cannot read {file}") { Field = field, Syscall = "openat", Errno = errno });
        if (!Matches(map, mappings))
        {
            throw new FaultException(new Fault("the user namespace that is joined has other mappings")
            {
                Field = field,
                Hint = "remove the mappings: a namespace that exists keeps its own",
            });
        }

        Log.Warning($"{field}: not needed, the user namespace that is joined has these mappings");
    }

    private static bool TryId(string word, out uint id) => uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out id);
}
