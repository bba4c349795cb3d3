using System;
using System.Runtime.InteropServices;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Filters;

/// <summary>What a filter has to know of one value of <c>linux.seccomp.architectures</c>.</summary>
internal readonly struct SeccompArchitecture
{
    private const uint LE = 0x40000000;
    private const uint Bits64 = 0x80000000;
    private const uint N32 = 0x20000000;
    private const uint EM_386 = 3;
    private const uint EM_68K = 4;
    private const uint EM_MIPS = 8;
    private const uint EM_PARISC = 15;
    private const uint EM_PPC = 20;
    private const uint EM_PPC64 = 21;
    private const uint EM_S390 = 22;
    private const uint EM_ARM = 40;
    private const uint EM_SH = 42;
    private const uint EM_X86_64 = 62;
    private const uint EM_AARCH64 = 183;
    private const uint EM_RISCV = 243;
    private const uint EM_LOONGARCH = 258;

    private const SeccompTraits Big64 = SeccompTraits.Wide | SeccompTraits.BigEndian;

    private readonly SeccompTraits _traits;

    private SeccompArchitecture(uint audit, SyscallColumn column, SeccompTraits traits)
    {
        Audit = audit;
        Column = column;
        _traits = traits;
    }

    /// <summary>The names, in ordinal order.</summary>
    public static ReadOnlySpan<byte> Names =>
        "SCMP_ARCH_AARCH64 SCMP_ARCH_ARM SCMP_ARCH_LOONGARCH64 SCMP_ARCH_M68K SCMP_ARCH_MIPS SCMP_ARCH_MIPS64 "u8 +
        "SCMP_ARCH_MIPS64N32 SCMP_ARCH_MIPSEL SCMP_ARCH_MIPSEL64 SCMP_ARCH_MIPSEL64N32 SCMP_ARCH_PARISC "u8 +
        "SCMP_ARCH_PARISC64 SCMP_ARCH_PPC SCMP_ARCH_PPC64 SCMP_ARCH_PPC64LE SCMP_ARCH_RISCV64 SCMP_ARCH_S390 "u8 +
        "SCMP_ARCH_S390X SCMP_ARCH_SH SCMP_ARCH_SHEB SCMP_ARCH_X32 SCMP_ARCH_X86 SCMP_ARCH_X86_64"u8;

    /// <summary>AUDIT_ARCH_* as the kernel puts it into <c>seccomp_data.arch</c>.</summary>
    public uint Audit { get; }

    /// <summary>Where its numbers are.</summary>
    public SyscallColumn Column { get; }

    /// <summary>True when arguments are compared as 64 bits; else only the lower half counts.</summary>
    public bool Wide => (_traits & SeccompTraits.Wide) == SeccompTraits.Wide;

    public bool BigEndian => (_traits & SeccompTraits.BigEndian) == SeccompTraits.BigEndian;

    /// <summary>True when socketcall(2) and ipc(2) do what socket(2), semget(2) and their kin do elsewhere.</summary>
    public bool Multiplexed => (_traits & SeccompTraits.Multiplexed) == SeccompTraits.Multiplexed;

    /// <summary>The architecture's first number; x32 marks its calls with a bit.</summary>
    public uint Origin => Column switch
    {
        SyscallColumn.X32 => Uapi.__X32_SYSCALL_BIT,
        SyscallColumn.Mips => 4000,
        SyscallColumn.Mips64 => 5000,
        SyscallColumn.Mips64N32 => 6000,
        _ => 0,
    };

    public static SeccompArchitecture X32 => At(20);

    /// <summary>The architecture at a position of <see cref="Names"/> (linux/audit.h).</summary>
    public static SeccompArchitecture At(int index) => index switch
    {
        0 => new(EM_AARCH64 | Bits64 | LE, SyscallColumn.Aarch64, SeccompTraits.Wide),
        1 => new(EM_ARM | LE, SyscallColumn.Arm, SeccompTraits.None),
        2 => new(EM_LOONGARCH | Bits64 | LE, SyscallColumn.Loongarch64, SeccompTraits.Wide),
        3 => new(EM_68K, SyscallColumn.M68k, SeccompTraits.BigEndian | SeccompTraits.Multiplexed),
        4 => new(EM_MIPS, SyscallColumn.Mips, SeccompTraits.BigEndian | SeccompTraits.Multiplexed),
        5 => new(EM_MIPS | Bits64, SyscallColumn.Mips64, Big64),
        6 => new(EM_MIPS | Bits64 | N32, SyscallColumn.Mips64N32, SeccompTraits.BigEndian),
        7 => new(EM_MIPS | LE, SyscallColumn.Mips, SeccompTraits.Multiplexed),
        8 => new(EM_MIPS | Bits64 | LE, SyscallColumn.Mips64, SeccompTraits.Wide),
        9 => new(EM_MIPS | Bits64 | LE | N32, SyscallColumn.Mips64N32, SeccompTraits.None),
        10 => new(EM_PARISC, SyscallColumn.Parisc, SeccompTraits.BigEndian),
        11 => new(EM_PARISC | Bits64, SyscallColumn.Parisc64, Big64),
        12 => new(EM_PPC, SyscallColumn.Ppc, SeccompTraits.BigEndian | SeccompTraits.Multiplexed),
        13 => new(EM_PPC64 | Bits64, SyscallColumn.Ppc64, Big64 | SeccompTraits.Multiplexed),
        14 => new(EM_PPC64 | Bits64 | LE, SyscallColumn.Ppc64, SeccompTraits.Wide | SeccompTraits.Multiplexed),
        15 => new(EM_RISCV | Bits64 | LE, SyscallColumn.Riscv64, SeccompTraits.Wide),
        16 => new(EM_S390, SyscallColumn.S390, SeccompTraits.BigEndian | SeccompTraits.Multiplexed),
        17 => new(EM_S390 | Bits64, SyscallColumn.S390X, Big64 | SeccompTraits.Multiplexed),
        18 => new(EM_SH | LE, SyscallColumn.Sh, SeccompTraits.Multiplexed),
        19 => new(EM_SH, SyscallColumn.Sh, SeccompTraits.BigEndian | SeccompTraits.Multiplexed),
        20 => new(EM_X86_64 | Bits64 | LE, SyscallColumn.X32, SeccompTraits.None),
        21 => new(EM_386 | LE, SyscallColumn.X86, SeccompTraits.Multiplexed),
        _ => new(EM_X86_64 | Bits64 | LE, SyscallColumn.X86_64, SeccompTraits.Wide),
    };

    /// <summary>The architecture of the machine, which every filter covers whether listed or not.</summary>
    public static SeccompArchitecture Native(Architecture machine) => machine switch
    {
        Architecture.X64 => At(22),
        Architecture.X86 => At(21),
        Architecture.Arm64 => At(0),
        Architecture.Arm => At(1),
        Architecture.LoongArch64 => At(2),
        Architecture.Ppc64le => At(14),
        Architecture.RiscV64 => At(15),
        Architecture.S390x => At(17),
        _ => throw new FaultException(new Fault("seccomp filters are not known for this machine") { Field = "linux.seccomp" }),
    };
}

/// <summary>What distinguishes architectures besides their numbers.</summary>
[Flags]
internal enum SeccompTraits : byte
{
    None = 0,
    Wide = 1,
    BigEndian = 2,
    Multiplexed = 4,
}
