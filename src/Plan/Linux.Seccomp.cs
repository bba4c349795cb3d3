using OciRun.Filters;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // The filter needs CAP_SYS_ADMIN unless no_new_privs is set (seccomp(2)), so it is kept that long.
    private bool FilterNeedsAdmin => _linux.Seccomp is not null && !_config.Process!.NoNewPrivileges;

    private bool Notifies => SeccompCompiler.Notifies(_linux.Seccomp);

    private void Seccomp()
    {
        Process process = _config.Process!;
        if (_linux.Seccomp is not null)
            _plan.Add(Op.Seccomp, "linux.seccomp");
        if (FilterNeedsAdmin && _identity->Temporary != 0)
        {
            if (_identity->SetCapabilities != 0)
                Identity(Op.SetCapabilities, "process.capabilities");
            if (process.Capabilities is not null)
                Identity(Op.RaiseAmbient, "process.capabilities.ambient");
        }
    }
}
