using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>mounts add|remove ID FILE</c> (features.md O01).</summary>
internal static class Mounts
{
    private const int Stdin = 0;

    public static Verb Describe() => new()
    {
        Name = "mounts",
        Summary = "add mounts to a container that exists, or remove them",
        Synopsis = "add|remove ID FILE",
        Description =
            "FILE has an array of mounts in the form of config.json, - is standard input. Sources are those of the host, "
            + "relative ones below the bundle. 'add' makes all of them or none; nothing is taken over when the container is "
            + "created again.\n\n"
            + "'remove' takes away what is mounted at each destination, the last first. It follows no symbolic link.\n\n"
            + "Both need a mount namespace of the container's own and Linux 5.12.",
        Words = ["add", "remove"],
        Takes = [ArgumentKind.Word, ArgumentKind.Container, ArgumentKind.File],
        Minimum = 3,
        Maximum = 3,
        Examples =
        [
            new("mounts add box1 mounts.json", "add what the file lists"),
            new("mounts remove box1 mounts.json", "take it away again"),
        ],
        SeeAlso = ["create", "exec"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string action = arguments.Positional[0];
        string id = arguments.Positional[1];
        if (action is not ("add" or "remove"))
            throw Usage.Fault(new Fault($"unknown action \"{action}\"") { Hint = "use add or remove" });
        ContainerId.Check(id);
        SelfCopy.Ensure();
        Mount[] mounts = Read(arguments.Positional[2]);
        if (action == "add")
            LiveMounts.Add(arguments.Globals.Root, id, mounts);
        else
            LiveMounts.Remove(arguments.Globals.Root, id, mounts);
        return 0;
    }

    private static Mount[] Read(string path)
    {
        int fd = path == "-" ? Stdin : Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_NOCTTY);
        int errno = -fd;
        byte[]? json = fd < 0 ? null : Sys.ReadToEnd(fd, ConfigReader.MaximumSize, out errno);
        if (fd > Stdin)
            Sys.close(fd);
        return json is not null
            ? ConfigReader.ReadMounts(json, path == "-" ? "standard input" : path)
            : throw new FaultException(new Fault("cannot read the mounts")
            {
                Field = "FILE",
                Value = path,
                Syscall = fd < 0 ? "openat" : "read",
                Errno = errno,
            });
    }
}
