using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    // 0 is a limit here, unlike elsewhere: no process but init. The kernel counts init, so that is 1.
    private void AddPids(LinuxPids pids)
    {
        if (pids.Limit is long limit)
            Add("pids.limit", "pids.max", limit < 0 ? "max" : limit == 0 ? "1" : Text(limit), Text(limit));
    }
}
