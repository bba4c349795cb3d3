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
            int number = Spec.Rlimits.Number(limit.Type.Span);
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
}
