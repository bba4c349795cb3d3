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

    public static int fsopen(ReadOnlySpan<byte> type)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(type, p);
        return bad != 0 ? bad : (int)Call(SYS.fsopen, (long)p, Uapi.FSOPEN_CLOEXEC);
    }

    public static int fsconfig(int fd, uint command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        byte* p = stackalloc byte[PATH_MAX];
        byte* q = stackalloc byte[PATH_MAX];
        int bad = Terminate(key, p);
        if (bad == 0)
            bad = Terminate(value, q);
        if (bad != 0)
            return bad;
        bool plain = command is Uapi.FSCONFIG_CMD_CREATE;
        bool flag = command is Uapi.FSCONFIG_SET_FLAG;
        return (int)Call(SYS.fsconfig, fd, command, plain ? 0 : (long)p, plain || flag ? 0 : (long)q, 0);
    }

    public static int fsmount(int fd, ulong attributes) =>
        (int)Call(SYS.fsmount, fd, Uapi.FSMOUNT_CLOEXEC, (long)attributes);

    public static int mount_setattr(int fd, uint flags, in mount_attr attr)
    {
        byte empty = 0;
        fixed (mount_attr* p = &attr)
            return (int)Call(SYS.mount_setattr, fd, (long)(&empty), flags | Uapi.AT_EMPTY_PATH, (long)p, sizeof(mount_attr));
    }
}
