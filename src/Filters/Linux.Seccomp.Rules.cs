using System;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Filters;

/// <summary>One element of <c>linux.seccomp.syscalls</c>, checked.</summary>
internal struct SeccompRule
{
    /// <summary>Index into <see cref="SeccompRules.Actions"/>.</summary>
    public int Action;

    /// <summary>First of its entries in <see cref="SeccompRules.Names"/>.</summary>
    public int FirstName;

    public int NameCount;

    /// <summary>First of its entries in <see cref="SeccompRules.Conditions"/>, which are in the order of the arguments.</summary>
    public int FirstCondition;

    public int ConditionCount;

    /// <summary>
    /// True when an argument is named twice: then each condition is a rule of its own, as in runc; else all must hold.
    /// </summary>
    public bool AnyOf;
}

/// <summary>The checked content of a profile, independent of architecture.</summary>
internal sealed class SeccompRules
{
    /// <summary>Index of the default action in <see cref="Actions"/>.</summary>
    public const int Default = 0;

    private SeccompRules(int rules) => Rules = new SeccompRule[rules];

    /// <summary>Index of ERRNO(ENOSYS) in <see cref="Actions"/>.</summary>
    public int Enosys { get; private set; }

    /// <summary>Index of KILL_THREAD, which calls of an architecture not listed get, as with libseccomp.</summary>
    public int BadArchitecture { get; private set; }

    /// <summary>The different values the filter returns.</summary>
    public uint[] Actions { get; private set; } = new uint[8];

    public int ActionCount { get; private set; }

    public SeccompRule[] Rules { get; }

    /// <summary>Indexes into <see cref="SyscallTable"/>; unknown names are left out.</summary>
    public ushort[] Names { get; private set; } = [];

    public SeccompCondition[] Conditions { get; private set; } = [];

    /// <summary>True when calls newer than the profile get ENOSYS, so that a new libc falls back to older ones.</summary>
    public bool AnswersUnknownCalls { get; private set; }

    /// <summary>True when some rule hands calls to a listener.</summary>
    public bool Notifies { get; private set; }

    /// <summary>Checks a profile.</summary>
    /// <exception cref="FaultException">The profile breaks a rule of config-linux.md or one of runc's.</exception>
    public static SeccompRules Read(Seccomp profile)
    {
        SeccompSyscall[] syscalls = profile.Syscalls ?? [];
        SeccompRules rules = new(syscalls.Length);
        uint defaultAction = Encode(profile.DefaultAction, profile.DefaultErrnoRet, -1);
        if (defaultAction == Uapi.SECCOMP_RET_USER_NOTIF)
        {
            throw new FaultException(new Fault("SCMP_ACT_NOTIFY cannot be used as default action")
            {
                Field = "linux.seccomp.defaultAction",
                Value = profile.DefaultAction.ToString(),
                Hint = "name the calls the listener is to see in linux.seccomp.syscalls",
            });
        }

        rules.IndexOfAction(defaultAction);
        rules.Enosys = rules.IndexOfAction(Uapi.SECCOMP_RET_ERRNO | Errno.ENOSYS);
        rules.BadArchitecture = rules.IndexOfAction(Uapi.SECCOMP_RET_KILL_THREAD);
        rules.AnswersUnknownCalls = (defaultAction & Uapi.SECCOMP_RET_ACTION_FULL)
            is not (Uapi.SECCOMP_RET_ALLOW or Uapi.SECCOMP_RET_LOG or Uapi.SECCOMP_RET_TRACE);

        int names = 0;
        int conditions = 0;
        foreach (SeccompSyscall syscall in syscalls)
        {
            names += syscall.Names?.Length ?? 0;
            conditions += syscall.Args?.Length ?? 0;
        }

        rules.Names = new ushort[names];
        rules.Conditions = new SeccompCondition[conditions];
        names = 0;
        conditions = 0;
        for (int i = 0; i < syscalls.Length; i++)
            rules.Read(syscalls[i], i, profile.RefuseUnknownNames, ref names, ref conditions);
        return rules;
    }

    private void Read(SeccompSyscall syscall, int index, bool refuseUnknown, ref int names, ref int conditions)
    {
        ref SeccompRule rule = ref Rules[index];
        uint action = Encode(syscall.Action, syscall.ErrnoRet, index);
        bool notify = action == Uapi.SECCOMP_RET_USER_NOTIF;
        Notifies |= notify;
        rule.Action = IndexOfAction(action);
        rule.FirstName = names;
        if (syscall.Names is not { Length: > 0 })
            throw new FaultException(new Fault("at least one name is needed") { Field = Path(index, "names") });
        for (int i = 0; i < syscall.Names.Length; i++)
        {
            Utf8 name = syscall.Names[i];
            if (name.IsEmpty)
                throw new FaultException(new Fault("empty string is not a valid syscall") { Field = Path(index, "names", i) });
            // As runc: its process would have to write before anybody listens.
            if (notify && name.Is("write"u8))
            {
                throw new FaultException(new Fault("SCMP_ACT_NOTIFY cannot be used for the write syscall")
                {
                    Field = Path(index, "names", i),
                    Value = "write",
                    Hint = "the process could never hand over the listener; leave write out",
                });
            }

            int id = SyscallTable.Find(name.Span);
            if (id >= 0)
            {
                Names[names++] = (ushort)id;
            }
            else if (refuseUnknown)
            {
                throw new FaultException(new Fault("unknown system call")
                {
                    Field = Path(index, "names", i),
                    Value = name.ToString(),
                    Hint = "annotation run.oci.seccomp_fail_unknown_syscall makes this an error; 0 or no annotation ignores it",
                });
            }
        }

        rule.NameCount = names - rule.FirstName;
        rule.FirstCondition = conditions;
        rule.ConditionCount = syscall.Args?.Length ?? 0;
        for (int i = 0; i < rule.ConditionCount; i++)
            Insert(ref rule, Condition(syscall.Args![i], index, i), i);
        conditions += rule.ConditionCount;
    }

    // Keeps the conditions of a rule in the order of the arguments, as a filter tests them.
    private void Insert(ref SeccompRule rule, in SeccompCondition condition, int count)
    {
        Span<SeccompCondition> all = Conditions.AsSpan(rule.FirstCondition);
        int at = count;
        for (; at > 0 && all[at - 1].Index >= condition.Index; at--)
        {
            if (all[at - 1].Index == condition.Index)
            {
                rule.AnyOf = true;
                break;
            }

            all[at] = all[at - 1];
        }

        all[at] = condition;
    }

    private static SeccompCondition Condition(SeccompArg arg, int rule, int position)
    {
        if (arg.Index > 5)
        {
            throw new FaultException(new Fault("a system call has arguments 0 to 5")
            {
                Field = Path(rule, "args", position) + ".index",
                Value = arg.Index.ToString(CultureInfo.InvariantCulture),
            });
        }

        if (!SeccompCompiler.TryOperator(arg.Op.Span, out SeccompOperator op))
        {
            throw SeccompCompiler.Unknown(
                "unknown comparison", Path(rule, "args", position) + ".op", arg.Op, SeccompCompiler.Operators);
        }

        bool masked = op == SeccompOperator.MASKED_EQ;
        return new SeccompCondition
        {
            Index = (byte)arg.Index,
            Op = op,
            Wide = true,
            Mask = masked ? arg.Value : ulong.MaxValue,
            Value = masked ? arg.ValueTwo & arg.Value : arg.Value,
        };
    }

    private int IndexOfAction(uint action)
    {
        int at = Array.IndexOf(Actions, action, 0, ActionCount);
        if (at >= 0)
            return at;
        if (ActionCount == Actions.Length)
        {
            uint[] larger = new uint[ActionCount * 2];
            Actions.CopyTo(larger, 0);
            Actions = larger;
        }

        Actions[ActionCount] = action;
        return ActionCount++;
    }

    // The value a filter returns. Rule -1 is the default action.
    private static uint Encode(Utf8 name, uint? value, int rule)
    {
        if (!SeccompCompiler.TryAction(name.Span, out uint action))
        {
            throw SeccompCompiler.Unknown(
                "unknown action", rule < 0 ? "linux.seccomp.defaultAction" : Path(rule, "action"), name, SeccompCompiler.Actions);
        }

        bool carries = action is Uapi.SECCOMP_RET_ERRNO or Uapi.SECCOMP_RET_TRACE;
        if (value is { } given && (!carries || given > Uapi.SECCOMP_RET_DATA))
        {
            throw new FaultException(new Fault(carries ? "does not fit 16 bits" : $"{name} takes no errno")
            {
                Field = rule < 0 ? "linux.seccomp.defaultErrnoRet" : Path(rule, "errnoRet"),
                Value = given.ToString(CultureInfo.InvariantCulture),
                Hint = carries ? null : "leave it out, or use SCMP_ACT_ERRNO or SCMP_ACT_TRACE",
            });
        }

        return carries ? action | (value ?? Errno.EPERM) : action;
    }

    private static string Path(int rule, string field) => $"linux.seccomp.syscalls[{rule}].{field}";

    private static string Path(int rule, string field, int index) => $"linux.seccomp.syscalls[{rule}].{field}[{index}]";
}
