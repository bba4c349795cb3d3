using System;

namespace OciRun.Filters;

/// <summary>
/// Every system call name and its number on each architecture, as data of the executable: nothing is built at
/// start-up. Sources: libseccomp's tables and the kernel's own; see scripts/syscall-table.
/// </summary>
internal static partial class SyscallTable
{
    /// <summary>What a column holds where the architecture has no such call.</summary>
    public const ushort None = 0xffff;

    /// <summary>In <see cref="SyscallColumn.Arm"/> this and above stand for <c>__ARM_NR_BASE</c> and above.</summary>
    public const ushort ArmPrivate = 0xf000;

    /// <summary>The index of a name, or -1 when no architecture has such a call.</summary>
    public static int Find(ReadOnlySpan<byte> name)
    {
        uint hash = Seed;
        foreach (byte b in name)
            hash = unchecked((hash ^ b) * 16777619);
        ReadOnlySpan<ushort> slots = Slots;
        ReadOnlySpan<ushort> starts = Starts;
        uint at = (hash ^ (hash >> 15)) % (uint)slots.Length;
        for (; slots[(int)at] != 0; at = (at + 1) % (uint)slots.Length)
        {
            int index = slots[(int)at] - 1;
            int start = starts[index];
            if (starts[index + 1] - start == name.Length && Text.Slice(start, name.Length).SequenceEqual(name))
                return index;
        }

        return -1;
    }

    /// <summary>The name with an index below <see cref="Count"/>; names are in ordinal order.</summary>
    public static ReadOnlySpan<byte> Name(int index) => Text[Starts[index]..Starts[index + 1]];

    /// <summary>The call number of socketcall(2) that does what the named call does, or 0.</summary>
    public static int SocketCall(int index) => Calls[index] < 0x80 ? Calls[index] : 0;

    /// <summary>The call number of ipc(2) that does what the named call does, or 0.</summary>
    public static int IpcCall(int index) => Calls[index] < 0x80 ? 0 : Calls[index] & 0x7f;

    /// <summary>
    /// The numbers by name index, counted from the architecture's first number; <see cref="None"/> where there is none.
    /// </summary>
    public static ReadOnlySpan<ushort> Column(SyscallColumn column) => column switch
    {
        SyscallColumn.X86 => X86,
        SyscallColumn.X86_64 => X86_64,
        SyscallColumn.X32 => X32,
        SyscallColumn.Arm => ARM,
        SyscallColumn.Aarch64 => AARCH64,
        SyscallColumn.Loongarch64 => LOONGARCH64,
        SyscallColumn.M68k => M68K,
        SyscallColumn.Mips => MIPS,
        SyscallColumn.Mips64 => MIPS64,
        SyscallColumn.Mips64N32 => MIPS64N32,
        SyscallColumn.Parisc => PARISC,
        SyscallColumn.Parisc64 => PARISC64,
        SyscallColumn.Ppc => PPC,
        SyscallColumn.Ppc64 => PPC64,
        SyscallColumn.Riscv64 => RISCV64,
        SyscallColumn.S390 => S390,
        SyscallColumn.S390X => S390X,
        _ => SH,
    };
}

/// <summary>The columns of <see cref="SyscallTable"/>; architectures that differ only in byte order share one.</summary>
internal enum SyscallColumn : byte
{
    X86,
    X86_64,
    X32,
    Arm,
    Aarch64,
    Loongarch64,
    M68k,
    Mips,
    Mips64,
    Mips64N32,
    Parisc,
    Parisc64,
    Ppc,
    Ppc64,
    Riscv64,
    S390,
    S390X,
    Sh,
}
