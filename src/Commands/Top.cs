using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary><c>top [ID...]</c>: what containers use, as it changes.</summary>
internal static class Top
{
    // Nanoseconds over which the CPU use of the first table is measured.
    private const long FirstLook = 100_000_000;

    public static Verb Describe() => new()
    {
        Name = "top",
        Summary = "show what containers use, refreshed until q is typed",
        Synopsis = "[ID...]",
        Description =
            "Without an ID it shows all containers below the state root, those that use most CPU time first. 100 % is one "
            + "whole CPU. IO is what was read and written per second. A dash stands for what the kernel does not count, "
            + "because the controller is not enabled.\n\n"
            + "When standard output is no terminal it prints one table, and with --interval one after every interval, until "
            + "nobody reads.",
        Options =
        [
            new Option("interval", OptionKind.Text, "time between tables, such as 500ms or 1m") { Value = "TIME", Default = "2s" },
        ],
        TakesContainer = true,
        Examples =
        [
            new("top", "all containers"),
            new("top --interval 1s box1 box2", "two of them"),
        ],
        SeeAlso = ["events", "ps"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        long interval = Duration.Parse(arguments.Text("interval") ?? "2s", "interval");
        if (interval <= 0)
            throw Usage.Fault(new Fault("duration interval must be greater than 0") { Field = "--interval" });
        TopTable table = new();
        table.Take(Collect(arguments));
        using TopScreen? screen = TopScreen.Open();
        using Fd timer = new(Sys.timerfd_create());
        using TopSignals signals = new();
        Sys.timerfd_settime(timer.Number, System.Math.Min(FirstLook, interval));
        bool first = true;
        while (true)
        {
            TopEvent happened = TopScreen.Wait(screen, timer, signals);
            if (happened == TopEvent.Quit)
                return 0;
            if (happened == TopEvent.Tick)
                table.Take(Collect(arguments));
            bool goesOn = screen is null ? Output.TryWrite(Sys.Bytes(table.Text())) : TopScreen.Show(table);
            if (!goesOn || (screen is null && arguments.Raw("interval") is null))
                return 0;
            if (first)
                Sys.timerfd_settime(timer.Number, interval);
            first = false;
        }
    }

    private static List<ContainerSample> Collect(Arguments arguments) =>
        ContainerSample.Collect(arguments.Globals.Root, arguments.Positional);
}

/// <summary>What ended a wait.</summary>
internal enum TopEvent
{
    /// <summary>It is time for new numbers.</summary>
    Tick,

    /// <summary>The terminal has another size.</summary>
    Resize,

    /// <summary>The user, a signal, or the reader's end.</summary>
    Quit,
}
