using System;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Host;
using OciRun.Kernel;
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
    /// Makes systemd keep limits over a reload: see <see cref="SystemdUnit.Set"/>. Nothing happens without a unit.
    /// </summary>
    /// <param name="record">The container's.</param>
    /// <param name="settings">What was or will be written to the cgroup's files.</param>
    public static void Set(ContainerRecord record, CgroupSettings settings)
    {
        using SystemdUnit? unit = Find(record);
        if (unit is null)
            return;
        SystemdProperties properties = new();
        foreach (CgroupSetting setting in settings.All)
            properties.AddLimits([(setting.File, setting.Text)], () => unit.Version);
        if (!properties.IsEmpty)
            unit.Set(properties);
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
