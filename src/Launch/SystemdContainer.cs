using System;
using System.Collections.Generic;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Host;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>The unit of a container that exists, as its record names it; today's flags and environment do not matter.</summary>
internal static class SystemdContainer
{
    /// <summary>A unit with the identity of this process: within a user namespace only the socket knows it.</summary>
    public static SystemdUnit Unit(SystemdInstance instance, string name) =>
        new(instance, name, Machine.InUserNamespace ? null : Sys.geteuid());

    /// <summary>The container's unit; null when systemd made none for it.</summary>
    public static SystemdUnit? Find(ContainerRecord record) =>
        record.SystemdUnit is { } name ? Unit(new SystemdInstance(record.SystemdUser, record.SystemdBus), name) : null;

    /// <summary>
    /// Makes systemd keep limits and device rules over a reload: see <see cref="SystemdUnit.Set"/>. systemd writes to the
    /// cgroup's files itself, in its steps (cpu.max), before this returns.
    /// </summary>
    /// <param name="record">The container's.</param>
    /// <param name="settings">Files of the cgroup and their texts.</param>
    /// <param name="devices">Device rules that replace the old ones; null for none.</param>
    /// <param name="nodes">linux.devices, which the rules count with.</param>
    /// <returns>False when there is nothing to be told: no unit, or no property.</returns>
    /// <exception cref="FaultException">systemd refuses or does not answer; it has changed nothing.</exception>
    public static bool Set(ContainerRecord record, IEnumerable<(string File, string Text)> settings, DeviceRule[]? devices = null, LinuxDevice[]? nodes = null)
    {
        using SystemdUnit? unit = Find(record);
        if (unit is null)
            return false;
        SystemdProperties properties = new();
        properties.AddLimits(settings, () => unit.Version);
        if (devices is not null && !record.Rootless)
            properties.ReplaceDevices(DeviceProgram.Allowed(devices, nodes));
        if (properties.IsEmpty)
            return false;
        unit.Set(properties);
        return true;
    }

    /// <summary>
    /// Whether the unit can be there although its cgroup is not: systemd removes the cgroup when the unit ends, and by
    /// the CollectMode that we give forgets the unit then, unless an annotation gave another.
    /// </summary>
    public static bool MayBeLeft(ContainerRecord record) => record.SystemdUnit is not null && Array.Exists(
        record.Annotations ?? [], static pair => pair.Key.Is("org.systemd.property.CollectMode"u8));

    /// <summary>
    /// Stops the unit, if there is one. A systemd that cannot be reached does not keep the container: its cgroup is
    /// removed all the same, and an empty scope ends by itself.
    /// </summary>
    public static void Stop(ContainerRecord record)
    {
        using SystemdUnit? unit = Find(record);
        try
        {
            unit?.Stop();
        }
        catch (FaultException failure)
        {
            Log.Warning(failure.Fault.Text());
        }
    }
}
