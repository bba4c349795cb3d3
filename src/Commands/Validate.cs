using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Launch;
using OciRun.Validate;

namespace OciRun.Commands;

/// <summary><c>validate BUNDLE</c>: everything that is wrong with a bundle, without making anything of it.</summary>
internal static class Validate
{
    public static Verb Describe() => new()
    {
        Name = "validate",
        Summary = "list everything that is wrong with a bundle",
        Synopsis = "[BUNDLE]",
        Description =
            "Checks config.json against the runtime specification and against this machine, and lists all findings at "
            + "once: where, what is wrong, what the rule is and where it stands in the specification, and what to try. "
            + "An error is what 'create' would fail with; a warning is what it would ignore. Nothing on the system changes.\n\n"
            + "The exit status is 1 when there is an error, else 0; without findings nothing is printed.",
        Options =
        [
            Create.BundleOption(),
            new Option("config", OptionKind.Text, "name of the configuration file in the bundle")
            {
                Value = "FILE",
                Default = "config.json",
            },
            .. Create.LayerFlags(),
            Inspection.Format(),
        ],
        Takes = [ArgumentKind.Directory],
        Maximum = 1,
        Examples =
        [
            new("validate /srv/box", "all that is wrong with the bundle"),
        ],
        ExitStatus = "0 without an error, 1 with one or when the command failed.",
        SeeAlso = ["plan", "spec"],
        Execute = static arguments =>
        {
            bool json = Inspection.IsJson(arguments);
            LaunchOptions options = new()
            {
                Id = "validate",
                Bundle = Inspection.Bundle(arguments),
                Layers = Create.Layers(arguments),
                ConfigFile = arguments.Text("config") ?? "config.json",
                CgroupManager = arguments.Globals.CgroupManager,
                SystemdCgroup = arguments.Globals.SystemdCgroup,
                Rootless = arguments.Globals.Rootless,
            };
            List<Finding> findings = Findings(options);
            if (json)
                Output.Write(FindingsText.Json(findings));
            else
                Output.Write(FindingsText.Text(findings));
            return findings.Exists(static finding => finding.Severity == Severity.Error) ? 1 : 0;
        },
    };

    // A file that cannot be read at all is a finding like others.
    private static List<Finding> Findings(LaunchOptions options)
    {
        try
        {
            using Creation creation = new(options, waitsAtGate: false);
            return creation.Examine();
        }
        catch (FaultException failure)
        {
            return [new Finding(Severity.Error, failure.Fault)];
        }
    }
}
