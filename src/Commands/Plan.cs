using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Launch;
using OciRun.Plan;

namespace OciRun.Commands;

/// <summary><c>plan BUNDLE</c>: what <c>create</c> would do, step by step, without doing it.</summary>
internal static class Plan
{
    public static Verb Describe() => new()
    {
        Name = "plan",
        Summary = "print the steps that create would take",
        Synopsis = "[BUNDLE]",
        Description =
            "Reads and checks the bundle's config.json as 'create' does, and prints the steps of the container's "
            + "process in their order, each with the field that asks for it. Nothing on the system changes.",
        Options =
        [
            new Option("bundle", OptionKind.Directory, "directory with config.json")
            {
                Letter = 'b',
                Value = "DIR",
                Default = "the working directory",
            },
            .. Create.LayerFlags(),
            new Option("format", OptionKind.Text, "'text' or 'json'") { Letter = 'f', Value = "FORMAT", Default = "text" },
        ],
        Maximum = 1,
        Execute = static arguments =>
        {
            string format = arguments.Text("format") ?? "text";
            if (format is not ("text" or "json"))
                throw new FaultException(new Fault("invalid format option") { Field = "--format", Value = format, Hint = "use text or json" });
            string bundle = arguments.Positional.Length > 0
                ? Paths.Absolute(arguments.Positional[0], "BUNDLE")
                : arguments.Path("bundle") ?? Paths.WorkingDirectory("--bundle");
            using Creation creation = new(new LaunchOptions { Id = "plan", Bundle = bundle, Layers = Create.Layers(arguments) }, waitsAtGate: false);
            creation.MakePlan();
            Output.Write(format == "json" ? PlanText.Json(creation.Plan) : Sys.Bytes(PlanText.Text(creation.Plan)));
            return 0;
        },
    };
}
