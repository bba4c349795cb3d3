using System.Globalization;
using OciRun.Errors;
using OciRun.Launch;

namespace OciRun.Commands;

/// <summary><c>checkpoint ID</c> (features.md 1.19).</summary>
internal static class Checkpoint
{
    private const string DefaultImagePath = "checkpoint";

    public static Verb Describe() => new()
    {
        Name = "checkpoint",
        Summary = "save a running container to files, through CRIU",
        Synopsis = "ID",
        Description =
            "Writes the container's processes, memory and open files to a directory, from which 'restore' makes a container "
            + "that goes on where this one was. Without --leave-running the container is deleted then. When it fails, the "
            + "container goes on as before, and dump.log says why.\n\n"
            + "The program criu, 3.0 or newer, has to be in PATH. Bind mounts, joined network and pid namespaces and "
            + "the root file system are not saved: they must be there again for the restore.",
        Options =
        [
            .. CommonFlags("images are written to this directory", "dump.log"),
            new Option("parent-path", OptionKind.Text, "older images of a pre-dump, relative to the image path") { Value = "DIR" },
            new Option("leave-running", OptionKind.Flag, "let the container go on afterwards"),
            new Option("tcp-skip-in-flight", OptionKind.Flag, "leave out TCP connections that are not established yet"),
            new Option("link-remap", OptionKind.Flag, "give files that are open but deleted a name for the time between"),
            new Option("status-fd", OptionKind.Number, "write a NUL to this descriptor when --lazy-pages is ready") { Value = "FD" },
            new Option("page-server", OptionKind.Text, "send the memory to the page server there") { Value = "ADDRESS:PORT" },
            new Option("pre-dump", OptionKind.Flag, "write the memory only, and let the container go on"),
        ],
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("checkpoint --image-path /srv/image box1", "save it and delete it"),
            new("checkpoint --leave-running box1", "save it to ./checkpoint and let it go on"),
        ],
        SeeAlso = ["restore"],
        Execute = static arguments =>
        {
            ContainerCheckpoint.Run(arguments.Globals.Root, arguments.Positional[0], Read(arguments));
            return 0;
        },
    };

    /// <summary>What checkpoint and restore have in common.</summary>
    internal static Option[] CommonFlags(string images, string log) =>
    [
        new Option("image-path", OptionKind.Directory, images) { Value = "DIR", Default = "./" + DefaultImagePath },
        new Option("work-path", OptionKind.Directory, $"write {log} to this directory")
        {
            Value = "DIR",
            Default = "the image path",
        },
        new Option("tcp-established", OptionKind.Flag, "allow established TCP connections"),
        new Option("ext-unix-sk", OptionKind.Flag, "allow unix sockets that are connected to the outside"),
        new Option("shell-job", OptionKind.Flag, "allow processes of a session that began outside"),
        new Option("lazy-pages", OptionKind.Flag, "send memory when it is needed"),
        new Option("file-locks", OptionKind.Flag, "allow file locks"),
        new Option("manage-cgroups-mode", OptionKind.Text, "what CRIU does with cgroups")
        {
            Value = "MODE",
            Default = "soft",
            Words = ["soft", "full", "strict", "ignore"],
        },
        new Option("empty-ns", OptionKind.Text, "make this namespace again but not its content; repeat it")
        {
            Value = "TYPE",
            IsRepeatable = true,
            Words = ["network"],
        },
        new Option("auto-dedup", OptionKind.Flag, "take memory that was read again out of older images"),
        new Option("network-lock", OptionKind.Text, "how connections are held meanwhile")
        {
            Value = "METHOD",
            Default = "iptables",
            Words = ["iptables", "nftables", "skip"],
        },
    ];

    private static CriuFlags Read(Arguments arguments) => Common(arguments) with
    {
        ParentPath = arguments.Text("parent-path"),
        LeaveRunning = arguments.Flag("leave-running"),
        TcpSkipInFlight = arguments.Flag("tcp-skip-in-flight"),
        LinkRemap = arguments.Flag("link-remap"),
        StatusFd = arguments.Text("status-fd") is null ? -1 : arguments.Number("status-fd"),
        PageServer = PageServer(arguments.Text("page-server")),
        PreDump = arguments.Flag("pre-dump"),
    };

    /// <summary>The values of <see cref="CommonFlags"/>.</summary>
    internal static CriuFlags Common(Arguments arguments)
    {
        foreach (string type in arguments.All("empty-ns"))
        {
            if (type != "network")
                throw new FaultException(new Fault($"namespace \"{type}\" is not supported") { Field = "--empty-ns", Hint = "use network" });
        }

        return new CriuFlags
        {
            ImagePath = arguments.Path("image-path") ?? Paths.Absolute(DefaultImagePath, "--image-path"),
            WorkPath = arguments.Path("work-path"),
            TcpEstablished = arguments.Flag("tcp-established"),
            ExtUnixSk = arguments.Flag("ext-unix-sk"),
            ShellJob = arguments.Flag("shell-job"),
            LazyPages = arguments.Flag("lazy-pages"),
            FileLocks = arguments.Flag("file-locks"),
            CgroupMode = CgroupMode(arguments.Text("manage-cgroups-mode")),
            AutoDedup = arguments.Flag("auto-dedup"),
            NetworkLock = NetworkLock(arguments.Text("network-lock")),
        };
    }

    internal static CriuCgroupMode CgroupMode(string? mode) => mode switch
    {
        null => CriuCgroupMode.Default,
        "soft" => CriuCgroupMode.Soft,
        "full" => CriuCgroupMode.Full,
        "strict" => CriuCgroupMode.Strict,
        "ignore" => CriuCgroupMode.Ignore,
        _ => throw new FaultException(new Fault("invalid manage-cgroups-mode value")
        {
            Field = "--manage-cgroups-mode",
            Value = mode,
            Hint = "use soft, full, strict or ignore",
        }),
    };

    /// <summary>ADDRESS:PORT, an address of IPv6 in brackets.</summary>
    internal static (string Address, int Port)? PageServer(string? text)
    {
        if (text is null)
            return null;
        int colon = text.LastIndexOf(':');
        string address = colon < 0 ? "" : text[..colon];
        string port = colon < 0 ? "" : text[(colon + 1)..];
        if (address.StartsWith('[') && address.EndsWith(']'))
            address = address[1..^1];
        else if (address.Contains(':', System.StringComparison.Ordinal))
            address = "";
        if (address.Length == 0 || port.Length == 0)
        {
            throw new FaultException(new Fault("Use --page-server ADDRESS:PORT to specify page server")
            {
                Field = "--page-server",
                Value = text,
            });
        }

        if (ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0)
            return (address, number);
        throw new FaultException(new Fault("Invalid port number") { Field = "--page-server", Value = text, Hint = "use a number from 1 to 65535" });
    }

    private static CriuNetworkLock? NetworkLock(string? method) => method switch
    {
        null => null,
        "iptables" => CriuNetworkLock.Iptables,
        "nftables" => CriuNetworkLock.Nftables,
        "skip" => CriuNetworkLock.Skip,
        _ => throw new FaultException(new Fault("invalid network-lock value")
        {
            Field = "--network-lock",
            Value = method,
            Hint = "use iptables, nftables or skip",
        }),
    };
}
