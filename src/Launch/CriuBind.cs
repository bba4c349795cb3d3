using System.Collections.Generic;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>A mount whose content is the host's.</summary>
/// <param name="Point">Where the container has it, links resolved: also its name for CRIU.</param>
/// <param name="Source">Where the host has it, links resolved.</param>
internal readonly record struct CriuBind(Utf8 Point, Utf8 Source)
{
    /// <summary>
    /// Mounts of the host below the sources of binds that a container has there too: they came with a recursive bind, or
    /// by propagation. What was mounted inside of the container is not among them.
    /// </summary>
    /// <param name="binds">The container's.</param>
    /// <param name="host">Mounts of the host.</param>
    /// <param name="own">Mounts of the container.</param>
    public static List<CriuBind> Below(List<CriuBind> binds, List<MountEntry> host, List<MountEntry> own)
    {
        List<CriuBind> found = [];
        foreach (CriuBind below in Below(binds, host))
        {
            MountEntry there = host.FindLast(entry => entry.Point == below.Source);
            if (own.Exists(entry => entry.Point == below.Point && entry.Device == there.Device && entry.Root == there.Root))
                found.Add(below);
        }

        return found;
    }

    /// <summary>Mounts of the host below the sources of binds, at the places where a recursive bind has them.</summary>
    public static List<CriuBind> Below(List<CriuBind> binds, List<MountEntry> host)
    {
        List<CriuBind> found = [];
        foreach (CriuBind bind in binds)
        {
            foreach (MountEntry entry in host)
            {
                if (Rest(entry.Point, bind.Source) is not { IsEmpty: false } rest)
                    continue;
                CriuBind below = new(Joined(bind.Point, rest), entry.Point);
                if (!binds.Exists(other => other.Point == below.Point) && !found.Exists(other => other.Point == below.Point))
                    found.Add(below);
            }
        }

        return found;
    }

    /// <summary>What follows a directory in a path, with the slash; empty for the directory itself, null for what is not in it.</summary>
    public static Utf8? Rest(Utf8 path, Utf8 directory)
    {
        if (directory.Is("/"u8))
            return path.Length > 1 ? path : path.Slice(1);
        return Plan.Paths.IsWithin(path, directory.Span) ? path.Slice(directory.Length) : default(Utf8?);
    }

    private static Utf8 Joined(Utf8 directory, Utf8 rest) => directory.Is("/"u8) ? rest : new Utf8([.. directory.Span, .. rest.Span]);
}
