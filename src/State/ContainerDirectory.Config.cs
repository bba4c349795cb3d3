using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.State;

internal sealed partial class ContainerDirectory
{
    private static System.ReadOnlySpan<byte> ConfigName => "config.json"u8;

    /// <summary>Keeps the config of the moment of creation, for the processes that <c>exec</c> adds (features.md CB08).</summary>
    /// <param name="json">The file as it was read.</param>
    /// <exception cref="FaultException">The disk is full.</exception>
    public void SaveConfig(byte[] json)
    {
        int fd = Sys.openat(Number, ConfigName, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL | Uapi.O_NOFOLLOW, 0x180 /* 0600 */);
        int result = fd < 0 ? fd : Sys.WriteAll(fd, json);
        if (fd >= 0)
            Sys.close(fd);
        if (result < 0)
            throw Failed("cannot keep the container's config", fd < 0 ? "openat" : "write", result);
    }

    /// <summary>The config that was kept.</summary>
    /// <exception cref="FaultException">It is damaged, or cannot be read.</exception>
    public Config LoadConfig()
    {
        int fd = Sys.openat(Number, ConfigName, Uapi.O_RDONLY | Uapi.O_NOFOLLOW | Uapi.O_NONBLOCK | Uapi.O_NOCTTY);
        if (fd < 0)
            throw Failed("cannot read the config that was kept", "openat", fd);
        byte[]? json = Sys.ReadToEnd(fd, ConfigReader.MaximumSize, out int errno);
        Sys.close(fd);
        return json is null
            ? throw Failed("cannot read the config that was kept", "read", -errno)
            : ConfigReader.Read(json, $"{Path}/config.json");
    }
}
