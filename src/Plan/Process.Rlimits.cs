using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // The parent sets the limits. These steps are for those that it may not set, and else do nothing.
    private void Rlimits()
    {
        Rlimit[] limits = _config.Process!.Rlimits ?? [];
        for (int i = 0; i < limits.Length; i++)
        {
            rlimit64* value = Arena.Make<rlimit64>();
            *value = new rlimit64 { rlim_cur = limits[i].Soft, rlim_max = limits[i].Hard };
            _plan.Add(new Step
            {
                Op = Op.Rlimit,
                Field = _plan.Field($"process.rlimits[{i}] \"{limits[i].Type}\""),
                Slot = Slot.None,
                Number = Spec.Rlimits.Number(limits[i].Type.Span),
                Data = value,
            });
        }
    }
}
