using System;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>create ID</c> (features.md 1.6).</summary>
internal static class Create
{
    public static Verb Describe() => new()
    {
        Name = "create",
        Summary = "create a container",
        Synopsis = "ID",
        Description =
            "Makes the container that config.json of the bundle describes. Its process exists, with everything set "
            + "up, and waits; 'start' lets it run.\n\n"
            + "The process takes over standard input, output and error of this command, unless it has a terminal: "
            + "then the terminal is sent to the console socket.",
        Options =
        [
            .. LaunchFlags(),
            new Option("no-subreaper", OptionKind.Flag, "not used") { IsHidden = true },
            new Option("detach", OptionKind.Flag, "not used") { Letter = 'd', IsHidden = true },
        ],
        Minimum = 1,
        Maximum = 1,
        FailurePrefix = $"{Table.Program} create failed: ",
        Examples =
        [
            new("create --bundle /srv/box box1", "make the container box1"),
            new("create --bundle /srv/box --console-socket /run/box.sock box1", "with a terminal, which the socket is sent"),
        ],
        SeeAlso = ["start", "run", "delete", "spec"],
        Execute = static arguments => Launcher.Create(Read(arguments)),
    };

    /// <summary>What create and run have in common.</summary>
    internal static Option[] LaunchFlags() =>
    [
        BundleOption(),
        new Option("config", OptionKind.Text, "name of the configuration file in the bundle")
        {
            Letter = 'f',
            Value = "FILE",
            Default = "config.json",
        },
        .. LayerFlags(),
        new Option("console-socket", OptionKind.File, "unix socket that is sent the terminal") { Value = "SOCKET" },
        new Option("pidfd-socket", OptionKind.File, "unix socket that is sent a pidfd of the process") { Value = "SOCKET" },
        new Option("pid-file", OptionKind.File, "write the process id to this file") { Value = "FILE" },
        new Option("no-pivot", OptionKind.Flag, "change the root by chroot, for a root on a ramdisk"),
        new Option("no-new-keyring", OptionKind.Flag, "keep the caller's session keyring"),
        new Option("preserve-fds", OptionKind.Number, "pass this many descriptors on, from 3")
        {
            Value = "N",
            Default = "0",
        },
    ];

    internal static Option BundleOption() => new("bundle", OptionKind.Directory, "directory with config.json")
    {
        Letter = 'b',
        Value = "DIR",
        Default = "the working directory",
    };

    /// <summary>The layers of a root file system, for every verb that looks at a bundle.</summary>
    internal static Option[] LayerFlags() =>
    [
        new Option("layer", OptionKind.Directory, "directory of a layered root file system, the top-most first; repeat it")
        {
            Value = "DIR",
            IsRepeatable = true,
        },
        new Option("upper", OptionKind.Directory, "keep what the container writes in this directory") { Value = "DIR" },
        new Option("work", OptionKind.Directory, "scratch directory of the kernel beside the one of --upper") { Value = "DIR" },
        new Option("ephemeral", OptionKind.Flag, "drop what the container writes to its layers"),
    ];

    /// <summary>What the layer flags say. Their paths are relative to the bundle, as those of the annotations are.</summary>
    internal static RootLayers? Layers(Arguments arguments) => RootLayers.FromFlags(
        arguments.All("layer"), arguments.Text("upper"), arguments.Text("work"), arguments.Flag("ephemeral"));

    /// <summary>The launch part of a command line; options that only <c>run</c> has keep their defaults.</summary>
    internal static LaunchOptions Read(Arguments arguments)
    {
        string id = arguments.Positional[0];
        ContainerId.Check(id);
        return new LaunchOptions
        {
            Id = id,
            Bundle = Bundle(arguments),
            Root = arguments.Globals.Root,
            ConfigFile = arguments.Text("config") ?? "config.json",
            Layers = Layers(arguments),
            ConsoleSocket = arguments.Path("console-socket"),
            PidfdSocket = arguments.Path("pidfd-socket"),
            PidFile = arguments.Path("pid-file"),
            NoPivot = arguments.Flag("no-pivot"),
            NoNewKeyring = arguments.Flag("no-new-keyring"),
            PreserveFds = arguments.Number("preserve-fds"),
            NoSubreaper = arguments.Flag("no-subreaper"),
            SystemdCgroup = arguments.Globals.SystemdCgroup,
            CgroupManager = arguments.Globals.CgroupManager,
            Rootless = arguments.Globals.Rootless,
            Debug = arguments.Globals.Debug,
        };
    }

    // The path is shown to callers by 'state', so ".." is resolved while the links it passes are those of now.
    internal static string Bundle(Arguments arguments)
    {
        string? given = arguments.Path("bundle");
        if (given is null)
            return Paths.WorkingDirectory("--bundle");
        if (!given.Contains("/..", StringComparison.Ordinal))
            return given;
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(given), Uapi.O_PATH | Uapi.O_DIRECTORY));
        Span<byte> path = stackalloc byte[4096];
        int length = directory.Number < 0
            ? directory.Number
            : Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes($"/proc/self/fd/{directory.Number}"), path);
        return length > 0
            ? Encoding.UTF8.GetString(path[..length])
            : throw new FaultException(new Fault("cannot open the bundle")
            {
                Field = "--bundle",
                Value = given,
                Syscall = "openat",
                Errno = -length,
            });
    }
}
