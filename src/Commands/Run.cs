using OciRun.Launch;

namespace OciRun.Commands;

/// <summary><c>run ID</c>: create and start in one (features.md 1.6).</summary>
internal static class Run
{
    public static Verb Describe() => new()
    {
        Name = "run",
        Summary = "create and start a container",
        Synopsis = "ID",
        Description =
            "Makes the container that config.json of the bundle describes and starts its process. Without --detach "
            + "the command passes signals and the terminal on, waits for the process, deletes the container and ends "
            + "with the process's exit status, or 128 and the signal's number when a signal killed it.",
        Options =
        [
            .. Create.LaunchFlags(),
            new Option("detach", OptionKind.Flag, "return as soon as the process runs") { Letter = 'd' },
            new Option("keep", OptionKind.Flag, "do not delete the container when the process has ended"),
            new Option("no-subreaper", OptionKind.Flag, "do not adopt the process's orphans"),
        ],
        Minimum = 1,
        Maximum = 1,
        FailurePrefix = $"{Table.Program} run failed: ",
        Examples =
        [
            new("run --bundle /srv/box box1", "run it and wait for its end"),
            new("run --detach --bundle /srv/box --pid-file /run/box1.pid box1", "leave it running"),
        ],
        ExitStatus = "The status of the container's process, or 128 and the signal's number when a signal killed it; 1 when the command itself failed. 0 with --detach.",
        SeeAlso = ["create", "exec", "delete"],
        Execute = static arguments => Launcher.Run(Create.Read(arguments) with
        {
            Detach = arguments.Flag("detach"),
            Keep = arguments.Flag("keep"),
        }),
    };
}
