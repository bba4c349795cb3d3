using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>Mappings of a mount's ids (config.md, "POSIX-platform Mounts"; crun(1), "idmap mount options").</summary>
internal ref partial struct Rules
{
    private void MountMappings(Mount mount, int index)
    {
        IdMapping[] uids = mount.UidMappings ?? [];
        IdMapping[] gids = mount.GidMappings ?? [];
        bool any = uids.Length + gids.Length > 0;
        int word = MapWord(mount.Options ?? [], out bool custom);
        if (!any && word < 0)
            return;
        string field = uids.Length > 0 || word < 0 && gids.Length == 0 ? $"mounts[{index}].uidMappings"
            : gids.Length > 0 ? $"mounts[{index}].gidMappings" : $"mounts[{index}].options[{word}]";
        if (_facts.RootlessEuid)
        {
            Add(new Fault("id-mapped mounts need root's rights over the file system")
            {
                Field = field,
                Hint = "remove the mapping, or run as root",
            });
            return;
        }

        if (any && (uids.Length == 0 || gids.Length == 0))
        {
            Add(new Fault($"{(uids.Length == 0 ? "gidMappings needs uidMappings" : "uidMappings needs gidMappings")} beside it")
            {
                Field = field,
                Hint = "give both, so that no file belongs to an id that is not mapped",
            });
        }

        if (any && custom)
        {
            Add(new Fault("the mount has two mappings")
            {
                Field = $"mounts[{index}].options[{word}]",
                Value = Shown(mount.Options![word]),
                Hint = "keep the option's ranges, or uidMappings and gidMappings",
            });
        }

        if (!any && !custom && !Has(NamespaceSet.User))
        {
            Add(new Fault("the container has no user namespace whose mapping could be used")
            {
                Field = field,
                Value = Shown(mount.Options![word]),
                Hint = "give the mount uidMappings and gidMappings, or add a user namespace",
            });
        }

        Ranges(uids, $"mounts[{index}].uidMappings");
        Ranges(gids, $"mounts[{index}].gidMappings");
    }

    private void Ranges(IdMapping[] mappings, string field)
    {
        if (TooMany(mappings, field))
            return;
        for (int i = 0; i < mappings.Length; i++)
            Range(mappings, i, field);
    }

    // The last one counts.
    private static int MapWord(Utf8[] options, out bool custom)
    {
        int found = -1;
        custom = false;
        for (int i = 0; i < options.Length; i++)
        {
            Utf8 word = options[i].StartsWith("r"u8) ? options[i].Slice(1) : options[i];
            if (!word.Is("idmap"u8) && !word.StartsWith("idmap="u8))
                continue;
            found = i;
            custom = word.Length > "idmap=".Length;
        }

        return found;
    }
}
