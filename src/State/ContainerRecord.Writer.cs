using System;
using System.Buffers;
using System.Text.Json;
using OciRun.Spec;

namespace OciRun.State;

/// <summary>state.json of the container directory; private to this program (features.md DS01).</summary>
internal static class ContainerRecordWriter
{
    public static ReadOnlyMemory<byte> Write(ContainerRecord record)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteNumber("version"u8, record.Version);
        json.WriteString("id"u8, record.Id);
        json.WriteNumber("pid"u8, record.Pid);
        json.WriteNumber("startTime"u8, record.StartTime);
        json.WriteString("ociVersion"u8, record.OciVersion);
        json.WriteString("bundle"u8, record.Bundle);
        json.WriteString("rootfs"u8, record.Rootfs);
        json.WriteString("created"u8, record.Created);
        json.WriteNumber("owner"u8, record.Owner);
        if (record.CgroupPath is not null)
            json.WriteString("cgroupPath"u8, record.CgroupPath);
        json.WriteBoolean("ownPidNamespace"u8, record.OwnPidNamespace);
        json.WriteBoolean("systemdCgroup"u8, record.SystemdCgroup);
        json.WriteBoolean("rootless"u8, record.Rootless);
        if (record.Annotations is not null)
        {
            json.WriteStartObject("annotations"u8);
            foreach (Pair pair in record.Annotations)
                json.WriteString(pair.Key.Span, pair.Value.Span);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
