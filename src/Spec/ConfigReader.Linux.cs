namespace OciRun.Spec;

/// <summary>config-linux.md, save for resources and seccomp.</summary>
internal static unsafe partial class ConfigReader
{
    private static Linux ReadLinux(ref JsonCursor json)
    {
        Linux linux = new();
        while (json.Property())
        {
            if (json.Is("uidMappings"u8))
                linux.UidMappings = json.Objects<IdMapping>(&ReadIdMapping);
            else if (json.Is("gidMappings"u8))
                linux.GidMappings = json.Objects<IdMapping>(&ReadIdMapping);
            else if (json.Is("timeOffsets"u8))
                linux.TimeOffsets = json.Object() ? ReadTimeOffsets(ref json) : null;
            else if (json.Is("sysctl"u8))
                linux.Sysctl = json.Pairs();
            else if (json.Is("resources"u8))
                linux.Resources = json.Object() ? ReadResources(ref json) : null;
            else if (json.Is("cgroupsPath"u8))
                linux.CgroupsPath = json.Text();
            else if (json.Is("namespaces"u8))
                linux.Namespaces = json.Objects<Namespace>(&ReadNamespace);
            else if (json.Is("devices"u8))
                linux.Devices = json.Objects<LinuxDevice>(&ReadLinuxDevice);
            else if (json.Is("netDevices"u8))
                linux.NetDevices = json.Map<NetDevice>(&ReadNetDevice);
            else if (json.Is("seccomp"u8))
                linux.Seccomp = json.Object() ? ReadSeccomp(ref json) : null;
            else if (json.Is("rootfsPropagation"u8))
                linux.RootfsPropagation = json.Text();
            else if (json.Is("maskedPaths"u8))
                linux.MaskedPaths = json.Texts();
            else if (json.Is("readonlyPaths"u8))
                linux.ReadonlyPaths = json.Texts();
            else if (json.Is("mountLabel"u8))
                linux.MountLabel = json.Text();
            else if (json.Is("intelRdt"u8))
                linux.IntelRdt = json.Object() ? ReadIntelRdt(ref json) : null;
            else if (json.Is("memoryPolicy"u8))
                linux.MemoryPolicy = json.Object() ? ReadMemoryPolicy(ref json) : null;
            else if (json.Is("personality"u8))
                linux.Personality = json.Object() ? ReadPersonality(ref json) : null;
            else
                json.Skip();
        }

        return linux;
    }

    private static Namespace ReadNamespace(ref JsonCursor json)
    {
        Namespace joined = new();
        while (json.Property())
        {
            if (json.Is("type"u8))
                joined.Type = json.Text();
            else if (json.Is("path"u8))
                joined.Path = json.Text();
            else
                json.Skip();
        }

        return joined;
    }

    private static TimeOffsets ReadTimeOffsets(ref JsonCursor json)
    {
        TimeOffsets offsets = new();
        while (json.Property())
        {
            if (json.Is("monotonic"u8))
                offsets.Monotonic = json.Object() ? ReadTimeOffset(ref json) : null;
            else if (json.Is("boottime"u8))
                offsets.Boottime = json.Object() ? ReadTimeOffset(ref json) : null;
            else
                json.Fail(json.Refused("unknown clock", "use monotonic or boottime"));
        }

        return offsets;
    }

    private static TimeOffset ReadTimeOffset(ref JsonCursor json)
    {
        TimeOffset offset = new();
        while (json.Property())
        {
            if (json.Is("secs"u8))
                offset.Secs = json.Int64() ?? 0;
            else if (json.Is("nanosecs"u8))
                offset.Nanosecs = json.UInt32() ?? 0;
            else
                json.Skip();
        }

        return offset;
    }

    private static LinuxDevice ReadLinuxDevice(ref JsonCursor json)
    {
        LinuxDevice device = new();
        while (json.Property())
        {
            if (json.Is("type"u8))
                device.Type = json.Text();
            else if (json.Is("path"u8))
                device.Path = json.Text();
            else if (json.Is("major"u8))
                device.Major = json.Int64();
            else if (json.Is("minor"u8))
                device.Minor = json.Int64();
            else if (json.Is("fileMode"u8))
                device.FileMode = json.UInt32();
            else if (json.Is("uid"u8))
                device.Uid = json.Id(UnchangedId);
            else if (json.Is("gid"u8))
                device.Gid = json.Id(UnchangedId);
            else
                json.Skip();
        }

        return device;
    }

    private static NetDevice ReadNetDevice(Utf8 hostName, ref JsonCursor json)
    {
        NetDevice device = new(hostName, default);
        if (!json.Object())
            return device;
        while (json.Property())
        {
            if (json.Is("name"u8))
                device = device with { Name = json.Text() };
            else
                json.Skip();
        }

        return device;
    }

    private static IntelRdt ReadIntelRdt(ref JsonCursor json)
    {
        IntelRdt rdt = new();
        while (json.Property())
        {
            if (json.Is("closID"u8))
                rdt.ClosId = json.Text();
            else if (json.Is("schemata"u8))
                rdt.Schemata = json.Texts();
            else if (json.Is("l3CacheSchema"u8))
                rdt.L3CacheSchema = json.Text();
            else if (json.Is("memBwSchema"u8))
                rdt.MemBwSchema = json.Text();
            else if (json.Is("enableMonitoring"u8))
                rdt.EnableMonitoring = json.Flag() ?? false;
            else
                json.Skip();
        }

        return rdt;
    }

    private static MemoryPolicy ReadMemoryPolicy(ref JsonCursor json)
    {
        MemoryPolicy policy = new();
        while (json.Property())
        {
            if (json.Is("mode"u8))
                policy.Mode = json.Text();
            else if (json.Is("nodes"u8))
                policy.Nodes = json.Text();
            else if (json.Is("flags"u8))
                policy.Flags = json.Texts();
            else
                json.Skip();
        }

        return policy;
    }

    private static Personality ReadPersonality(ref JsonCursor json)
    {
        Personality personality = new();
        while (json.Property())
        {
            if (json.Is("domain"u8))
                personality.Domain = json.Text();
            else if (json.Is("flags"u8))
                personality.Flags = json.Texts();
            else
                json.Skip();
        }

        return personality;
    }
}
