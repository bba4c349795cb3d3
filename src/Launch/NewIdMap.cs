using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Plan;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// newuidmap(1) and newgidmap(1), found in the runtime's own PATH before any container directory is entered, for
/// ranges that /etc/subuid and /etc/subgid grant.
/// </summary>
internal static unsafe class NewIdMap
{
    private const int OutputLimit = 1024;

    public static void Run(string name, int pid, IdMapping[] mappings, string field)
    {
        Utf8? program = Spawn.Find(name);
        if (program is null)
        {
            throw new FaultException(new Fault($"{name} is needed to map more than one's own id and is not in PATH")
            {
                Field = field,
                Hint = "install it (package uidmap), or map a single id",
            });
        }

        using Arena arena = new();
        List<Utf8> args = [name, new Utf8(pid.ToString())];
        foreach (IdMapping map in mappings)
        {
            args.Add(map.ContainerId.ToString());
            args.Add(map.HostId.ToString());
            args.Add(map.Size.ToString());
        }

        byte[] output = new byte[OutputLimit];
        int status = Spawn.Wait(arena.Text(program.Value), arena.Vector(args), arena.Vector([]), output, out int written);
        if (status != 0)
        {
            string said = Encoding.UTF8.GetString(output, 0, written).TrimEnd('\n').Replace("\n", "; ", StringComparison.Ordinal);
            throw new FaultException(new Fault($"{name} refused the ranges with exit status {status}{(said.Length > 0 ? ": " : "")}{said}")
            {
                Field = field,
                Hint = "compare them with /etc/subuid and /etc/subgid",
            });
        }
    }
}
