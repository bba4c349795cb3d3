using System;
using System.Runtime.InteropServices;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Filters;

internal static partial class DeviceProgram
{
    // Registers after the prologue; r1 is struct bpf_cgroup_dev_ctx until then.
    private const int Result = 0;
    private const int Context = 1;
    private const int DeviceType = 2;
    private const int Wanted = 3;
    private const int MajorNumber = 4;
    private const int MinorNumber = 5;

    // Jumps whose distance is known at the end only.
    private const short ToExit = short.MaxValue;
    private const short ToDefault = short.MaxValue - 1;

    private static byte[] Emit(Exceptions exceptions)
    {
        int match = exceptions.DefaultAllow ? 0 : 1;
        byte common = exceptions.Access(Block, Any, Any);
        if (common != exceptions.Access(Char, Any, Any))
            common = 0;
        RemoveCovered(exceptions);
        Program program = new(4 * exceptions.Count + 16, exceptions.DefaultAllow);
        if (exceptions.Count == 0 || common == Everything)
        {
            program.Add(Uapi.BPF_ALU32_MOV_K, Result, 0, exceptions.Count == 0 ? 1 - match : match);
            program.Add(Uapi.BPF_EXIT, 0, 0, 0);
            return program.ToBytes();
        }

        Sort(exceptions.List);
        Prologue(program, match);
        if (common != 0)
        {
            program.Match(common);
            exceptions.RemoveAt(exceptions.Find(Block, Any, Any));
            exceptions.RemoveAt(exceptions.Find(Char, Any, Any));
        }

        Types(program, exceptions.List);
        program.Finish(1 - match);
        return program.ToBytes();
    }

    // Narrow loads at an offset need Linux 4.20, so the access in the upper half is shifted down.
    private static void Prologue(Program program, int match)
    {
        program.Add(Uapi.BPF_ALU32_MOV_K, Result, 0, match);
        program.Load(Uapi.BPF_LDX_MEM_H, DeviceType, 0);
        program.Load(Uapi.BPF_LDX_MEM_W, Wanted, 0);
        program.Add(Uapi.BPF_ALU32_RSH_K, Wanted, 0, 16);
        program.Load(Uapi.BPF_LDX_MEM_W, MajorNumber, 4);
        program.Load(Uapi.BPF_LDX_MEM_W, MinorNumber, 8);
    }

    private static void Types(Program program, ReadOnlySpan<Exempt> list)
    {
        int blocks = 0;
        while (blocks < list.Length && list[blocks].Type == Block)
            blocks++;
        if (list.IsEmpty)
            return;
        if (blocks == 0 || blocks == list.Length)
        {
            program.Add(Uapi.BPF_JMP32_JNE_K, DeviceType, ToDefault, list[0].Type);
            Majors(program, list);
            return;
        }

        int skip = program.Length;
        program.Add(Uapi.BPF_JMP32_JNE_K, DeviceType, 0, Block);
        Majors(program, list[..blocks]);
        // The verifier refuses an instruction that cannot be reached.
        if (!program.Ended)
            program.Add(Uapi.BPF_JA, 0, ToDefault, 0);
        program.Land(skip);
        Majors(program, list[blocks..]);
    }

    private static void Majors(Program program, ReadOnlySpan<Exempt> list)
    {
        for (int start = 0; start < list.Length;)
        {
            int end = start + 1;
            while (end < list.Length && list[end].Major == list[start].Major)
                end++;
            int skip = -1;
            if (list[start].Major != Any)
            {
                skip = program.Length;
                program.Add(Uapi.BPF_JMP32_JNE_K, MajorNumber, 0, unchecked((int)list[start].Major));
            }

            foreach (ref readonly Exempt exempt in list[start..end])
                Minor(program, exempt);
            if (skip >= 0)
                program.Land(skip);
            start = end;
        }
    }

    private static void Minor(Program program, in Exempt exempt)
    {
        int minor = unchecked((int)exempt.Minor);
        if (exempt.Minor == Any)
        {
            program.Match(exempt.Access);
            return;
        }

        if (exempt.Access == Everything)
        {
            program.Add(Uapi.BPF_JMP32_JEQ_K, MinorNumber, ToExit, minor);
            return;
        }

        int skip = program.Length;
        program.Add(Uapi.BPF_JMP32_JNE_K, MinorNumber, 0, minor);
        program.Match(exempt.Access);
        program.Land(skip);
    }

    // What a wildcard exception gives anyway; also keeps code behind an unconditional match out of the program.
    private static void RemoveCovered(Exceptions exceptions)
    {
        for (int i = exceptions.Count - 1; i >= 0; i--)
        {
            Exempt exempt = exceptions.List[i];
            if (Covers(exceptions, exempt, Any, Any) || Covers(exceptions, exempt, exempt.Major, Any)
                || Covers(exceptions, exempt, Any, exempt.Minor))
                exceptions.RemoveAt(i);
        }
    }

    private static bool Covers(Exceptions exceptions, in Exempt exempt, long major, long minor) =>
        !exempt.HasKey(exempt.Type, major, minor)
        && (exempt.Access & ~exceptions.Access(exempt.Type, major, minor)) == 0;

    // By type, major, minor, wildcards first. Insertion: the lists are short and mostly ordered.
    private static void Sort(Span<Exempt> list)
    {
        for (int i = 1; i < list.Length; i++)
        {
            Exempt moved = list[i];
            int at = i;
            for (; at > 0 && Precedes(moved, list[at - 1]); at--)
                list[at] = list[at - 1];
            list[at] = moved;
        }
    }

    private static bool Precedes(in Exempt left, in Exempt right)
    {
        if (left.Type != right.Type)
            return left.Type < right.Type;
        return left.Major != right.Major ? left.Major < right.Major : left.Minor < right.Minor;
    }

    /// <summary>Instructions under construction: struct bpf_insn as one little-endian word.</summary>
    private sealed class Program(int capacity, bool defaultAllow)
    {
        private readonly ulong[] _code = new ulong[capacity];

        public int Length { get; private set; }

        /// <summary>Whether the instruction after the last one can only be reached by a jump.</summary>
        public bool Ended { get; private set; }

        public void Add(byte code, int register, short offset, int immediate) =>
            Word(code | ((ulong)(uint)register << 8) | ((ulong)unchecked((ushort)offset) << 16)
                | ((ulong)unchecked((uint)immediate) << 32));

        public void Load(byte code, int register, short offset) =>
            Word(code | ((ulong)(uint)register << 8) | ((ulong)Context << 12) | ((ulong)(ushort)offset << 16));

        /// <summary>
        /// Leaves when the exception concerns the wanted access: one that allows must hold all of it, one that denies
        /// any part of it (the partial match of the v1 controller).
        /// </summary>
        public void Match(byte access)
        {
            if (access == Everything)
            {
                Add(Uapi.BPF_JA, 0, ToExit, 0);
                Ended = true;
            }
            else if (defaultAllow)
            {
                Add(Uapi.BPF_JMP32_JSET_K, Wanted, ToExit, access);
            }
            else
            {
                Add(Uapi.BPF_JMP32_JSET_K, Wanted, 1, Everything & ~access);
                Add(Uapi.BPF_JA, 0, ToExit, 0);
            }
        }

        /// <summary>Makes the jump at an index end at the next instruction.</summary>
        public void Land(int jump)
        {
            SetOffset(jump, Length - jump - 1);
            Ended = false;
        }

        public void Finish(int otherwise)
        {
            int last = Length;
            Add(Uapi.BPF_ALU32_MOV_K, Result, 0, otherwise);
            Add(Uapi.BPF_EXIT, 0, 0, 0);
            for (int i = 0; i < last; i++)
            {
                short offset = unchecked((short)(_code[i] >> 16));
                if (offset is ToExit or ToDefault)
                    SetOffset(i, last + (offset == ToExit ? 1 : 0) - i - 1);
            }
        }

        public byte[] ToBytes() => MemoryMarshal.AsBytes(_code.AsSpan(0, Length)).ToArray();

        private void Word(ulong word)
        {
            _code[Length++] = word;
            Ended = false;
        }

        private void SetOffset(int at, int offset)
        {
            if (offset >= ToDefault)
                throw new FaultException(new Fault("too many rules for one program") { Field = Field, Hint = "use wildcards" });
            _code[at] = (_code[at] & ~0xffff0000UL) | ((ulong)(uint)offset << 16);
        }
    }
}
