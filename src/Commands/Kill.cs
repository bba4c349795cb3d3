using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>kill ID [SIGNAL]</c> (features.md 1.9).</summary>
internal static class Kill
{
    private const string NotRunningCode = "container-not-running";

    public static Verb Describe() => new()
    {
        Name = "kill",
        Summary = "send a signal to a container",
        Synopsis = "ID [SIGNAL]",
        Description =
            "Sends the signal, TERM by default, to the container's first process. KILL reaches every process of a "
            + "container that has no pid namespace of its own.\n\n"
            + "With --regex, containers that have ended are passed over, and it is a success when none matches.\n\n"
            + "SIGNAL is a number or a name in any case, with or without SIG; RTMIN+n and RTMAX-n are known too.",
        Options =
        [
            new Option("all", OptionKind.Flag, "signal every process of the container; none left is a success") { Letter = 'a' },
            IdPattern.Option(),
        ],
        TakesContainer = true,
        Takes = [ArgumentKind.Container, ArgumentKind.Signal],
        StopsAtArgument = true,
        Minimum = 1,
        Maximum = 2,
        Examples =
        [
            new("kill box1", "ask its first process to end"),
            new("kill box1 KILL", "end it"),
            new("kill --regex '^web-' HUP", "all containers whose ids begin with web-"),
        ],
        SeeAlso = ["delete", "pause"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string id = arguments.Positional[0];
        string? root = arguments.Globals.Root;
        bool all = arguments.Flag("all");
        bool matches = arguments.Flag("regex");
        if (!matches)
            ContainerId.Check(id);
        int signal = Signals.Parse(arguments.Positional.Length > 1 ? arguments.Positional[1] : "TERM");
        if (matches)
            IdPattern.ForEach(root, id, match => SendIfRunning(root, match, signal, all));
        else
            Send(root, id, signal, all);
        return 0;
    }

    // A container that has ended is none of those that were meant.
    private static void SendIfRunning(string? root, string id, int signal, bool all)
    {
        try
        {
            Send(root, id, signal, all);
        }
        catch (FaultException e) when (e.Fault.Code == NotRunningCode)
        {
            Log.Debug(e.Fault.Text());
        }
    }

    private static void Send(string? root, string id, int signal, bool all)
    {
        Trace.Phase("state");
        using ContainerDirectory directory = StateRoot.FindContainer(root, id);
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(id);
        Trace.Phase("signal");
        Send(directory, record, signal, all);
    }

    private static void Send(ContainerDirectory directory, ContainerRecord record, int signal, bool all)
    {
        using Fd? init = Liveness.Open(record);
        if (init is null && !all)
            throw NotRunning(record.Id);

        // Without the lock, a delete and a new create in between could put another container into that cgroup.
        bool everybody = record.CgroupPath is not null && (all || (signal == Signals.Kill && !record.OwnPidNamespace));
        if (everybody)
            directory.Lock();
        if (everybody && signal != Signals.Kill)
        {
            Teardown.SignalAll(record, signal, () => SignalInit(init, record.Id, signal, all));
            return;
        }

        if (everybody)
            Teardown.KillCgroup(record);
        SignalInit(init, record.Id, signal, all);

        // A frozen cgroup lets its processes be killed, but would stay frozen for the next one made there.
        if (signal == Signals.Kill)
            Teardown.Thaw(record);
    }

    private static void SignalInit(Fd? init, string id, int signal, bool all)
    {
        if (init is null)
            return;
        int result = Sys.pidfd_send_signal(init.Number, signal);
        if (result == 0 || (result == -Errno.ESRCH && all))
            return;
        if (result == -Errno.ESRCH)
            throw NotRunning(id);
        throw new FaultException(new Fault("cannot signal the container")
        {
            Field = "container",
            Value = id,
            Syscall = "pidfd_send_signal",
            Errno = -result,
        });
    }

    // Both phrases are matched on: one by containerd, the other by CRI-O (callers.md §13).
    private static FaultException NotRunning(string id) => new(new Fault("container not running: no such process")
    {
        Field = "container",
        Value = id,
        Code = NotRunningCode,
    });
}
