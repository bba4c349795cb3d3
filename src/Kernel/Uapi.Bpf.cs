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

    // linux/bpf_common.h, linux/bpf.h: opcodes of struct bpf_insn as class, operation and source together
    public const byte BPF_ALU32_MOV_K = 0xb4;
    public const byte BPF_ALU32_RSH_K = 0x74;
    public const byte BPF_LDX_MEM_H = 0x69;
    public const byte BPF_LDX_MEM_W = 0x61;
    public const byte BPF_JA = 0x05;
    public const byte BPF_EXIT = 0x95;
    public const byte BPF_JMP32_JEQ_K = 0x16;
    public const byte BPF_JMP32_JNE_K = 0x56;
    public const byte BPF_JMP32_JSET_K = 0x46;
}
