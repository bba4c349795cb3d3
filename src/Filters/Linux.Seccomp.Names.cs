using System;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Filters;

internal static partial class SeccompCompiler
{
    // Each list is in ordinal order, as `features` prints it; the values after it are in the order of the names.
    private static ReadOnlySpan<byte> ActionNames =>
        "SCMP_ACT_ALLOW SCMP_ACT_ERRNO SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_LOG "u8 +
        "SCMP_ACT_NOTIFY SCMP_ACT_TRACE SCMP_ACT_TRAP"u8;

    private static ReadOnlySpan<uint> ActionValues =>
    [
        Uapi.SECCOMP_RET_ALLOW,
        Uapi.SECCOMP_RET_ERRNO,
        Uapi.SECCOMP_RET_KILL_THREAD,
        Uapi.SECCOMP_RET_KILL_PROCESS,
        Uapi.SECCOMP_RET_KILL_THREAD,
        Uapi.SECCOMP_RET_LOG,
        Uapi.SECCOMP_RET_USER_NOTIF,
        Uapi.SECCOMP_RET_TRACE,
        Uapi.SECCOMP_RET_TRAP,
    ];

    private static ReadOnlySpan<byte> OperatorNames =>
        "SCMP_CMP_EQ SCMP_CMP_GE SCMP_CMP_GT SCMP_CMP_LE SCMP_CMP_LT SCMP_CMP_MASKED_EQ SCMP_CMP_NE"u8;

    private static ReadOnlySpan<SeccompOperator> OperatorValues =>
    [
        SeccompOperator.EQ,
        SeccompOperator.GE,
        SeccompOperator.GT,
        SeccompOperator.LE,
        SeccompOperator.LT,
        SeccompOperator.MASKED_EQ,
        SeccompOperator.NE,
    ];

    private static ReadOnlySpan<byte> FlagNames =>
        "SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW SECCOMP_FILTER_FLAG_TSYNC "u8 +
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"u8;

    private static ReadOnlySpan<uint> FlagValues =>
    [
        Uapi.SECCOMP_FILTER_FLAG_LOG,
        Uapi.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
        Uapi.SECCOMP_FILTER_FLAG_TSYNC,
        Uapi.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    ];

    /// <summary>The actions a profile may name, sorted, for <c>linux.seccomp.actions</c> of <c>features</c>.</summary>
    public static string[] Actions => Split(ActionNames);

    /// <summary>The comparisons a profile may name, sorted, for <c>linux.seccomp.operators</c> of <c>features</c>.</summary>
    public static string[] Operators => Split(OperatorNames);

    /// <summary>The architectures a profile may name, sorted, for <c>linux.seccomp.archs</c> of <c>features</c>.</summary>
    public static string[] Architectures => Split(SeccompArchitecture.Names);

    /// <summary>The flags a profile may name, sorted, for <c>linux.seccomp.knownFlags</c> of <c>features</c>.</summary>
    public static string[] KnownFlags => Split(FlagNames);

    /// <summary>The bit of a flag of <see cref="KnownFlags"/> in seccomp(2), for probing what the kernel takes.</summary>
    public static uint FlagValue(ReadOnlySpan<byte> name)
    {
        int index = IndexOf(FlagNames, name);
        return index < 0 ? 0 : FlagValues[index];
    }

    /// <summary>The SECCOMP_RET_* value of an action's name, without errno.</summary>
    internal static bool TryAction(ReadOnlySpan<byte> name, out uint action)
    {
        int index = IndexOf(ActionNames, name);
        action = index < 0 ? 0 : ActionValues[index];
        return index >= 0;
    }

    internal static bool TryOperator(ReadOnlySpan<byte> name, out SeccompOperator op)
    {
        int index = IndexOf(OperatorNames, name);
        op = index < 0 ? default : OperatorValues[index];
        return index >= 0;
    }

    /// <summary>The position of a name in a list separated by single spaces, or -1.</summary>
    internal static int IndexOf(ReadOnlySpan<byte> list, ReadOnlySpan<byte> name)
    {
        for (int index = 0; !list.IsEmpty; index++)
        {
            int end = list.IndexOf((byte)' ');
            ReadOnlySpan<byte> item = end < 0 ? list : list[..end];
            if (item.SequenceEqual(name))
                return index;
            list = end < 0 ? default : list[(end + 1)..];
        }

        return -1;
    }

    private static string[] Split(ReadOnlySpan<byte> list) => Encoding.ASCII.GetString(list).Split(' ');
}
