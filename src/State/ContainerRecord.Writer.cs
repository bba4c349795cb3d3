using OciRun.Spec;

namespace OciRun.State;

/// <summary>state.json of the container directory; private to this program (features.md DS01).</summary>
internal static class ContainerRecordWriter
{
    public static byte[] Write(ContainerRecord record)
    {
        JsonText json = new();
        json.Object()
            .Member("version"u8, record.Version)
            .Member("id"u8, record.Id)
            .Member("pid"u8, record.Pid)
            .Member("startTime"u8, (long)record.StartTime)
            .Member("ociVersion"u8, record.OciVersion)
            .Member("bundle"u8, record.Bundle)
            .Member("rootfs"u8, record.Rootfs)
            .Member("created"u8, record.Created)
            .Member("owner"u8, record.Owner);
        if (record.CgroupPath is not null)
            json.Member("cgroupPath"u8, record.CgroupPath);
        json.Member("ownPidNamespace"u8, record.OwnPidNamespace)
            .Member("systemdCgroup"u8, record.SystemdCgroup)
            .Member("rootless"u8, record.Rootless);
        if (record.SystemdUnit is not null)
            json.Member("systemdUnit"u8, record.SystemdUnit).Member("systemdUser"u8, record.SystemdUser);
        if (record.SystemdBus is not null)
            json.Member("systemdBus"u8, record.SystemdBus);
        if (record.SubCgroup is not null)
            json.Member("subCgroup"u8, record.SubCgroup);
        if (record.NoNewKeyring)
            json.Member("noNewKeyring"u8, record.NoNewKeyring);
        if (record.RootfsMount != 0)
            json.Member("rootfsMount"u8, (long)record.RootfsMount);
        if (record.ResctrlGroup is not null)
        {
            json.Member("resctrlGroup"u8, record.ResctrlGroup)
                .Member("resctrlOwned"u8, record.ResctrlOwned)
                .Member("resctrlMonitored"u8, record.ResctrlMonitored);
        }

        if (record.Layers)
            json.Member("layers"u8, record.Layers);
        if (record.LastWords)
            json.Member("lastWords"u8, record.LastWords);
        if (record.Annotations is not null)
            json.Member("annotations"u8, record.Annotations);
        return json.EndObject().ToArray();
    }
}
