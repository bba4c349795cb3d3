using OciRun.Filters;
using OciRun.Spec;

namespace OciRun.Launch;

internal sealed partial class Creation
{
    // The rules are for the container's program. They are attached while the child sets up, unless they can forbid
    // what it still does: make a node, or mount the file system of a block device.
    private bool RulesHinderSetup()
    {
        if (DeviceProgram.AllowsByDefault(_config.Linux?.Resources?.Devices))
            return true;
        foreach (Mount mount in _config.Mounts ?? [])
        {
            if (mount.Source.StartsWith("/dev/"u8) && !IsBind(mount))
                return true;
        }

        return false;
    }

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
