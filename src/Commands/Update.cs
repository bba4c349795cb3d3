using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>update ID</c> (features.md 1.15).</summary>
internal static partial class Update
{
    private const int Stdin = 0;
    private const int LargestDocument = 16 << 20;

    public static Verb Describe() => new()
    {
        Name = "update",
        Summary = "change the limits of a container",
        Synopsis = "ID",
        Description =
            "Changes what is given and leaves the rest. When one value is refused, none is changed.\n\n"
            + "With --resources the new values come from a document in the form of linux.resources, and the other options "
            + "but those of Intel RDT are ignored. Its device rules replace the old ones.\n\n"
            + "Sizes are in bytes, or with k, m, g or t behind them in powers of 1024; -1 is unlimited.",
        Options =
        [
            new Option("resources", OptionKind.File, "read a linux.resources document, - for standard input") { Letter = 'r', Value = "FILE" },
            new Option("blkio-weight", OptionKind.Text, "share of block I/O, 10 to 1000") { Value = "WEIGHT" },
            new Option("cpu-period", OptionKind.Text, "period of the CPU quota, in microseconds") { Value = "MICROSECONDS" },
            new Option("cpu-quota", OptionKind.Text, "CPU time in a period, in microseconds; -1 is unlimited") { Value = "MICROSECONDS" },
            new Option("cpu-burst", OptionKind.Text, "CPU time saved up for later periods, in microseconds") { Value = "MICROSECONDS" },
            new Option("cpu-share", OptionKind.Text, "share of CPU time beside others, 1024 by default") { Value = "SHARES" },
            new Option("cpu-rt-period", OptionKind.Text, "ignored: cgroup v2 has no such limit") { Value = "MICROSECONDS", IsHidden = true },
            new Option("cpu-rt-runtime", OptionKind.Text, "ignored: cgroup v2 has no such limit") { Value = "MICROSECONDS", IsHidden = true },
            new Option("cpuset-cpus", OptionKind.Text, "processors to run on: 0-1,3") { Value = "LIST" },
            new Option("cpuset-mems", OptionKind.Text, "memory nodes to use: 0-1,3") { Value = "LIST" },
            new Option("cpu-idle", OptionKind.Text, "1 runs only when nothing else does, 0 as usual") { Value = "0|1" },
            new Option("memory", OptionKind.Text, "memory limit") { Value = "SIZE" },
            new Option("memory-reservation", OptionKind.Text, "memory that is not reclaimed before that of others") { Value = "SIZE" },
            new Option("memory-swap", OptionKind.Text, "limit of memory and swap together") { Value = "SIZE" },
            new Option("kernel-memory", OptionKind.Text, "ignored: --memory covers it") { Value = "SIZE", IsHidden = true },
            new Option("kernel-memory-tcp", OptionKind.Text, "ignored: --memory covers it") { Value = "SIZE", IsHidden = true },
            new Option("pids-limit", OptionKind.Text, "most processes and threads; -1 is unlimited") { Value = "NUMBER" },
            new Option("l3-cache-schema", OptionKind.Text, "Intel RDT: schema of the L3 cache") { Value = "SCHEMA" },
            new Option("mem-bw-schema", OptionKind.Text, "Intel RDT: schema of the memory bandwidth") { Value = "SCHEMA" },
        ],
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("update --memory 512m --pids-limit 100 box1", "change two limits"),
            new("update --resources - box1", "take a document from standard input"),
        ],
        SeeAlso = ["events", "create"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        ContainerId.Check(arguments.Positional[0]);
        LinuxResources resources = arguments.Text("resources") is { } file ? ReadDocument(file) : FromFlags(arguments);
        IntelRdt? rdt = ReadSchemas(arguments);
        Trace.Phase("state");
        using ContainerDirectory directory = StateRoot.FindContainer(arguments.Globals.Root, arguments.Positional[0]);
        directory.Lock();
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(directory.Id);
        if (Status.Of(directory, record) is ContainerStatus.Stopped or ContainerStatus.Creating)
        {
            throw new FaultException(new Fault("container not running")
            {
                Field = "container",
                Value = directory.Id,
                Code = "container-not-running",
            });
        }

        Trace.Phase("limits");
        LinuxDevice[]? nodes = resources.Devices is null ? null : directory.LoadConfig().Linux?.Devices;
        new ContainerUpdate(record, resources, nodes, rdt).Run();
        return 0;
    }

    private static LinuxResources ReadDocument(string file)
    {
        int errno;
        byte[]? json = file == "-"
            ? Sys.ReadToEnd(Stdin, LargestDocument, out errno)
            : Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(Paths.Absolute(file, "--resources")), LargestDocument, out errno);
        if (json is not null)
            return ConfigReader.ReadResources(json, file == "-" ? "standard input" : file);
        throw new FaultException(new Fault("cannot read the resources") { Field = "--resources", Value = file, Syscall = "read", Errno = errno });
    }

    private static IntelRdt? ReadSchemas(Arguments arguments)
    {
        string? cache = arguments.Text("l3-cache-schema");
        string? bandwidth = arguments.Text("mem-bw-schema");
        if (cache is null && bandwidth is null)
            return null;
        return new IntelRdt
        {
            L3CacheSchema = cache is null ? default : new Utf8(cache),
            MemBwSchema = bandwidth is null ? default : new Utf8(bandwidth),
        };
    }
}
