using System.Runtime.InteropServices;

namespace OciRun.Kernel;

/// <summary>asm/stat.h of x86-64, 144 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct stat
{
    public ulong st_dev;
    public ulong st_ino;
    public ulong st_nlink;
    public uint st_mode;
    public uint st_uid;
    public uint st_gid;
    public uint st_pad0;
    public ulong st_rdev;
    public long st_size;
    public long st_blksize;
    public long st_blocks;
    public timespec st_atim;
    public timespec st_mtim;
    public timespec st_ctim;
    public fixed long st_unused[3];
}

/// <summary>asm-generic/statfs.h on 64-bit machines, 120 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct statfs
{
    public long f_type;
    public long f_bsize;
    public ulong f_blocks;
    public ulong f_bfree;
    public ulong f_bavail;
    public ulong f_files;
    public ulong f_ffree;
    public fixed int f_fsid[2];
    public long f_namelen;
    public long f_frsize;
    public long f_flags;
    public fixed long f_spare[4];
}

/// <summary>The kernel's struct sigaction of x86-64 (with restorer), 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct sigaction
{
    public nint sa_handler;
    public ulong sa_flags;
    public nint sa_restorer;
    public ulong sa_mask;
}
