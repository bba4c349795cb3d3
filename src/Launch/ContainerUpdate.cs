using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Host;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Launch;

/// <summary>
/// Changes the limits of a container that is not stopped: all that is asked for, or nothing. What is in force stands in
/// the kernel's files, so nothing is recorded.
/// </summary>
internal sealed class ContainerUpdate
{
    private readonly ContainerRecord _record;
    private readonly LinuxResources _resources;
    private readonly IntelRdt? _rdt;
    private readonly LinuxDevice[]? _nodes;

    /// <param name="record">The container's.</param>
    /// <param name="resources">The limits to change; those left out stay. A list of device rules replaces the old one.</param>
    /// <param name="nodes">linux.devices of the container's config, which new device rules count with; null without rules.</param>
    /// <param name="rdt">Schemas to write into the container's resctrl group, or null.</param>
    public ContainerUpdate(ContainerRecord record, LinuxResources resources, LinuxDevice[]? nodes, IntelRdt? rdt)
    {
        _record = record;
        _resources = resources;
        _rdt = rdt;
        _nodes = nodes;
    }

    /// <summary>Applies it. The caller holds the container's lock.</summary>
    /// <exception cref="FaultException">Something is refused; the old values are in force.</exception>
    public void Run()
    {
        byte[]? devices = _resources.Devices is null ? null : DeviceProgram.Compile(_resources.Devices, _nodes);
        using CgroupDirectory? cgroup = Open();
        CgroupRestoration? undo = null;
        using ResctrlGroup? group = OpenGroup();
        byte[]? schemata = null;
        bool told = false;
        try
        {
            if (cgroup is not null)
            {
                ResourcesInForce.Complete(_resources, cgroup);
                CgroupSettings settings = CgroupSettings.Checked(_resources);
                undo = cgroup.Replace(settings);

                // The kernel's exact values, over those that systemd has rounded.
                told = SystemdContainer.Set(_record, settings.Files, _resources.Devices, _nodes);
                if (told)
                    cgroup.Apply(settings);
            }

            schemata = group?.Change(_rdt!);

            // The old program is gone once it is replaced, so it is the last that can fail.
            if (devices is not null)
                Restrict(cgroup!, devices);
        }
        catch
        {
            if (schemata is not null)
                group!.Restore(schemata);
            if (told)
                TellOld(undo!);
            undo?.Run();
            throw;
        }
    }

    private void TellOld(CgroupRestoration undo)
    {
        try
        {
            SystemdContainer.Set(_record, undo.Old);
        }
        catch (FaultException failure)
        {
            Log.Warning(failure.Fault.Text());
        }
    }

    private CgroupDirectory? Open()
    {
        if (_record.CgroupPath is not null)
            return ContainerCgroup.OpenDirectory(_record);
        CgroupSettings settings = CgroupSettings.Checked(_resources);
        if (settings.All.Count == 0 && _resources.Devices is null)
            return null;
        throw new FaultException(new Fault("the container has no cgroup, so it has no limits")
        {
            Field = settings.All.Count > 0 ? settings.All[0].Field : "linux.resources.devices",
            Hint = "create it with a cgroup: with the rights to make one, and without --cgroup-manager disabled",
        });
    }

    private ResctrlGroup? OpenGroup()
    {
        if (_rdt is null)
            return null;
        if (_record.ResctrlGroup is not { } name)
        {
            throw new FaultException(new Fault("Intel RDT: the container was created without it, so it has no schemata to change")
            {
                Field = "linux.intelRdt",
                Hint = "create the container with linux.intelRdt",
            });
        }

        ResctrlTree tree = ResctrlTree.Find()
            ?? throw new FaultException(new Fault("Intel RDT is not enabled: resctrl is not mounted") { Field = "linux.intelRdt" });
        return ResctrlGroup.Open(tree, name, _record.Id);
    }

    private void Restrict(CgroupDirectory cgroup, byte[] program)
    {
        bool tolerate = _record.Rootless || Machine.InUserNamespace || DeviceProgram.AllowsEverything(_resources.Devices, _nodes);
        if (!DeviceController.Apply(cgroup.Directory.Number, program, isNew: false, tolerate))
            Log.Warning("linux.resources.devices: the kernel does not let this user restrict devices");
    }
}
