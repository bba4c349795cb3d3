using OciRun.Launch;
using OciRun.State;

namespace OciRun.Commands;

/// <summary><c>start ID</c> (features.md 1.7).</summary>
internal static class Start
{
    public static Verb Describe() => new()
    {
        Name = "start",
        Summary = "let the process of a created container run",
        Synopsis = "ID",
        TakesContainer = true,
        Minimum = 1,
        Maximum = 1,
        Examples =
        [
            new("start box1", "let it run"),
        ],
        SeeAlso = ["create", "run"],
        Execute = static arguments =>
        {
            ContainerId.Check(arguments.Positional[0]);
            return Launcher.Start(arguments.Globals.Root, arguments.Positional[0]);
        },
    };
}
