namespace OciRun.Kernel;

internal static partial class Uapi
{
    // linux/bpf.h: bpf(2)
    public const int BPF_PROG_LOAD = 5;
    public const int BPF_PROG_ATTACH = 8;
    public const int BPF_PROG_DETACH = 9;
    public const int BPF_PROG_GET_FD_BY_ID = 13;
    public const int BPF_PROG_QUERY = 16;
    public const uint BPF_PROG_TYPE_CGROUP_DEVICE = 15;
    public const uint BPF_CGROUP_DEVICE = 6;
    public const uint BPF_F_ALLOW_MULTI = 2;
    public const uint BPF_F_REPLACE = 4;
    public const uint BPF_DEVCG_ACC_MKNOD = 1;
    public const uint BPF_DEVCG_ACC_READ = 2;
    public const uint BPF_DEVCG_ACC_WRITE = 4;
    public const uint BPF_DEVCG_DEV_BLOCK = 1;
    public const uint BPF_DEVCG_DEV_CHAR = 2;
}
