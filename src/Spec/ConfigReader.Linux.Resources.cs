namespace OciRun.Spec;

/// <summary>config-linux.md, "Control groups".</summary>
internal static unsafe partial class ConfigReader
{
    private static LinuxResources ReadResources(ref JsonCursor json)
    {
        LinuxResources resources = new();
        while (json.Property())
        {
            if (json.Is("devices"u8))
                resources.Devices = json.Objects<DeviceRule>(&ReadDeviceRule);
            else if (json.Is("memory"u8))
                resources.Memory = json.Object() ? ReadMemory(ref json) : null;
            else if (json.Is("cpu"u8))
                resources.Cpu = json.Object() ? ReadCpu(ref json) : null;
            else if (json.Is("pids"u8))
                resources.Pids = json.Object() ? ReadPids(ref json) : null;
            else if (json.Is("blockIO"u8))
                resources.BlockIo = json.Object() ? ReadBlockIo(ref json) : null;
            else if (json.Is("hugepageLimits"u8))
                resources.HugepageLimits = json.Objects<HugepageLimit>(&ReadHugepageLimit);
            else if (json.Is("network"u8))
                resources.Network = json.Object() ? ReadNetwork(ref json) : null;
            else if (json.Is("rdma"u8))
                resources.Rdma = json.Map<RdmaLimit>(&ReadRdmaLimit);
            else if (json.Is("unified"u8))
                resources.Unified = json.Pairs();
            else
                json.Skip();
        }

        return resources;
    }

    private static DeviceRule ReadDeviceRule(ref JsonCursor json)
    {
        DeviceRule rule = new();
        while (json.Property())
        {
            if (json.Is("allow"u8))
                rule.Allow = json.Flag() ?? false;
            else if (json.Is("type"u8))
                rule.Type = json.Text();
            else if (json.Is("major"u8))
                rule.Major = json.Int64();
            else if (json.Is("minor"u8))
                rule.Minor = json.Int64();
            else if (json.Is("access"u8))
                rule.Access = json.Text();
            else
                json.Skip();
        }

        return rule;
    }

    private static LinuxMemory ReadMemory(ref JsonCursor json)
    {
        LinuxMemory memory = new();
        while (json.Property())
        {
            if (json.Is("limit"u8))
                memory.Limit = json.Int64();
            else if (json.Is("reservation"u8))
                memory.Reservation = json.Int64();
            else if (json.Is("swap"u8))
                memory.Swap = json.Int64();
            else if (json.Is("kernel"u8))
                memory.Kernel = json.Int64();
            else if (json.Is("kernelTCP"u8))
                memory.KernelTcp = json.Int64();
            else if (json.Is("swappiness"u8))
                memory.Swappiness = json.UInt64();
            else if (json.Is("disableOOMKiller"u8))
                memory.DisableOomKiller = json.Flag();
            else if (json.Is("useHierarchy"u8))
                memory.UseHierarchy = json.Flag();
            else if (json.Is("checkBeforeUpdate"u8))
                memory.CheckBeforeUpdate = json.Flag();
            else
                json.Skip();
        }

        return memory;
    }

    private static LinuxCpu ReadCpu(ref JsonCursor json)
    {
        LinuxCpu cpu = new();
        while (json.Property())
        {
            if (json.Is("shares"u8))
                cpu.Shares = json.UInt64();
            else if (json.Is("quota"u8))
                cpu.Quota = json.Int64();
            else if (json.Is("burst"u8))
                cpu.Burst = json.UInt64();
            else if (json.Is("period"u8))
                cpu.Period = json.UInt64();
            else if (json.Is("realtimeRuntime"u8))
                cpu.RealtimeRuntime = json.Int64();
            else if (json.Is("realtimePeriod"u8))
                cpu.RealtimePeriod = json.UInt64();
            else if (json.Is("cpus"u8))
                cpu.Cpus = json.Text();
            else if (json.Is("mems"u8))
                cpu.Mems = json.Text();
            else if (json.Is("idle"u8))
                cpu.Idle = json.Int64();
            else
                json.Skip();
        }

        return cpu;
    }

    private static LinuxPids ReadPids(ref JsonCursor json)
    {
        LinuxPids pids = new();
        while (json.Property())
        {
            if (json.Is("limit"u8))
                pids.Limit = json.Int64();
            else
                json.Skip();
        }

        return pids;
    }

    private static HugepageLimit ReadHugepageLimit(ref JsonCursor json)
    {
        HugepageLimit limit = new();
        while (json.Property())
        {
            if (json.Is("pageSize"u8))
                limit.PageSize = json.Text();
            else if (json.Is("limit"u8))
                limit.Limit = json.UInt64() ?? 0;
            else
                json.Skip();
        }

        return limit;
    }

    private static LinuxNetwork ReadNetwork(ref JsonCursor json)
    {
        LinuxNetwork network = new();
        while (json.Property())
        {
            if (json.Is("classID"u8))
                network.ClassId = json.UInt32();
            else if (json.Is("priorities"u8))
                network.Priorities = json.Objects<InterfacePriority>(&ReadInterfacePriority);
            else
                json.Skip();
        }

        return network;
    }

    private static InterfacePriority ReadInterfacePriority(ref JsonCursor json)
    {
        InterfacePriority read = default;
        while (json.Property())
        {
            if (json.Is("name"u8))
                read = read with { Name = json.Text() };
            else if (json.Is("priority"u8))
                read = read with { Priority = json.UInt32() ?? 0 };
            else
                json.Skip();
        }

        return read;
    }

    private static RdmaLimit ReadRdmaLimit(Utf8 device, ref JsonCursor json)
    {
        RdmaLimit limit = new() { Device = device };
        if (!json.Object())
            return limit;
        while (json.Property())
        {
            if (json.Is("hcaHandles"u8))
                limit.HcaHandles = json.UInt32();
            else if (json.Is("hcaObjects"u8))
                limit.HcaObjects = json.UInt32();
            else
                json.Skip();
        }

        return limit;
    }
}
