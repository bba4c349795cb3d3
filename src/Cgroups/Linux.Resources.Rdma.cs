using System;
using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    private void AddRdma(RdmaLimit[] limits)
    {
        foreach (RdmaLimit limit in limits)
        {
            string device = limit.Device.ToString();
            string field = $"rdma[\"{device}\"]";
            if (device.Length == 0 || device.AsSpan().IndexOfAny(" \t\n") >= 0)
            {
                Refuse(field, null, "not the name of an RDMA device", "use a name from /sys/class/infiniband");
                continue;
            }

            string text = "";
            if (limit.HcaHandles is uint handles)
                text += $" hca_handle={Text((ulong)handles)}";
            if (limit.HcaObjects is uint objects)
                text += $" hca_object={Text((ulong)objects)}";
            if (text.Length > 0)
                Add(field, "rdma.max", device + text, text[1..]);
        }
    }
}
