using System;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary><c>doctor</c>: what this host has for containers, what each missing thing costs, and how to get it.</summary>
internal static partial class Doctor
{
    public static Verb Describe() => new()
    {
        Name = "doctor",
        Summary = "show what this host has for containers, and what it lacks",
        Description =
            "Looks at the kernel, cgroups, systemd, security modules, ids and the state root as this user sees them. A line "
            + "for each: ok, limited or missing; below it what does not work for want of it, and how to get it. Nothing on "
            + "the system changes, and no rights are needed.\n\n"
            + "The exit status is 0 when a plain container, such as 'spec' describes, can be made; what only some fields of "
            + "a config need may be missing then. Else it is 1. 'features' shows what this program implements instead.",
        Options = [Inspection.Format()],
        Maximum = 0,
        Examples =
        [
            new("doctor", "what works here, what does not and why"),
            new("doctor --format json", "for programs"),
        ],
        ExitStatus = "0 when a plain container can be made here, else 1.",
        SeeAlso = ["features", "validate"],
        Execute = static arguments =>
        {
            bool json = Inspection.IsJson(arguments);
            Diagnosis diagnosis = Examine(arguments.Globals.Root);
            if (json)
                Output.Write(DiagnosisText.Json(diagnosis));
            else
                Output.Write(DiagnosisText.Text(diagnosis));
            return diagnosis.IsHealthy ? 0 : 1;
        },
    };

    /// <summary>Everything there is to tell.</summary>
    /// <param name="root">The state root as given, null for the default.</param>
    internal static Diagnosis Examine(string? root)
    {
        Diagnosis diagnosis = new();
        Area(diagnosis, "kernel", Kernel);
        Area(diagnosis, "namespaces", Namespaces);
        Area(diagnosis, "mounts", Mounts);
        Area(diagnosis, "seccomp", Seccomp);
        Area(diagnosis, "cgroup", Cgroup);
        Area(diagnosis, "systemd", Systemd);
        Area(diagnosis, "security", Security);
        Area(diagnosis, "ids", Ids);
        Area(diagnosis, "state", lines => State(lines, root));
        Area(diagnosis, "programs", Programs);
        return diagnosis;
    }

    // What fails to be looked at is a line like others.
    private static void Area(Diagnosis diagnosis, string name, Action<Diagnosis> look)
    {
        diagnosis.Begin(name);
        try
        {
            look(diagnosis);
        }
        catch (FaultException failure)
        {
            Fault fault = failure.Fault;
            diagnosis.Limited(name, (fault with { Hint = null }).Text(), "it cannot be told", fault.Hint ?? "look at what the line says");
        }
    }
}
