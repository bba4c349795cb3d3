namespace OciRun.Spec;

/// <summary>config.md, "Mounts".</summary>
internal static unsafe partial class ConfigReader
{
    private const string NoId = "4294967295 is no id (user_namespaces(7))";

    private static Mount[] ReadMounts(ref JsonCursor json) => json.Objects<Mount>(&ReadMount) ?? [];

    private static Mount ReadMount(ref JsonCursor json)
    {
        Mount mount = new();
        while (json.Property())
        {
            if (json.Is("destination"u8))
                mount.Destination = json.Text();
            else if (json.Is("type"u8))
                mount.Type = json.Text();
            else if (json.Is("source"u8))
                mount.Source = json.Text();
            else if (json.Is("options"u8))
                mount.Options = json.Texts();
            else if (json.Is("uidMappings"u8))
                mount.UidMappings = json.Objects<IdMapping>(&ReadIdMapping);
            else if (json.Is("gidMappings"u8))
                mount.GidMappings = json.Objects<IdMapping>(&ReadIdMapping);
            else
                json.Skip();
        }

        return mount;
    }

    private static IdMapping ReadIdMapping(ref JsonCursor json)
    {
        IdMapping read = default;
        while (json.Property())
        {
            if (json.Is("containerID"u8))
                read = read with { ContainerId = json.Id(NoId) ?? 0 };
            else if (json.Is("hostID"u8))
                read = read with { HostId = json.Id(NoId) ?? 0 };
            else if (json.Is("size"u8))
                read = read with { Size = json.UInt32() ?? 0 };
            else
                json.Skip();
        }

        return read;
    }
}
