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
            new Option("bundle", OptionKind.Directory, "directory with config.json")
            {
                Letter = 'b',
                Value = "DIR",
                Default = "the working directory",
            },
            new Option("config", OptionKind.Text, "name of the configuration file in the bundle")
            {
                Value = "FILE",
                Default = "config.json",
            },
            .. Create.LayerFlags(),
            new Option("format", OptionKind.Text, "'text' or 'json'")
            {
                Letter = 'f',
                Value = "FORMAT",
                Default = "text",
                Words = ["text", "json"],
            },
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
            LaunchOptions options = new()
            {
                Id = "validate",
                Bundle = bundle,
                Layers = Create.Layers(arguments),
                ConfigFile = arguments.Text("config") ?? "config.json",
                CgroupManager = arguments.Globals.CgroupManager,
                SystemdCgroup = arguments.Globals.SystemdCgroup,
                Rootless = arguments.Globals.Rootless,
            };
            List<Finding> findings = Findings(options);
            if (format == "json")
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
