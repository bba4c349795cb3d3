using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.State;

internal sealed partial class ContainerDirectory
{
    private const int LargestHooks = ConfigReader.MaximumSize;

    private static System.ReadOnlySpan<byte> HooksName => "hooks.json"u8;

    /// <summary>Keeps the hooks that later commands run, for the bundle may have changed or be gone by then.</summary>
    /// <exception cref="FaultException">The disk is full.</exception>
    public void SaveHooks(Hooks hooks)
    {
        int fd = Sys.openat(Number, HooksName, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW, 0x180 /* 0600 */);
        int result = fd < 0 ? fd : Sys.WriteAll(fd, HooksWriter.Write(hooks));
        if (fd >= 0)
            Sys.close(fd);
        if (result < 0)
            throw Failed("cannot save the container's hooks", fd < 0 ? "openat" : "write", result);
    }

    /// <summary>The hooks that were kept, null when there are none.</summary>
    /// <exception cref="FaultException">They are damaged, or cannot be read.</exception>
    public Hooks? LoadHooks()
    {
        byte[]? json = Sys.ReadFile(Number, HooksName, LargestHooks, out int errno);
        if (json is not null)
            return ConfigReader.ReadHooks(json, "hooks.json");
        return errno == Errno.ENOENT ? null : throw Failed("cannot read the container's hooks", "openat", -errno);
    }
}
