using System;

namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    public static int open_tree(int dirfd, ReadOnlySpan<byte> path, uint flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(path, p);
        return bad != 0 ? bad : (int)Call(SYS.open_tree, dirfd, (long)p, flags | Uapi.OPEN_TREE_CLOEXEC);
    }

    public static int fsopen(byte* type) => (int)Call(SYS.fsopen, (long)type, Uapi.FSOPEN_CLOEXEC);

    public static int fsconfig(int fs, uint command, byte* key, byte* value) =>
        (int)Call(SYS.fsconfig, fs, command, (long)key, (long)value, 0);

    public static int fsmount(int fs, ulong attributes) =>
        (int)Call(SYS.fsmount, fs, Uapi.FSMOUNT_CLOEXEC, (long)attributes);

    /// <summary>mount_setattr(2) of the mount that a descriptor is, with AT_RECURSIVE of all its tree.</summary>
    public static int mount_setattr(int mount, uint flags, mount_attr* attributes)
    {
        byte empty = 0;
        return (int)Call(SYS.mount_setattr, mount, (long)&empty, Uapi.AT_EMPTY_PATH | flags, (long)attributes, sizeof(mount_attr));
    }
}
