using System;
using System.Buffers.Text;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>
/// How the ids of a mount's files are mapped (mount_setattr(2), MOUNT_ATTR_IDMAP): a file of id <c>containerID</c> in
/// the file system appears as <c>hostID</c> in the runtime's user namespace.
/// </summary>
/// <param name="Uids">Null: the mapping is that of the container's own user namespace.</param>
/// <param name="Gids">Null together with <paramref name="Uids"/>.</param>
/// <param name="Recursive">Map the mounts below too.</param>
/// <param name="Field">Config path of the mapping, for errors.</param>
internal sealed record IdMap(IdMapping[]? Uids, IdMapping[]? Gids, bool Recursive, string Field)
{
    public bool IsContainers => Uids is null;

    /// <summary>Whether both lists map the same ranges in the same order.</summary>
    public static bool Same(IdMapping[]? left, IdMapping[]? right) =>
        left is not null && right is not null && left.AsSpan().SequenceEqual(right);

    /// <summary>
    /// Reads <c>uids=A-B-N#…;gids=A-B-N#…</c> (crun(1), "idmap mount options"): id in the file system, id on the host,
    /// how many. With <c>@</c> before a range the second is an id of the container.
    /// </summary>
    /// <param name="text">What stands behind <c>idmap=</c>.</param>
    /// <param name="linux">Its mappings are those of the container.</param>
    /// <param name="recursive">The word was <c>ridmap</c>.</param>
    /// <param name="field">Config path of the option.</param>
    public static IdMap Parse(Utf8 text, Linux linux, bool recursive, string field)
    {
        IdMapping[]? uids = null;
        IdMapping[]? gids = null;
        ReadOnlySpan<byte> rest = text.Span;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)';');
            ReadOnlySpan<byte> part = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (part.StartsWith("uids="u8) && uids is null)
                uids = Ranges(part[5..], linux.UidMappings, text, field, "linux.uidMappings");
            else if (part.StartsWith("gids="u8) && gids is null)
                gids = Ranges(part[5..], linux.GidMappings, text, field, "linux.gidMappings");
            else
                throw Malformed(text, field);
        }

        if (uids is null || gids is null)
            throw Malformed(text, field);
        return new IdMap(uids, gids, recursive, field);
    }

    private static IdMapping[] Ranges(ReadOnlySpan<byte> list, IdMapping[]? container, Utf8 text, string field, string mappings)
    {
        List<IdMapping> ranges = [];
        foreach (Range part in list.Split((byte)'#'))
        {
            ReadOnlySpan<byte> range = list[part];
            bool relative = range.StartsWith("@"u8);
            if (relative)
                range = range[1..];
            if (!Number(ref range, out uint first) || !Number(ref range, out uint host) || !Number(ref range, out uint size)
                || !range.IsEmpty || size == 0)
                throw Malformed(text, field);
            if (!relative)
                ranges.Add(new IdMapping(first, host, size));
            else
                Translate(new IdMapping(first, host, size), container ?? [], ranges, text, field, mappings);
        }

        return ranges.ToArray();
    }

    // Through the container's ranges, which one range of the option may need several of.
    private static void Translate(IdMapping range, IdMapping[] container, List<IdMapping> into, Utf8 text, string field, string mappings)
    {
        while (range.Size > 0)
        {
            uint done = 0;
            foreach (IdMapping map in container)
            {
                if (range.HostId < map.ContainerId || range.HostId - map.ContainerId >= map.Size)
                    continue;
                uint offset = range.HostId - map.ContainerId;
                done = Math.Min(range.Size, map.Size - offset);
                into.Add(new IdMapping(range.ContainerId, map.HostId + offset, done));
                break;
            }

            if (done == 0)
            {
                throw new FaultException(new Fault($"{mappings} does not map the container's id {range.HostId}")
                {
                    Field = field,
                    Value = text.ToString(),
                    Hint = "with @ the second number of a range is an id of the container: map it, or leave out the @",
                });
            }

            bool last = done == range.Size;
            range = last ? default : new IdMapping(range.ContainerId + done, range.HostId + done, range.Size - done);
        }
    }

    private static bool Number(ref ReadOnlySpan<byte> text, out uint number)
    {
        if (text.StartsWith("-"u8))
            text = text[1..];
        if (!Utf8Parser.TryParse(text, out number, out int used))
            return false;
        text = text[used..];
        return text.IsEmpty || text[0] == (byte)'-';
    }

    private static FaultException Malformed(Utf8 text, string field) => new(new Fault("invalid mapping specified")
    {
        Field = field,
        Value = text.ToString(),
        Hint = "use uids=A-B-N;gids=A-B-N: id in the file system, id on the host, how many; more ranges after #",
    });
}
