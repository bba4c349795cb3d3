using System.Collections.Generic;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// Whether CRIU can give mounts their peer groups and masters back. With mounts-v2 (CRIU 3.17, Linux 5.15) one of a group
/// takes its master from a mount that has it, and the others take all from that one; the kernel refuses it for mounts
/// whose root the other one does not show (do_set_group of fs/namespace.c). A master of the host's is taken from the mount
/// that the source of the group's last member is on, which for the root file system is root.path.
/// </summary>
internal static class CriuSharing
{
    /// <summary>Finds mounts that CRIU could not restore on this machine as it is.</summary>
    /// <param name="own">Mounts of the container, in the order of its table.</param>
    /// <param name="host">Mounts of the host.</param>
    /// <param name="binds">The container's binds from the host.</param>
    /// <param name="rootfs">The root file system on the host.</param>
    /// <returns>Points in the container, each with the point of the mount that CRIU would try.</returns>
    public static List<(Utf8 Point, Utf8 Tried)> Lost(List<MountEntry> own, List<MountEntry> host, List<CriuBind> binds, Utf8 rootfs)
    {
        List<(Utf8 Point, Utf8 Tried)> lost = [];
        HashSet<(int Shared, int Master)> seen = [(0, 0)];
        foreach (MountEntry entry in own)
        {
            if (!seen.Add((entry.Shared, entry.Master)))
                continue;
            List<MountEntry> group = own.FindAll(other => other.Shared == entry.Shared && other.Master == entry.Master);
            List<MountEntry> masters = entry.Master == 0 ? [] : own.FindAll(other => other.Shared == entry.Master);
            bool isFromHost = entry.Master != 0 && masters.Count == 0;
            MountEntry? master = masters.Count > 0 ? Widest(masters) : null;
            if (isFromHost)
            {
                master = Source(group[^1], own, binds, rootfs) is { } source ? On(host, source) : null;

                // Of a file system that is not there now, the mount that will be there is not known.
                if (master is not { } known || known.Device != entry.Device)
                    continue;
            }

            MountEntry first = Widest(group);
            foreach (MountEntry member in group)
            {
                if (member != first && IsWithin(member, first))
                    continue;
                if (member != first && (!isFromHost || entry.Shared != 0))
                    lost.Add((member.Point, first.Point));
                else if (master is { } from && !(IsWithin(member, from) && (from.Shared | from.Master) != 0))
                    lost.Add((member.Point, from.Point));
            }
        }

        return lost;
    }

    // Null when CRIU finds none, which it says when it dumps.
    private static Utf8? Source(MountEntry last, List<MountEntry> own, List<CriuBind> binds, Utf8 rootfs)
    {
        if (binds.FindIndex(bind => bind.Point == last.Point) is >= 0 and var exact)
            return binds[exact].Source;
        foreach (CriuBind bind in binds)
        {
            if (own.Exists(other => other.Point == bind.Point && IsWithin(last, other)))
                return bind.Source;
        }

        return own.Exists(other => other.Point.Is("/"u8) && IsWithin(last, other)) ? rootfs : default(Utf8?);
    }

    // The mount that a path is on; of several at one place the last covers the others.
    private static MountEntry? On(List<MountEntry> mounts, Utf8 path)
    {
        MountEntry? found = null;
        foreach (MountEntry entry in mounts)
        {
            if (CriuBind.Rest(path, entry.Point) is not null && (found is null || entry.Point.Length >= found.Value.Point.Length))
                found = entry;
        }

        return found;
    }

    private static MountEntry Widest(List<MountEntry> group)
    {
        MountEntry widest = group[^1];
        for (int i = group.Count - 2; i >= 0; i--)
        {
            if (group[i].Root.Length < widest.Root.Length)
                widest = group[i];
        }

        return widest;
    }

    private static bool IsWithin(MountEntry inner, MountEntry outer) =>
        inner.Device == outer.Device && CriuBind.Rest(inner.Root, outer.Root) is not null;
}
