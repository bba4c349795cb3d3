using System.Collections.Generic;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;

namespace OciRun.Commands;

/// <summary>A container and what it has used at one moment; no statistics of one that has no cgroup any more.</summary>
internal sealed record ContainerSample(string Id, ContainerStatus Status, Statistics? Statistics)
{
    /// <summary>The named containers, or all below the state root when none is named; what is broken is passed over then.</summary>
    /// <exception cref="FaultException">A named one does not exist or cannot be read.</exception>
    public static List<ContainerSample> Collect(string? option, string[] names)
    {
        List<ContainerSample> samples = [];
        foreach (string id in names)
        {
            using ContainerDirectory directory = StateRoot.FindContainer(option, id);
            samples.Add(Of(directory, directory.Load() ?? throw StateRoot.Missing(id)));
        }

        if (names.Length > 0)
            return samples;
        using StateRoot? root = option is null ? StateRoot.OpenExisting(null) : StateRoot.Open(option, mustExist: true);
        foreach (string id in root?.Ids() ?? [])
        {
            try
            {
                using ContainerDirectory directory = root!.Find(id);
                if (directory.Load() is { } record)
                    samples.Add(Of(directory, record));
            }
            catch (FaultException e) when (e.Fault.Code == StateRoot.MissingCode)
            {
                // Deleted since the directory was read.
            }
            catch (FaultException e)
            {
                Log.Warning(e.Fault.Text());
            }
        }

        return samples;
    }

    private static ContainerSample Of(ContainerDirectory directory, ContainerRecord record)
    {
        ContainerStatus status = OciRun.State.Status.Of(directory, record);
        if (record.CgroupPath is not { } path || !CgroupLocation.IsContainerCgroup(path))
            return new ContainerSample(record.Id, status, null);
        using Fd cgroup = CgroupDirectory.OpenDirectory(path);
        return new ContainerSample(record.Id, status, cgroup.Number < 0 ? null : Statistics.Read(cgroup.Number));
    }
}
