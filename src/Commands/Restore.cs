using OciRun.Errors;
using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>restore ID</c> (features.md 1.20).</summary>
internal static class Restore
{
    public static Verb Describe() => new()
    {
        Name = "restore",
        Summary = "make a container from a checkpoint, through CRIU",
        Synopsis = "ID",
        Description =
            "Makes a container of the bundle whose processes are those that 'checkpoint' saved; they go on where they were. "
            + "Cgroup, limits, hooks and mounts come from config.json, as with 'run', and so does what is done without "
            + "--detach: signals and the terminal are passed on until the process ends. When it fails nothing is left, and "
            + "restore.log says why.\n\n"
            + "Pipes that were standard input, output or error are replaced by those of this command.",
        Options =
        [
            .. Checkpoint.CommonFlags("read the images from this directory", "restore.log"),
            Create.BundleOption(),
            new Option("console-socket", OptionKind.File, "unix socket that is sent the terminal") { Value = "SOCKET" },
            new Option("pid-file", OptionKind.File, "write the process id to this file") { Value = "FILE" },
            new Option("detach", OptionKind.Flag, "return as soon as the processes run") { Letter = 'd' },
            new Option("no-subreaper", OptionKind.Flag, "do not adopt the process's orphans"),
            new Option("tcp-close", OptionKind.Flag, "restore established TCP connections as closed ones"),
            new Option("lsm-profile", OptionKind.Text, "profile of AppArmor or label of SELinux instead of the saved one")
            {
                Value = "TYPE:NAME",
            },
            new Option("lsm-mount-context", OptionKind.Text, "label of SELinux for mounts instead of the saved one") { Value = "CONTEXT" },
            new Option("no-pivot", OptionKind.Flag, "not used") { IsHidden = true },
            new Option("no-new-keyring", OptionKind.Flag, "not used") { IsHidden = true },
            new Option("parent-path", OptionKind.Text, "not used") { Value = "DIR", IsHidden = true },
        ],
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("restore --image-path /srv/image --bundle /srv/box box1", "let it go on where it was"),
            new("restore --detach --bundle /srv/box box1", "from ./checkpoint, and leave it running"),
        ],
        ExitStatus = "The status of the container's process, or 128 and the signal's number when a signal killed it; 1 when the command itself failed. 0 with --detach.",
        SeeAlso = ["checkpoint", "run"],
        Execute = static arguments =>
        {
            string id = arguments.Positional[0];
            ContainerId.Check(id);
            return Launcher.Restore(
                new LaunchOptions
                {
                    Id = id,
                    Bundle = Create.Bundle(arguments),
                    Root = arguments.Globals.Root,
                    ConsoleSocket = arguments.Path("console-socket"),
                    PidFile = arguments.Path("pid-file"),
                    NoNewKeyring = arguments.Flag("no-new-keyring"),
                    NoSubreaper = arguments.Flag("no-subreaper"),
                    Detach = arguments.Flag("detach"),
                    SystemdCgroup = arguments.Globals.SystemdCgroup,
                    CgroupManager = arguments.Globals.CgroupManager,
                    Rootless = arguments.Globals.Rootless,
                    Debug = arguments.Globals.Debug,
                },
                Checkpoint.Common(arguments) with
                {
                    TcpClose = arguments.Flag("tcp-close"),
                    LsmProfile = Profile(arguments.Text("lsm-profile")),
                    LsmMountContext = arguments.Text("lsm-mount-context"),
                });
        },
    };

    private static string? Profile(string? text)
    {
        if (text is null || text.StartsWith("apparmor:", System.StringComparison.Ordinal) || text.StartsWith("selinux:", System.StringComparison.Ordinal))
            return text;
        throw new FaultException(new Fault("not a profile of a security module")
        {
            Field = "--lsm-profile",
            Value = text,
            Hint = "use apparmor:NAME or selinux:LABEL",
        });
    }
}
