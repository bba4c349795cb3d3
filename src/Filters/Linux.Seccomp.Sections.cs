using System;
using OciRun.Kernel;

namespace OciRun.Filters;

/// <summary>
/// What one AUDIT_ARCH_* value's calls get, as runs of numbers with the same verdict. A verdict is the complement of an
/// index into <see cref="SeccompRules.Actions"/>, or the index of a list of clauses.
/// </summary>
internal sealed partial class SeccompSection
{
    // Numbers per range. The second range is that of x32 or of the ARM private calls.
    private const int Range = 1024;
    private const uint ArmPrivateBase = 0x0f0000;

    private readonly SeccompRules _rules;

    // By number: 0 for no rule, a complemented action, or the first clause of a list plus one.
    private readonly int[] _calls = new int[2 * Range];
    private readonly int[] _last = new int[2];

    public SeccompSection(SeccompRules rules) => _rules = rules;

    public SeccompClauses Clauses { get; } = new();

    /// <summary>True when the arguments' halves are stored upper half first.</summary>
    public bool BigEndian { get; private set; }

    /// <summary>Computes the runs of an architecture.</summary>
    /// <param name="architecture">The architecture.</param>
    /// <param name="x32">x32 when the profile covers it besides x86_64: both report the same AUDIT_ARCH_* value.</param>
    public void Build(in SeccompArchitecture architecture, SeccompArchitecture? x32)
    {
        Array.Clear(_calls);
        _last[0] = _last[1] = -1;
        Clauses.Clear();
        RunCount = 0;
        ListCount = 0;
        BigEndian = architecture.BigEndian;
        bool only32 = architecture.Column == SyscallColumn.X32;
        uint largest = Gather(architecture, only32 ? Range : 0);
        uint largestX32 = x32 is { } second ? Gather(second, Range) : only32 ? largest : 0;
        if (!_rules.AnswersUnknownCalls)
            largest = largestX32 = 0;

        Span<uint> starts = stackalloc uint[4];
        Span<int> verdicts = stackalloc int[4];
        int count = 0;
        bool x86 = architecture.Column is SyscallColumn.X86_64 or SyscallColumn.X32;
        count = Piece(starts, verdicts, count, 0, only32 ? ~_rules.BadArchitecture : ~SeccompRules.Default);
        if (largest != 0 && !only32)
            count = Piece(starts, verdicts, count, largest + 1, ~_rules.Enosys);
        if (x86)
        {
            bool covered = only32 || x32 is not null;
            count = Piece(starts, verdicts, count, Uapi.__X32_SYSCALL_BIT,
                covered ? ~SeccompRules.Default : ~_rules.BadArchitecture);
            if (largestX32 != 0)
                count = Piece(starts, verdicts, count, largestX32 + 1, ~_rules.Enosys);
            // -1 is no x32 call but what a tracer sets to skip one.
            else if (!covered)
                count = Piece(starts, verdicts, count, uint.MaxValue, ~SeccompRules.Default);
        }

        // On s390 calls with large numbers arrive as number 0 when the kernel does not know them.
        if (largest != 0 && architecture.Column is SyscallColumn.S390 or SyscallColumn.S390X)
            Decide(0, _rules.Enosys);
        uint origin = only32 ? 0 : architecture.Origin;
        uint upper = architecture.Column == SyscallColumn.Arm ? ArmPrivateBase : Uapi.__X32_SYSCALL_BIT;
        Merge(starts[..count], verdicts[..count], origin, upper);
    }

    // Enters the rules of one architecture and returns the largest number they name, 0 when none.
    private uint Gather(in SeccompArchitecture architecture, int range)
    {
        ReadOnlySpan<ushort> column = SyscallTable.Column(architecture.Column);
        bool multiplexed = architecture.Multiplexed;
        int socketcall = multiplexed ? column[SyscallTable.Find("socketcall"u8)] : 0;
        int ipc = multiplexed ? column[SyscallTable.Find("ipc"u8)] : 0;
        uint origin = architecture.Origin;
        uint largest = 0;
        for (int i = 0; i < _rules.Rules.Length; i++)
        {
            ref readonly SeccompRule rule = ref _rules.Rules[i];
            int action = rule.Action;
            bool decides = rule.ConditionCount == 0;
            foreach (ushort name in _rules.Names.AsSpan(rule.FirstName, rule.NameCount))
            {
                if (multiplexed && action != SeccompRules.Default)
                {
                    if (SyscallTable.SocketCall(name) is > 0 and int socket)
                        Apply(socketcall, i, socket, architecture.Wide);
                    else if (SyscallTable.IpcCall(name) is > 0 and int part)
                        Apply(ipc, i, part, architecture.Wide);
                }

                int number = column[name];
                if (number == SyscallTable.None)
                    continue;
                bool isPrivate = number >= SyscallTable.ArmPrivate;
                if (isPrivate)
                    number -= SyscallTable.ArmPrivate;
                largest = Math.Max(largest, (isPrivate ? ArmPrivateBase : origin) + (uint)number);
                int call = (isPrivate ? Range : range) + number;
                if (action == SeccompRules.Default || _calls[call] < 0)
                    continue;
                if (decides)
                    Decide(call, action);
                else
                    Apply(call, i, 0, architecture.Wide);
            }
        }

        return largest;
    }

    // Enters one rule for one call. A call number of socketcall(2) or ipc(2) takes the place of what the rule says of
    // the first argument.
    private void Apply(int call, int index, int multiplexed, bool wide)
    {
        // libseccomp keeps the first rule without conditions, whatever comes before or after it.
        if (_calls[call] < 0)
            return;
        ref readonly SeccompRule rule = ref _rules.Rules[index];
        ReadOnlySpan<SeccompCondition> conditions = _rules.Conditions.AsSpan(rule.FirstCondition, rule.ConditionCount);
        if (conditions.IsEmpty && multiplexed == 0)
        {
            Decide(call, rule.Action);
            return;
        }

        int taken = 0;
        do
        {
            int count = rule.AnyOf ? 1 : conditions.Length;
            Clauses.Begin(index, rule.Action);
            if (multiplexed != 0)
                Require(SeccompCondition.Equal(0, (uint)multiplexed), wide);
            foreach (ref readonly SeccompCondition condition in conditions.Slice(taken, count))
            {
                if (multiplexed == 0 || condition.Index != 0)
                    Require(condition, wide);
            }

            taken += count;
            int head = _calls[call] - 1;
            if (!Clauses.Add(ref head))
            {
                Decide(call, rule.Action);
                return;
            }

            _calls[call] = head + 1;
            Touch(call);
        }
        while (taken < conditions.Length);
    }

    private void Require(in SeccompCondition condition, bool wide)
    {
        if (wide)
            Clauses.Require(condition);
        else
            Clauses.Require(condition.Narrow());
    }

    private void Decide(int call, int action)
    {
        _calls[call] = ~action;
        Touch(call);
    }

    private void Touch(int call)
    {
        ref int last = ref _last[call / Range];
        last = Math.Max(last, call % Range);
    }

    private static int Piece(Span<uint> starts, Span<int> verdicts, int count, uint start, int verdict)
    {
        starts[count] = start;
        verdicts[count] = verdict;
        return count + 1;
    }
}
