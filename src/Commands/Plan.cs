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
            Create.BundleOption(),
            .. Create.LayerFlags(),
            Inspection.Format(),
        ],
        Takes = [ArgumentKind.Directory],
        Maximum = 1,
        Examples =
        [
            new("plan /srv/box", "every step of create"),
            new("plan --format json", "for programs"),
        ],
        SeeAlso = ["validate", "create"],
        Execute = static arguments =>
        {
            bool json = Inspection.IsJson(arguments);
            LaunchOptions options = new()
            {
                Id = "plan",
                Bundle = Inspection.Bundle(arguments),
                Layers = Create.Layers(arguments),
            };
            using Creation creation = new(options, waitsAtGate: false);
            creation.MakePlan();
            Output.Write(json ? PlanText.Json(creation.Plan) : Sys.Bytes(PlanText.Text(creation.Plan)));
            return 0;
        },
    };
}
