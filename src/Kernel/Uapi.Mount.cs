namespace OciRun.Kernel;

/// <summary>Kernel constants, names verbatim; a test proves each value against a C compiler.</summary>
internal static partial class Uapi
{
    // linux/mount.h: mount(2)
    public const uint MS_RDONLY = 0x1;
    public const uint MS_NOSUID = 0x2;
    public const uint MS_NODEV = 0x4;
    public const uint MS_NOEXEC = 0x8;
    public const uint MS_SYNCHRONOUS = 0x10;
    public const uint MS_REMOUNT = 0x20;
    public const uint MS_MANDLOCK = 0x40;
    public const uint MS_DIRSYNC = 0x80;
    public const uint MS_NOSYMFOLLOW = 0x100;
    public const uint MS_NOATIME = 0x400;
    public const uint MS_NODIRATIME = 0x800;
    public const uint MS_BIND = 0x1000;
    public const uint MS_MOVE = 0x2000;
    public const uint MS_REC = 0x4000;
    public const uint MS_SILENT = 0x8000;
    public const uint MS_UNBINDABLE = 0x20000;
    public const uint MS_PRIVATE = 0x40000;
    public const uint MS_SLAVE = 0x80000;
    public const uint MS_SHARED = 0x100000;
    public const uint MS_RELATIME = 0x200000;
    public const uint MS_I_VERSION = 0x800000;
    public const uint MS_STRICTATIME = 0x1000000;
    public const uint MS_LAZYTIME = 0x2000000;

    // sys/mount.h: umount2(2)
    public const int MNT_DETACH = 0x2;
    public const int UMOUNT_NOFOLLOW = 0x8;

    // linux/mount.h: the mount API of Linux 5.2, mount_setattr(2) of 5.12
    public const uint OPEN_TREE_CLONE = 1;
    public const uint OPEN_TREE_CLOEXEC = 0x80000;
    public const uint STATX_MNT_ID = 0x1000;
    public const uint STATX_MNT_ID_UNIQUE = 0x4000;
    public const uint MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    public const uint MOVE_MOUNT_T_EMPTY_PATH = 0x40;
    public const uint FSOPEN_CLOEXEC = 0x1;
    public const uint FSMOUNT_CLOEXEC = 0x1;
    public const uint FSCONFIG_SET_FLAG = 0;
    public const uint FSCONFIG_SET_STRING = 1;
    public const uint FSCONFIG_SET_FD = 5;
    public const uint FSCONFIG_CMD_CREATE = 6;
    public const ulong MOUNT_ATTR_RDONLY = 0x1;
    public const ulong MOUNT_ATTR_NOSUID = 0x2;
    public const ulong MOUNT_ATTR_NODEV = 0x4;
    public const ulong MOUNT_ATTR_NOEXEC = 0x8;
    public const ulong MOUNT_ATTR__ATIME = 0x70;
    public const ulong MOUNT_ATTR_RELATIME = 0;
    public const ulong MOUNT_ATTR_NOATIME = 0x10;
    public const ulong MOUNT_ATTR_STRICTATIME = 0x20;
    public const ulong MOUNT_ATTR_NODIRATIME = 0x80;
    public const ulong MOUNT_ATTR_IDMAP = 0x100000;
    public const ulong MOUNT_ATTR_NOSYMFOLLOW = 0x200000;

    // linux/magic.h
    public const long PROC_SUPER_MAGIC = 0x9fa0;
    public const long SYSFS_MAGIC = 0x62656572;
    public const long DEVPTS_SUPER_MAGIC = 0x1cd1;
    public const long CGROUP2_SUPER_MAGIC = 0x63677270;
    public const long SELINUX_MAGIC = 0xf97cff8c;

    // bits/statvfs.h: flags of statfs(2)
    public const long ST_RDONLY = 0x1;
    public const long ST_NOSUID = 0x2;
    public const long ST_NODEV = 0x4;
    public const long ST_NOEXEC = 0x8;
    public const long ST_NOATIME = 0x400;
    public const long ST_NODIRATIME = 0x800;
    public const long ST_RELATIME = 0x1000;

    /// <summary>linux/proc_ns.h (in linux/fs.h as PROCFS_ROOT_INO from Linux 6.17): inode number of a procfs's root.</summary>
    public const ulong PROC_ROOT_INO = 1;
}
