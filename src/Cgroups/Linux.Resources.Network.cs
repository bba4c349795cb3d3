using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    private const string Classify = "classify by cgroup path (nft \"socket cgroupv2\"), or remove it";

    private void AddNetwork(LinuxNetwork network)
    {
        if (network.ClassId is > 0 and { } classId)
            RefuseV1("network.classID", Text((ulong)classId), "net_cls", Classify);
        for (int i = 0; i < network.Priorities?.Length; i++)
            RefuseV1($"network.priorities[{i}]", network.Priorities[i].Name.ToString(), "net_prio", Classify);
    }
}
