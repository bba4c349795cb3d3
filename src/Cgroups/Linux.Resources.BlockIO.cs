using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    private const ushort LeastWeight = 10;
    private const ushort MostWeight = 1000;

    private void AddBlockIo(LinuxBlockIo blockIo)
    {
        if (blockIo.Weight is > 0 and { } weight && IsWeight("blockIO.weight", weight))
            AddWeight("blockIO.weight", weight, "");
        if (blockIo.LeafWeight is > 0 and { } leaf)
            RefuseV1("blockIO.leafWeight", Text((ulong)leaf), "blkio", NoCounterpart);
        for (int i = 0; i < blockIo.WeightDevice?.Length; i++)
            AddWeightDevice(blockIo.WeightDevice[i], $"blockIO.weightDevice[{i}]");
        AddThrottle("blockIO.throttleReadBpsDevice", blockIo.ThrottleReadBpsDevice, "rbps");
        AddThrottle("blockIO.throttleWriteBpsDevice", blockIo.ThrottleWriteBpsDevice, "wbps");
        AddThrottle("blockIO.throttleReadIOPSDevice", blockIo.ThrottleReadIopsDevice, "riops");
        AddThrottle("blockIO.throttleWriteIOPSDevice", blockIo.ThrottleWriteIopsDevice, "wiops");
    }

    private void AddWeightDevice(WeightDevice device, string field)
    {
        if (device.LeafWeight is > 0 and { } leaf)
            RefuseV1(field + ".leafWeight", Text((ulong)leaf), "blkio", NoCounterpart);
        if (device.Weight is > 0 and { } weight && IsWeight(field + ".weight", weight))
            AddWeight(field + ".weight", weight, $"{device.Major}:{device.Minor} ");
    }

    // The BFQ scheduler takes the scale of the config; the cost model's io.weight, on other kernels, 1 to 10000.
    private void AddWeight(string field, ushort weight, string device)
    {
        string value = Text((ulong)weight);
        ulong scaled = 1 + ((weight - (ulong)LeastWeight) * 9999 / (MostWeight - LeastWeight));
        _all.Add(new CgroupSetting(Prefix + field, value, "io.bfq.weight", device + value)
        {
            Otherwise = new CgroupSetting(Prefix + field, value, "io.weight", device + Text(scaled)),
        });
    }

    private bool IsWeight(string field, ushort weight)
    {
        if (weight is >= LeastWeight and <= MostWeight)
            return true;
        Refuse(field, Text((ulong)weight), "out of range", $"use {LeastWeight} to {MostWeight}, or 0 for none");
        return false;
    }

    // The kernel takes no rate of 0, which would be no access; the config's 0 is how limits are lifted elsewhere.
    private void AddThrottle(string field, ThrottleDevice[]? devices, string key)
    {
        for (int i = 0; i < devices?.Length; i++)
        {
            ThrottleDevice device = devices[i];
            string rate = device.Rate == 0 ? Unlimited : Text(device.Rate);
            Add($"{field}[{i}]", "io.max", $"{device.Major}:{device.Minor} {key}={rate}", $"{device.Major}:{device.Minor} {device.Rate}");
        }
    }
}
