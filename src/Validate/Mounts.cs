using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Mounts()
    {
        Mount[] mounts = _config.Mounts ?? [];
        for (int i = 0; i < mounts.Length; i++)
        {
            Mount mount = mounts[i];
            if (mount.Destination.IsEmpty)
            {
                Add(new Fault("missing")
                {
                    Field = $"mounts[{i}].destination",
                    Hint = "name the mount point inside the container",
                });
            }
            if (mount.Type.IsEmpty && !IsBind(mount))
            {
                Add(new Fault("missing")
                {
                    Field = $"mounts[{i}].type",
                    Hint = "name a file system type, or add the bind option",
                });
            }
            if (mount.Type.Is("cgroup"u8) || mount.Type.Is("cgroup2"u8))
                CgroupOptions(mount.Options ?? [], i);
            MountMappings(mount, i);
            if (_facts.RootlessEuid && MapsIds)
                IdOptions(mount.Options ?? [], i);
        }
    }

    // No word takes this one back (mount(8)).
    private static bool IsBind(Mount mount)
    {
        foreach (Utf8 option in mount.Options ?? [])
        {
            if (option.Is("bind"u8) || option.Is("rbind"u8))
                return true;
        }

        return false;
    }
}
