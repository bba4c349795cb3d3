using System;
using System.Runtime.InteropServices;
using OciRun.Child;
using OciRun.Filters;
using OciRun.Kernel;

namespace OciRun.Launch;

internal sealed unsafe partial class Execution
{
    // Whether the process can do the rest under its filter: give up the right that loading took, clone, report, execute.
    private bool FilterMayBeEarly()
    {
        SeccompSlot* slot = (SeccompSlot*)_shared;
        if (slot->Program.len == 0)
            return false;
        ReadOnlySpan<sock_filter> program = new(slot->Program.filter, slot->Program.len);
        ReadOnlySpan<int> calls =
        [
            SYS.capset, SYS.close_range, SYS.write, SYS.read, SYS.ppoll, SYS.setsid, SYS.exit_group, SYS.prlimit64,
            SYS.rt_sigprocmask, SYS.execve,
        ];
        Architecture machine = RuntimeInformation.ProcessArchitecture;
        foreach (int call in calls)
        {
            if (!SeccompCompiler.Allows(program, machine, call))
                return false;
        }

        return SeccompCompiler.Allows(program, machine, SYS.clone, Uapi.CLONE_PARENT)
            && SeccompCompiler.Allows(program, machine, SYS.prctl, Uapi.PR_SET_PDEATHSIG, Uapi.SIGKILL)
            && SeccompCompiler.Allows(program, machine, SYS.prctl, Uapi.PR_SET_PDEATHSIG)
            && SeccompCompiler.Allows(program, machine, SYS.prctl, Uapi.PR_CAP_AMBIENT, Uapi.PR_CAP_AMBIENT_CLEAR_ALL)
            && SeccompCompiler.Allows(program, machine, SYS.prctl, Uapi.PR_CAP_AMBIENT, Uapi.PR_CAP_AMBIENT_RAISE)
            && (!_config.Process!.Terminal || SeccompCompiler.Allows(program, machine, SYS.ioctl, 0, Uapi.TIOCSCTTY));
    }
}
