using System;
using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    // The kernel's and every runtime's default, microseconds.
    private const ulong DefaultPeriod = 100_000;

    /// <summary>
    /// cpu.weight for the shares of cgroup v1: 1 for 2 and less, 100 for 1024 (both kernels' default), 10000 for 262144
    /// and more, between them the power of ten whose exponent is a quadratic function of log2(shares).
    /// </summary>
    public static ulong Weight(ulong shares)
    {
        if (shares <= 2)
            return 1;
        if (shares >= 262_144)
            return 10_000;
        double l = Math.Log2(shares);
        return (ulong)Math.Ceiling(Math.Pow(10, (((l * l) + (125 * l)) / 612.0) - (7.0 / 34.0)));
    }

    private void AddCpu(LinuxCpu cpu)
    {
        // Before the weight: the kernel refuses one while the cgroup is idle, and idle means the least weight.
        if (cpu.Idle is long idle)
            _all.Add(new CgroupSetting(Prefix + "cpu.idle", Text(idle), "cpu.idle", Text(idle)) { IsOptional = idle == 0 });
        if (cpu.Shares is > 0 and { } shares && cpu.Idle is not 1)
            Add("cpu.shares", "cpu.weight", Text(Weight(shares)), Text(shares));
        AddBandwidth(cpu);
        if (cpu.RealtimeRuntime is > 0 and { } runtime)
            RefuseV1("cpu.realtimeRuntime", Text(runtime), "cpu", NoCounterpart);
        if (cpu.RealtimePeriod is > 0 and { } period)
            RefuseV1("cpu.realtimePeriod", Text(period), "cpu", NoCounterpart);
    }

    // A burst above the old quota, or a quota below the old burst, is refused: the burst is tried before and after.
    private void AddBandwidth(LinuxCpu cpu)
    {
        long quota = cpu.Quota ?? 0;
        ulong period = cpu.Period ?? 0;
        bool bandwidth = quota != 0 || period != 0;
        if (cpu.Burst is ulong burst)
        {
            _all.Add(new CgroupSetting(Prefix + "cpu.burst", Text(burst), "cpu.max.burst", Text(burst))
            {
                DependsOnNext = bandwidth,
                IsOptional = burst == 0,
            });
        }

        if (!bandwidth)
            return;
        string text = $"{(quota > 0 ? Text(quota) : Unlimited)} {Text(period == 0 ? DefaultPeriod : period)}";
        if (quota != 0)
            Add("cpu.quota", "cpu.max", text, Text(quota));
        else
            Add("cpu.period", "cpu.max", text, Text(period));
    }

    private void AddCpuset(LinuxCpu cpu)
    {
        if (!cpu.Cpus.IsEmpty)
            Add("cpu.cpus", "cpuset.cpus", cpu.Cpus.ToString());
        if (!cpu.Mems.IsEmpty)
            Add("cpu.mems", "cpuset.mems", cpu.Mems.ToString());
    }
}
