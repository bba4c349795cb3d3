using OciRun.Spec;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>state ID</c> (features.md 1.11, 4.1).</summary>
internal static class State
{
    public static Verb Describe() => new()
    {
        Name = "state",
        Summary = "print the state of a container as JSON",
        Synopsis = "ID",
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("state box1", "its status, pid and bundle"),
        ],
        SeeAlso = ["list", "ps"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        using ContainerDirectory directory = StateRoot.FindContainer(arguments.Globals.Root, arguments.Positional[0]);
        ContainerRecord record = directory.Load() ?? throw StateRoot.Missing(directory.Id);
        Output.Write(StateWriter.State(Document(directory, record, "")));
        return 0;
    }

    /// <summary>The state as of now.</summary>
    internal static StateDocument Document(ContainerDirectory directory, ContainerRecord record, string owner)
    {
        ContainerStatus status = Status.Of(directory, record);
        return new StateDocument(
            Version.Specification,
            record.Id,
            status == ContainerStatus.Stopped ? 0 : record.Pid,
            Status.Name(status),
            record.Bundle,
            record.Rootfs,
            record.Created,
            record.Annotations,
            owner);
    }
}
