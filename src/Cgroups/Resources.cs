using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>
/// What of linux.resources this version does not apply. A limit that is asked for and not set would be a container
/// without it, so each is refused; values that no runtime writes, or that a new cgroup has anyway, are not.
/// </summary>
internal static class CgroupResources
{
    private const string Memory = "memory";
    private const string Cpu = "cpu";
    private const string Cpuset = "cpuset";
    private const string Io = "io";

    /// <summary>The first limit that cannot be applied, or null. Allocates only for the fault.</summary>
    public static Fault? FirstRefusal(LinuxResources? resources)
    {
        Found found = default;
        if (resources is not null)
            Look(resources, ref found);
        return found.First;
    }

    /// <summary>Every limit that cannot be applied, in the order of the type's fields.</summary>
    public static List<Fault> Refusals(LinuxResources? resources)
    {
        Found found = new([]);
        if (resources is not null)
            Look(resources, ref found);
        return found.All!;
    }

    private static void Look(LinuxResources resources, ref Found found)
    {
        if (resources.Memory is { } memory)
            LookMemory(memory, ref found);
        if (resources.Cpu is { } cpu)
            LookCpu(cpu, ref found);
        // 0 is a limit here, unlike elsewhere; a new cgroup has no limit.
        if (resources.Pids?.Limit is >= 0 and { } pids)
            found.Add("pids.limit", "pids", pids);
        if (resources.BlockIo is { } blockIo)
            LookBlockIo(blockIo, ref found);
        for (int i = 0; i < resources.HugepageLimits?.Length; i++)
            found.Add("hugepageLimits", i, "hugetlb", resources.HugepageLimits[i].PageSize);
        if (resources.Network?.ClassId is > 0 and { } classId)
            found.Add("network.classID", "net_cls (cgroup v1 only)", classId);
        for (int i = 0; i < resources.Network?.Priorities?.Length; i++)
            found.Add("network.priorities", i, "net_prio (cgroup v1 only)", resources.Network.Priorities[i].Name);
        for (int i = 0; i < resources.Rdma?.Length; i++)
        {
            if (resources.Rdma[i] is { HcaHandles: not null } or { HcaObjects: not null })
                found.Key("rdma", "rdma", resources.Rdma[i].Device, default);
        }

        for (int i = 0; i < resources.Unified?.Length; i++)
            found.Key("unified", null, resources.Unified[i].Key, resources.Unified[i].Value);
    }

    // -1 is "no limit", which a new cgroup has.
    private static void LookMemory(LinuxMemory memory, ref Found found)
    {
        found.AddLimit("memory.limit", Memory, memory.Limit);
        found.AddLimit("memory.reservation", Memory, memory.Reservation);
        found.AddLimit("memory.swap", Memory, memory.Swap);
        found.AddLimit("memory.kernel", "memory (cgroup v1 only)", memory.Kernel);
        found.AddLimit("memory.kernelTCP", "memory (cgroup v1 only)", memory.KernelTcp);
        if (memory.Swappiness is { } swappiness)
            found.Add("memory.swappiness", "memory (cgroup v1 only)", (long)System.Math.Min(swappiness, long.MaxValue));
        if (memory.DisableOomKiller == true)
            found.Add("memory.disableOOMKiller", "memory (cgroup v1 only)", "true");
    }

    private static void LookCpu(LinuxCpu cpu, ref Found found)
    {
        found.AddLimit("cpu.shares", Cpu, cpu.Shares);
        found.AddLimit("cpu.quota", Cpu, cpu.Quota);
        found.AddLimit("cpu.burst", Cpu, cpu.Burst);
        found.AddLimit("cpu.period", Cpu, cpu.Period);
        found.AddLimit("cpu.realtimeRuntime", "cpu (cgroup v1 only)", cpu.RealtimeRuntime);
        found.AddLimit("cpu.realtimePeriod", "cpu (cgroup v1 only)", cpu.RealtimePeriod);
        if (!cpu.Cpus.IsEmpty)
            found.Add("cpu.cpus", Cpuset, cpu.Cpus);
        if (!cpu.Mems.IsEmpty)
            found.Add("cpu.mems", Cpuset, cpu.Mems);
        if (cpu.Idle is not null and not 0)
            found.Add("cpu.idle", Cpu, cpu.Idle.Value);
    }

    private static void LookBlockIo(LinuxBlockIo blockIo, ref Found found)
    {
        found.AddLimit("blockIO.weight", Io, blockIo.Weight);
        found.AddLimit("blockIO.leafWeight", "blkio (cgroup v1 only)", blockIo.LeafWeight);
        for (int i = 0; i < blockIo.WeightDevice?.Length; i++)
        {
            WeightDevice device = blockIo.WeightDevice[i];
            if (device.Weight is > 0 || device.LeafWeight is > 0)
                found.Device("blockIO.weightDevice", i, device.Major, device.Minor);
        }

        LookThrottle("blockIO.throttleReadBpsDevice", blockIo.ThrottleReadBpsDevice, ref found);
        LookThrottle("blockIO.throttleWriteBpsDevice", blockIo.ThrottleWriteBpsDevice, ref found);
        LookThrottle("blockIO.throttleReadIOPSDevice", blockIo.ThrottleReadIopsDevice, ref found);
        LookThrottle("blockIO.throttleWriteIOPSDevice", blockIo.ThrottleWriteIopsDevice, ref found);
    }

    private static void LookThrottle(string field, ThrottleDevice[]? devices, ref Found found)
    {
        for (int i = 0; i < devices?.Length; i++)
            found.Device(field, i, devices[i].Major, devices[i].Minor);
    }

    /// <summary>Collects either all faults or the first one; texts are made only for a fault that is kept.</summary>
    private struct Found(List<Fault>? all)
    {
        public readonly List<Fault>? All = all;

        public Fault? First;

        private readonly bool Enough => First is not null && All is null;

        public void AddLimit(string field, string controller, long? value)
        {
            if (value is > 0)
                Add(field, controller, value.Value);
        }

        public void AddLimit(string field, string controller, ulong? value)
        {
            if (value is > 0 && !Enough)
                Add(field, controller, value.Value.ToString());
        }

        public void Add(string field, string controller, long value)
        {
            if (!Enough)
                Add(field, controller, value.ToString());
        }

        public void Add(string field, string controller, Utf8 value)
        {
            if (!Enough)
                Add(field, controller, value.ToString());
        }

        public void Add(string list, int index, string controller, Utf8 value)
        {
            if (!Enough)
                Add($"{list}[{index}]", controller, value.ToString());
        }

        public void Device(string list, int index, long major, long minor)
        {
            if (!Enough)
                Add($"{list}[{index}]", Io, $"{major}:{minor}");
        }

        // A unified key starts with its controller's name: memory.high, hugetlb.2MB.max.
        public void Key(string map, string? controller, Utf8 key, Utf8 value)
        {
            if (Enough)
                return;
            string name = key.ToString();
            int dot = name.IndexOf('.', System.StringComparison.Ordinal);
            Add($"{map}[\"{name}\"]", controller ?? (dot < 0 ? name : name[..dot]), value.IsNull ? null : value.ToString());
        }

        private void Add(string field, string controller, string? value)
        {
            Fault fault = new($"this version does not set limits of the cgroup controller {controller}")
            {
                Field = $"linux.resources.{field}",
                Value = value,
                Code = "unsupported-field",
                Hint = "remove it from the configuration to run without the limit",
            };
            First ??= fault;
            All?.Add(fault);
        }
    }
}
