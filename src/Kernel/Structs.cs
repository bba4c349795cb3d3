using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace OciRun.Kernel;

/// <summary>linux/openat2.h, 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct open_how
{
    public ulong flags;
    public ulong mode;
    public ulong resolve;
}

/// <summary>linux/mount.h, 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct mount_attr
{
    public ulong attr_set;
    public ulong attr_clr;
    public ulong propagation;
    public ulong userns_fd;
}

/// <summary>linux/stat.h: 256 bytes, of which only these are read.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal unsafe struct statx
{
    public uint stx_mask;
    private fixed byte _pad1[140];
    public ulong stx_mnt_id;
}

/// <summary>linux/sched.h, 88 bytes (CLONE_ARGS_SIZE_VER2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct clone_args
{
    public ulong flags;
    public ulong pidfd;
    public ulong child_tid;
    public ulong parent_tid;
    public ulong exit_signal;
    public ulong stack;
    public ulong stack_size;
    public ulong tls;
    public ulong set_tid;
    public ulong set_tid_size;
    public ulong cgroup;
}

/// <summary>linux/sched/types.h, 56 bytes (SCHED_ATTR_SIZE_VER1); older kernels take it while the last two are 0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct sched_attr
{
    public uint size;
    public uint sched_policy;
    public ulong sched_flags;
    public int sched_nice;
    public uint sched_priority;
    public ulong sched_runtime;
    public ulong sched_deadline;
    public ulong sched_period;
    public uint sched_util_min;
    public uint sched_util_max;
}

/// <summary>linux/capability.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct __user_cap_header_struct
{
    public uint version;
    public int pid;
}

/// <summary>linux/capability.h; two of them make a version 3 set.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct __user_cap_data_struct
{
    public uint effective;
    public uint permitted;
    public uint inheritable;
}

/// <summary>linux/resource.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct rlimit64
{
    public ulong rlim_cur;
    public ulong rlim_max;
}

/// <summary>poll.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct pollfd
{
    public int fd;
    public short events;
    public short revents;
}

/// <summary>linux/time_types.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct timespec
{
    public long tv_sec;
    public long tv_nsec;
}

/// <summary>linux/time_types.h: a timer's period and its time to the first expiration.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct itimerspec
{
    public timespec it_interval;
    public timespec it_value;
}

/// <summary>bits/types/struct_iovec.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct iovec
{
    public void* iov_base;
    public nuint iov_len;
}

/// <summary>bits/socket.h on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct msghdr
{
    public void* msg_name;
    public uint msg_namelen;
    public iovec* msg_iov;
    public nuint msg_iovlen;
    public void* msg_control;
    public nuint msg_controllen;
    public int msg_flags;
}

/// <summary>bits/socket.h on 64-bit machines; data follows at 16.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct cmsghdr
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}

/// <summary>sys/un.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sockaddr_un
{
    public ushort sun_family;
    public fixed byte sun_path[108];
}

/// <summary>linux/if.h: struct ifreq as far as SIOCGIFFLAGS needs it, 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ifreq
{
    public fixed byte ifr_name[16];
    public short ifr_flags;
    public fixed byte ifr_pad[22];
}

/// <summary>asm-generic/termbits.h: struct termios of TCGETS, 36 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct termios
{
    public uint c_iflag;
    public uint c_oflag;
    public uint c_cflag;
    public uint c_lflag;
    public byte c_line;
    public fixed byte c_cc[19];
}

/// <summary>asm-generic/termios.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct winsize
{
    public ushort ws_row;
    public ushort ws_col;
    public ushort ws_xpixel;
    public ushort ws_ypixel;
}

/// <summary>linux/filter.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sock_fprog
{
    public ushort len;
    public void* filter;
}

/// <summary>linux/signalfd.h, 128 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct signalfd_siginfo
{
    public uint ssi_signo;
    public int ssi_errno;
    public int ssi_code;
    public uint ssi_pid;
    public fixed byte ssi_pad[112];
}

/// <summary>asm-generic/siginfo.h as waitid(2) fills it, 128 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct siginfo_t
{
    public int si_signo;
    public int si_errno;
    public int si_code;
    public int si_pad0;
    public int si_pid;
    public uint si_uid;
    public int si_status;
    public fixed byte si_pad[100];
}

/// <summary>linux/utsname.h: struct new_utsname, six texts of 65 bytes each with their NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct utsname
{
    public fixed byte sysname[65];
    public fixed byte nodename[65];
    public fixed byte release[65];
    public fixed byte version[65];
    public fixed byte machine[65];
    public fixed byte domainname[65];

    /// <summary>The release without its NUL.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Release
    {
        get
        {
            ReadOnlySpan<byte> text = MemoryMarshal.CreateReadOnlySpan(in release[0], 65);
            int end = text.IndexOf((byte)0);
            return end < 0 ? text : text[..end];
        }
    }
}
