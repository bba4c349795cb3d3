using System;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Filters;

/// <summary>
/// Writes a program from its last instruction to its first, so that every jump's target is known when the jump is
/// written. A target is an instruction's position, or the complement of an action's index: the return of that action
/// is written again wherever no earlier one can be reached, since a conditional jump skips at most 255 instructions.
/// </summary>
internal ref partial struct SeccompWriter
{
    // One less than a jump can skip: the other target of the same jump may need an instruction in between.
    private const int Reach = 254;

    private readonly Span<sock_filter> _code;
    private readonly Span<int> _returns;
    private readonly ReadOnlySpan<uint> _actions;
    private int _head;

    /// <param name="code">Filled from its end.</param>
    /// <param name="actions">The values the program returns.</param>
    /// <param name="returns">As long as <paramref name="actions"/>; scratch.</param>
    public SeccompWriter(Span<sock_filter> code, ReadOnlySpan<uint> actions, Span<int> returns)
    {
        _code = code;
        _actions = actions;
        _returns = returns;
        _returns.Fill(-1);
        _head = code.Length;
    }

    /// <summary>Position of the instruction written last, which is the first to run.</summary>
    public readonly int Head => _head;

    /// <summary>Loads the 32-bit word of <c>seccomp_data</c> at an offset; what follows runs next.</summary>
    public int Load(uint offset) => Write(Uapi.BPF_LD_W_ABS, 0, 0, offset);

    public int And(uint mask) => Write(Uapi.BPF_ALU_AND_K, 0, 0, mask);

    /// <summary>Compares the loaded word and goes to one of two targets.</summary>
    public int Jump(ushort op, uint value, int holds, int fails)
    {
        int yes = Near(holds);
        int no = Near(fails);
        return Write(op, (byte)(yes - _head), (byte)(no - _head), value);
    }

    /// <summary>Makes a target the instruction that runs after the one written next.</summary>
    public void Continue(int target)
    {
        if (target >= 0 ? target != _head : _returns[~target] != _head)
            Place(target);
    }

    public static FaultException TooLarge() => new(new Fault(
        $"the profile needs more than the {Uapi.BPF_MAXINSNS} instructions the kernel takes")
    {
        Field = "linux.seccomp.syscalls",
        Hint = "use fewer rules with args",
    });

    private int Near(int target)
    {
        int at = target >= 0 ? target : _returns[~target];
        return at >= 0 && at - _head <= Reach ? at : Place(target);
    }

    private int Place(int target)
    {
        if (target >= 0)
            return Write(Uapi.BPF_JMP_JA, 0, 0, (uint)(target - _head));
        return _returns[~target] = Write(Uapi.BPF_RET_K, 0, 0, _actions[~target]);
    }

    private int Write(ushort code, byte jt, byte jf, uint k)
    {
        if (_head == 0)
            throw TooLarge();
        _code[--_head] = new sock_filter { code = code, jt = jt, jf = jf, k = k };
        return _head;
    }
}
