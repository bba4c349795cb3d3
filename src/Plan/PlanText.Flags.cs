using System.Collections.Generic;
using OciRun.Kernel;

namespace OciRun.Plan;

internal static unsafe partial class PlanText
{
    private static readonly (ulong Bit, string Name)[] CloneFlags =
    [
        (Uapi.CLONE_NEWUSER, "CLONE_NEWUSER"), (Uapi.CLONE_NEWPID, "CLONE_NEWPID"), (Uapi.CLONE_NEWNS, "CLONE_NEWNS"),
        (Uapi.CLONE_NEWNET, "CLONE_NEWNET"), (Uapi.CLONE_NEWIPC, "CLONE_NEWIPC"), (Uapi.CLONE_NEWUTS, "CLONE_NEWUTS"),
        (Uapi.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"), (Uapi.CLONE_NEWTIME, "CLONE_NEWTIME"),
    ];

    private static readonly (ulong Bit, string Name)[] MountFlags =
    [
        (Uapi.MS_PRIVATE, "MS_PRIVATE"), (Uapi.MS_SLAVE, "MS_SLAVE"), (Uapi.MS_SHARED, "MS_SHARED"),
        (Uapi.MS_UNBINDABLE, "MS_UNBINDABLE"), (Uapi.MS_REC, "MS_REC"),
    ];

    private static readonly (ulong Bit, string Name)[] MountAttributes =
    [
        (Uapi.MOUNT_ATTR_RDONLY, "MOUNT_ATTR_RDONLY"), (Uapi.MOUNT_ATTR_NOSUID, "MOUNT_ATTR_NOSUID"),
        (Uapi.MOUNT_ATTR_NODEV, "MOUNT_ATTR_NODEV"), (Uapi.MOUNT_ATTR_NOEXEC, "MOUNT_ATTR_NOEXEC"),
        (Uapi.MOUNT_ATTR_NODIRATIME, "MOUNT_ATTR_NODIRATIME"), (Uapi.MOUNT_ATTR_NOSYMFOLLOW, "MOUNT_ATTR_NOSYMFOLLOW"),
    ];

    private static List<string> Names(ulong flags, (ulong Bit, string Name)[] table, string none)
    {
        List<string> names = [];
        foreach ((ulong bit, string name) in table)
        {
            if ((flags & bit) != 0)
                names.Add(name);
        }

        // The access-time mode is one field: all its bits together mean "cleared".
        ulong time = ReferenceEquals(table, MountAttributes) ? flags & Uapi.MOUNT_ATTR__ATIME : 0;
        if (time == Uapi.MOUNT_ATTR__ATIME)
            names.Add("MOUNT_ATTR__ATIME");
        else if (time == Uapi.MOUNT_ATTR_NOATIME)
            names.Add("MOUNT_ATTR_NOATIME");
        else if (time == Uapi.MOUNT_ATTR_STRICTATIME)
            names.Add("MOUNT_ATTR_STRICTATIME");
        if (names.Count == 0 && none.Length > 0)
            names.Add(none);
        return names;
    }
}
