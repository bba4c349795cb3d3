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

    /// <summary>move_mount(2) of the mount that a descriptor is onto the place that another one is.</summary>
    public static int move_mount(int mount, int target)
    {
        byte empty = 0;
        const uint flags = Uapi.MOVE_MOUNT_F_EMPTY_PATH | Uapi.MOVE_MOUNT_T_EMPTY_PATH;
        return (int)Call(SYS.move_mount, mount, (long)&empty, target, (long)&empty, flags);
    }

    /// <summary>umount2(2) of the mount whose root a descriptor is.</summary>
    public static int umount2(int mount, int flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        int bad = Terminate(Bytes($"/proc/self/fd/{mount}"), p);
        return bad != 0 ? bad : (int)Call(SYS.umount2, (long)p, flags);
    }

    /// <summary>
    /// Identity of the mount that a descriptor is in: one that no later mount gets (Linux 6.8), or before that one
    /// that is free again when the mount has gone (5.8). Zero where the kernel tells neither.
    /// </summary>
    public static ulong MountId(int fd)
    {
        byte empty = 0;
        statx buffer = default;
        foreach (uint mask in (ReadOnlySpan<uint>)[Uapi.STATX_MNT_ID_UNIQUE, Uapi.STATX_MNT_ID])
        {
            if (Call(SYS.statx, fd, (long)&empty, Uapi.AT_EMPTY_PATH, mask, (long)&buffer) >= 0 && (buffer.stx_mask & mask) != 0)
                return buffer.stx_mnt_id;
        }

        return 0;
    }

    /// <summary>mount(2) without a file system of its own: binds, or changes what is mounted.</summary>
    public static int mount(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, ulong flags)
    {
        byte* p = stackalloc byte[PATH_MAX];
        byte* q = stackalloc byte[PATH_MAX];
        int bad = Terminate(source, p);
        if (bad == 0)
            bad = Terminate(target, q);
        return bad != 0 ? bad : (int)Call(SYS.mount, (long)p, (long)q, 0, (long)flags, 0);
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
