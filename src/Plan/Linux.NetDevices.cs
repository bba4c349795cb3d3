namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // The parent moves them: the child shows it the namespace and waits.
    private void NetDevices()
    {
        if (_linux.NetDevices is { Length: > 0 })
            _plan.Add(Op.ReceiveNetworkDevices, "linux.netDevices");
    }
}
