using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>linux.uidMappings and linux.gidMappings, which obey the same rules (user_namespaces(7)).</summary>
internal ref partial struct Rules
{
    // UID_GID_MAP_MAX_EXTENTS (linux/user_namespace.h).
    private const int MaximumMappings = 340;

    private readonly IdMapping[] UidMappings => _config.Linux?.UidMappings ?? [];

    private readonly IdMapping[] GidMappings => _config.Linux?.GidMappings ?? [];

    /// <summary>Whether the mappings of the config are those that the container's ids go through.</summary>
    private readonly bool MapsIds => IsNew(NamespaceSet.User) && !IsJoined(NamespaceSet.User);

    private void IdMappings()
    {
        // A joined namespace has its maps already. Whether mappings given beside its path are the same ones (config-linux.md
        // wants no others) is seen when it is opened.
        if (IsJoined(NamespaceSet.User))
            return;
        IdMappings(UidMappings, "linux.uidMappings", "UID");
        IdMappings(GidMappings, "linux.gidMappings", "GID");
    }

    private void IdMappings(IdMapping[] mappings, string field, string kind)
    {
        if (!IsNew(NamespaceSet.User))
        {
            if (mappings.Length > 0)
            {
                Add(new Fault("user namespace mappings specified, but USER namespace isn't enabled in the config")
                {
                    Field = field,
                    Hint = "add {\"type\": \"user\"} to linux.namespaces, or remove the mappings",
                });
            }

            return;
        }

        if (mappings.Length == 0)
        {
            string subject = _facts.RootlessEuid ? "rootless container" : "a new user namespace";
            Add(new Fault($"{subject} requires at least one {kind} mapping")
            {
                Field = field,
                Hint = "add {\"containerID\": 0, \"hostID\": N, \"size\": 1} with an id of the host",
            });
            return;
        }

        if (TooMany(mappings, field))
            return;
        for (int i = 0; i < mappings.Length; i++)
            Range(mappings, i, field);
        if (!IsMapped(0, mappings))
        {
            Add(new Fault($"{kind} 0 of the container is not mapped")
            {
                Field = field,
                Hint = "the container is set up as its root: add a range with containerID 0",
            });
        }
    }

    private bool TooMany(IdMapping[] mappings, string field)
    {
        if (mappings.Length <= MaximumMappings)
            return false;
        Add(new Fault($"{mappings.Length} ranges are too many")
        {
            Field = field,
            Hint = "the kernel takes at most 340; join adjacent ones",
        });
        return true;
    }

    private void Range(IdMapping[] mappings, int index, string field)
    {
        IdMapping range = mappings[index];
        if (range.Size == 0)
        {
            Add(new Fault("an empty range maps nothing")
            {
                Field = $"{field}[{index}].size",
                Value = "0",
                Hint = "use 1 or more, or remove the range",
            });
            return;
        }

        // Id 4294967295 is no id, so neither is a range's end behind it.
        Fits(range.ContainerId, range.Size, field, index, "containerID");
        Fits(range.HostId, range.Size, field, index, "hostID");
        bool container = false;
        bool host = false;
        for (int i = 0; i < index && !(container && host); i++)
        {
            if (!container && Overlap(range.ContainerId, range.Size, mappings[i].ContainerId, mappings[i].Size))
            {
                container = true;
                Overlapping(field, index, "containerID", range.ContainerId, i);
            }

            if (!host && Overlap(range.HostId, range.Size, mappings[i].HostId, mappings[i].Size))
            {
                host = true;
                Overlapping(field, index, "hostID", range.HostId, i);
            }
        }
    }

    private void Fits(uint first, uint size, string field, int index, string side)
    {
        if ((ulong)first + size <= uint.MaxValue)
            return;
        Add(new Fault($"a range of {size} from here ends beyond the last id")
        {
            Field = $"{field}[{index}].{side}",
            Value = first.ToString(),
            Hint = "the last id is 4294967294; lower the size",
        });
    }

    private void Overlapping(string field, int index, string side, uint first, int other) =>
        Add(new Fault($"the range overlaps that of {field}[{other}]")
        {
            Field = $"{field}[{index}].{side}",
            Value = first.ToString(),
            Hint = "every id may be mapped once",
        });

    private static bool Overlap(uint first, uint size, uint otherFirst, uint otherSize) =>
        size != 0 && otherSize != 0 && first < (ulong)otherFirst + otherSize && otherFirst < (ulong)first + size;

    /// <summary>Whether an id is mapped, or the list has findings of its own that one for every id would hide.</summary>
    private static bool IsUsable(uint id, IdMapping[] mappings) =>
        mappings.Length is 0 or > MaximumMappings || IsMapped(id, mappings);

    /// <summary>Whether an id of the container lies in one of the ranges.</summary>
    private static bool IsMapped(uint id, IdMapping[] mappings)
    {
        foreach (IdMapping range in mappings)
        {
            if (id >= range.ContainerId && id - range.ContainerId < range.Size)
                return true;
        }

        return false;
    }
}
