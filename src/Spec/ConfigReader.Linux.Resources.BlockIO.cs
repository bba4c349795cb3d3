namespace OciRun.Spec;

/// <summary>config-linux.md, "Block IO".</summary>
internal static unsafe partial class ConfigReader
{
    private static LinuxBlockIo ReadBlockIo(ref JsonCursor json)
    {
        LinuxBlockIo blockIo = new();
        while (json.Property())
        {
            if (json.Is("weight"u8))
                blockIo.Weight = json.UInt16();
            else if (json.Is("leafWeight"u8))
                blockIo.LeafWeight = json.UInt16();
            else if (json.Is("weightDevice"u8))
                blockIo.WeightDevice = json.Objects<WeightDevice>(&ReadWeightDevice);
            else if (json.Is("throttleReadBpsDevice"u8))
                blockIo.ThrottleReadBpsDevice = json.Objects<ThrottleDevice>(&ReadThrottleDevice);
            else if (json.Is("throttleWriteBpsDevice"u8))
                blockIo.ThrottleWriteBpsDevice = json.Objects<ThrottleDevice>(&ReadThrottleDevice);
            else if (json.Is("throttleReadIOPSDevice"u8))
                blockIo.ThrottleReadIopsDevice = json.Objects<ThrottleDevice>(&ReadThrottleDevice);
            else if (json.Is("throttleWriteIOPSDevice"u8))
                blockIo.ThrottleWriteIopsDevice = json.Objects<ThrottleDevice>(&ReadThrottleDevice);
            else
                json.Skip();
        }

        return blockIo;
    }

    private static WeightDevice ReadWeightDevice(ref JsonCursor json)
    {
        WeightDevice device = new();
        while (json.Property())
        {
            if (json.Is("major"u8))
                device.Major = json.Int64() ?? 0;
            else if (json.Is("minor"u8))
                device.Minor = json.Int64() ?? 0;
            else if (json.Is("weight"u8))
                device.Weight = json.UInt16();
            else if (json.Is("leafWeight"u8))
                device.LeafWeight = json.UInt16();
            else
                json.Skip();
        }

        return device;
    }

    private static ThrottleDevice ReadThrottleDevice(ref JsonCursor json)
    {
        ThrottleDevice device = new();
        while (json.Property())
        {
            if (json.Is("major"u8))
                device.Major = json.Int64() ?? 0;
            else if (json.Is("minor"u8))
                device.Minor = json.Int64() ?? 0;
            else if (json.Is("rate"u8))
                device.Rate = json.UInt64() ?? 0;
            else
                json.Skip();
        }

        return device;
    }
}
