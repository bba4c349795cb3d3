using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>events ID</c> (features.md 1.16).</summary>
internal static class Events
{
    public static Verb Describe() => new()
    {
        Name = "events",
        Summary = "print what a container uses, and when it runs out of memory",
        Synopsis = "ID",
        Description =
            "Writes one JSON object a line: 'stats' after every interval, and 'oom' when the kernel has killed a process of "
            + "the container for want of memory. Ends when no process of the container is left, or nobody reads.\n\n"
            + "With --format prometheus it writes the statistics once in the text format of Prometheus, of all containers "
            + "when no ID is given.",
        Options =
        [
            new Option("interval", OptionKind.Text, "time between statistics, such as 500ms or 1m") { Value = "TIME", Default = "5s" },
            new Option("stats", OptionKind.Flag, "print the statistics once"),
            new Option("format", OptionKind.Text, "print JSON or the text format of Prometheus")
            {
                Letter = 'f',
                Value = "FORMAT",
                Default = "json",
                Words = ["json", "prometheus"],
            },
        ],
        TakesContainer = true,
        Maximum = 1,
        Examples =
        [
            new("events --stats box1", "what it uses now"),
            new("events --interval 1s box1", "every second"),
            new("events --format prometheus", "all containers, for a collector"),
        ],
        SeeAlso = ["top", "update"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string format = arguments.Text("format") ?? "json";
        if (format is not ("json" or "prometheus"))
            throw Usage.Fault(new Fault("invalid format option") { Field = "--format", Value = format, Hint = "use json or prometheus" });
        long interval = Interval(arguments);
        if (format == "prometheus")
        {
            if (arguments.Raw("interval") is not null)
                throw Usage.Fault(new Fault("--interval does not go with --format prometheus") { Hint = "it is written once; call it again" });
            Output.Write(Prometheus.Write(ContainerSample.Collect(arguments.Globals.Root, arguments.Positional)));
            return 0;
        }

        if (arguments.Positional.Length == 0)
            throw Usage.Fault(new Fault("\"events\" requires exactly 1 argument(s)") { Hint = Usage.Advice(arguments.Verb) });
        using ContainerDirectory directory = StateRoot.FindContainer(arguments.Globals.Root, arguments.Positional[0]);
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(directory.Id);
        if (Status.Of(directory, record) == ContainerStatus.Stopped)
            throw NotRunning(record.Id);
        using Fd cgroup = ContainerCgroup.Open(record);
        if (arguments.Flag("stats"))
        {
            Output.Write(Stats(cgroup.Number, record) ?? throw NotRunning(record.Id));
            return 0;
        }

        using EventStream stream = new(cgroup.Number, record);
        stream.Follow(interval);
        return 0;
    }

    /// <summary>Value of <c>--interval</c> in nanoseconds.</summary>
    internal static long Interval(Arguments arguments)
    {
        long interval = Duration.Parse(arguments.Text("interval") ?? "5s", "interval");
        return interval > 0 ? interval : throw Usage.Fault(new Fault("duration interval must be greater than 0") { Field = "--interval" });
    }

    /// <summary>The record of now; null when the cgroup is gone.</summary>
    internal static byte[]? Stats(int cgroup, ContainerRecord record)
    {
        if (Statistics.Read(cgroup) is not { } statistics)
            return null;
        ResctrlStatistics? resctrl = record.ResctrlGroup is { } group && ResctrlTree.Find() is { } tree
            ? ResctrlStatistics.Read(tree, group, record.ResctrlMonitored ? record.Id : null)
            : null;
        return EventsJson.Stats(record.Id, statistics, resctrl);
    }

    private static FaultException NotRunning(string id) => new(new Fault($"container with id {id} is not running")
    {
        Code = "container-not-running",
    });
}
