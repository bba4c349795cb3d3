using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Rlimits(Rlimit[] limits)
    {
        uint seen = 0;
        for (int i = 0; i < limits.Length; i++)
        {
            Rlimit limit = limits[i];
            int number = RlimitNumber(limit.Type.Span);
            if (number < 0)
            {
                Add(new Fault(limit.Type.IsNull ? "missing" : "unknown resource limit")
                {
                    Field = $"process.rlimits[{i}].type",
                    Value = limit.Type.IsNull ? null : Shown(limit.Type),
                    Hint = "use one of RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, "
                        + "RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, "
                        + "RLIMIT_SIGPENDING, RLIMIT_STACK",
                });
            }
            else if ((seen & (1u << number)) != 0)
            {
                // config.md, "rlimits": duplicate types are an error.
                Add(new Fault("this resource limit is given twice")
                {
                    Field = $"process.rlimits[{i}].type",
                    Value = limit.Type.ToString(),
                    Hint = "keep one entry of each type",
                });
            }
            else
                seen |= 1u << number;

            if (limit.Soft > limit.Hard)
            {
                Add(new Fault("the soft limit is above the hard limit")
                {
                    Field = $"process.rlimits[{i}].soft",
                    Value = limit.Soft.ToString(),
                    Hint = $"lower it to {limit.Hard}, or raise process.rlimits[{i}].hard",
                });
            }
        }
    }

    /// <summary>RLIMIT_* number (asm-generic/resource.h) of a name, or -1.</summary>
    private static int RlimitNumber(ReadOnlySpan<byte> type) => type switch
    {
        _ when type.SequenceEqual("RLIMIT_CPU"u8) => 0,
        _ when type.SequenceEqual("RLIMIT_FSIZE"u8) => 1,
        _ when type.SequenceEqual("RLIMIT_DATA"u8) => 2,
        _ when type.SequenceEqual("RLIMIT_STACK"u8) => 3,
        _ when type.SequenceEqual("RLIMIT_CORE"u8) => 4,
        _ when type.SequenceEqual("RLIMIT_RSS"u8) => 5,
        _ when type.SequenceEqual("RLIMIT_NPROC"u8) => 6,
        _ when type.SequenceEqual("RLIMIT_NOFILE"u8) => 7,
        _ when type.SequenceEqual("RLIMIT_MEMLOCK"u8) => 8,
        _ when type.SequenceEqual("RLIMIT_AS"u8) => 9,
        _ when type.SequenceEqual("RLIMIT_LOCKS"u8) => 10,
        _ when type.SequenceEqual("RLIMIT_SIGPENDING"u8) => 11,
        _ when type.SequenceEqual("RLIMIT_MSGQUEUE"u8) => 12,
        _ when type.SequenceEqual("RLIMIT_NICE"u8) => 13,
        _ when type.SequenceEqual("RLIMIT_RTPRIO"u8) => 14,
        _ when type.SequenceEqual("RLIMIT_RTTIME"u8) => 15,
        _ => -1,
    };
}
