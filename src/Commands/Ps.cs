using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>ps ID [ps options]</c> (features.md 1.13).</summary>
internal static unsafe class Ps
{
    public static Verb Describe() => new()
    {
        Name = "ps",
        Summary = "list the processes of a container",
        Synopsis = "ID [ps options]",
        Description =
            "The table is that of the host's ps, run with the options after ID, -ef without any, and reduced to the "
            + "container's processes; it needs the column PID. JSON is an array of pids.\n\n"
            + "Processes are those of the container's cgroup and of the cgroups below it.",
        Options =
        [
            new Option("format", OptionKind.Text, "print a table or JSON")
            {
                Letter = 'f',
                Value = "FORMAT",
                Default = "table",
                Words = ["table", "json"],
            },
        ],
        TakesContainer = true,
        StopsAtArgument = true,
        Minimum = 1,
        Examples =
        [
            new("ps box1", "the processes of a container"),
            new("ps box1 -o pid,stat,args", "with columns of one's own"),
            new("ps --format json box1", "their pids"),
        ],
        SeeAlso = ["top", "exec"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string format = arguments.Text("format") ?? "table";
        if (format is not ("table" or "json"))
            throw Usage.Fault(new Fault("invalid format option") { Field = "--format", Value = format, Hint = "use table or json" });
        using ContainerDirectory directory = StateRoot.FindContainer(arguments.Globals.Root, arguments.Positional[0]);
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(directory.Id);
        using Fd cgroup = ContainerCgroup.Open(record);
        int[] pids = CgroupMembers.Pids(cgroup.Number);
        Output.Write(format == "json" ? Json(pids) : PsTable.Filter(HostTable(arguments.Positional[1..]), pids));
        return 0;
    }

    internal static byte[] Json(int[] pids)
    {
        JsonText json = new();
        json.Array();
        foreach (int pid in pids)
            json.Value(pid);
        return json.EndArray().Newline().ToArray();
    }

    private static byte[] HostTable(string[] options)
    {
        Utf8 program = Spawn.Find("ps") ?? throw new FaultException(new Fault("ps: executable file not found in $PATH")
        {
            Hint = "install it (package procps), or use --format json",
        });
        List<Utf8> argv = ["ps"];
        foreach (string option in options.Length > 0 ? options : ["-ef"])
            argv.Add(option);
        using Arena arena = new();
        int status = Spawn.Capture(arena.Text(program), arena.Vector(argv), arena.Vector(RuntimeHooks.OwnEnvironment()),
            out byte[]? output, out byte[]? errors);
        if (status == 0 && output is not null)
            return output;
        string said = Encoding.UTF8.GetString(errors ?? []).Split('\n', StringSplitOptions.RemoveEmptyEntries) is [{ } first, ..] ? ": " + first : "";
        throw new FaultException(new Fault(status == 0 ? "ps writes too much" : $"ps failed with exit status {status}{said}")
        {
            Hint = "what follows the container's id is passed to ps",
        });
    }
}
