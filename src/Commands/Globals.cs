using System;
using OciRun.Errors;

namespace OciRun.Commands;

/// <summary>The options before the verb (features.md 1.1).</summary>
internal sealed record Globals
{
    public static Globals None { get; } = new();

    /// <summary>State root, absolute; null for the default.</summary>
    public string? Root { get; init; }

    public bool Debug { get; init; }

    /// <summary>File for the trace as given; null without one.</summary>
    public string? Trace { get; init; }

    public bool SystemdCgroup { get; init; }

    /// <summary><c>cgroupfs</c>, <c>systemd</c> or <c>disabled</c>; null when not given.</summary>
    public string? CgroupManager { get; init; }

    /// <summary>Null for <c>auto</c>.</summary>
    public bool? Rootless { get; init; }

    /// <summary>The program itself as a verb: its options are the global ones, its arguments a verb and the rest.</summary>
    public static Verb Describe() => new()
    {
        Name = Table.Program,
        Summary = "run OCI containers",
        Synopsis = "COMMAND [command options] [arguments...]",
        StopsAtArgument = true,
        Execute = static _ => 0,
        Options =
        [
            new Option("root", OptionKind.Directory, "keep the state of containers below this directory")
            {
                Letter = 'r',
                Value = "DIR",
                Default = "/run/ocirun, or $XDG_RUNTIME_DIR/ocirun for others than root",
            },
            new Option("log", OptionKind.File, "append diagnostics to this file") { Letter = 'l', Value = "FILE" },
            new Option("log-format", OptionKind.Text, "write diagnostics as text or json")
            {
                Value = "FORMAT",
                Default = "text",
                Words = ["text", "json"],
            },
            new Option("log-level", OptionKind.Text, "write diagnostics from this level on")
            {
                Value = "LEVEL",
                Default = "error",
                Words = ["error", "warning", "debug"],
            },
            new Option("debug", OptionKind.Flag, "the same as --log-level debug"),
            new Option("systemd-log", OptionKind.Flag, "the same as --log journald:ocirun, where --log names nothing else"),
            new Option("trace", OptionKind.File, "write what took how long to this file, for Perfetto (%p: process id, %v: command)")
            {
                Value = "FILE",
                Default = "$OCIRUN_TRACE",
            },
            new Option("systemd-cgroup", OptionKind.Flag, "let systemd make the cgroups (slice:prefix:name)") { Letter = 's' },
            new Option("cgroup-manager", OptionKind.Text, "who makes the cgroups")
            {
                Value = "MANAGER",
                Default = "cgroupfs",
                Words = ["cgroupfs", "systemd", "disabled"],
            },
            new Option("rootless", OptionKind.Text, "tolerate missing permissions on cgroups: true, false or auto")
            {
                Value = "WHEN",
                Default = "auto",
                Words = ["true", "false", "auto"],
            },
            new Option("criu", OptionKind.Text, "not used; criu is looked up in PATH") { Value = "PATH", IsHidden = true },
            new Option("version", OptionKind.Flag, "print the version") { Letter = 'v' },
            new Option("V", OptionKind.Flag, "print the version") { IsHidden = true },
        ],
    };

    /// <summary>Takes the parsed global options; the log is opened before anything else can fail.</summary>
    /// <exception cref="FaultException">A value is unknown, or the log cannot be opened.</exception>
    public static Globals Read(Arguments arguments)
    {
        bool debug = arguments.Flag("debug");
        Log.Open(LogTarget(arguments.Text("log"), arguments.Flag("systemd-log")), arguments.Text("log-format"), arguments.Text("log-level"), debug);
        return new Globals
        {
            Root = arguments.Path("root"),
            Debug = debug,
            Trace = arguments.Text("trace"),
            SystemdCgroup = arguments.Flag("systemd-cgroup"),
            CgroupManager = arguments.Text("cgroup-manager") switch
            {
                null => null,
                "cgroupfs" or "systemd" or "disabled" => arguments.Text("cgroup-manager"),
                { } other => throw Usage.Fault(new Fault("unknown cgroup manager")
                {
                    Field = "--cgroup-manager",
                    Value = other,
                    Hint = "use cgroupfs, systemd or disabled",
                }),
            },
            Rootless = arguments.Text("rootless") switch
            {
                null or "auto" => null,
                { } text => Arguments.Boolean(text, "rootless"),
            },
        };
    }

    // features.md G11.
    private static string? LogTarget(string? log, bool systemd) => string.IsNullOrEmpty(log) && systemd ? $"journald:{Table.Program}" : log;

    /// <summary>
    /// Opens the log of a command line that does not parse, as far as it can be made out, so that the error lands in
    /// it (callers.md §2.8).
    /// </summary>
    public static void OpenLog(ReadOnlySpan<string> words)
    {
        string? file = null;
        string? format = null;
        bool systemd = false;
        for (int i = 0; i < words.Length; i++)
        {
            string[] parts = words[i].Split('=', 2);
            string? value = parts.Length == 2 ? parts[1] : i + 1 < words.Length ? words[i + 1] : null;
            switch (parts[0])
            {
                case "--log" or "-log" or "-l":
                    file = value;
                    break;
                case "--log-format" or "-log-format":
                    format = value;
                    break;
                case "--systemd-log" or "-systemd-log":
                    systemd = parts.Length == 1;
                    break;
            }
        }

        try
        {
            Log.Open(LogTarget(file, systemd), format, null, debug: false);
        }
        catch (FaultException)
        {
            // The failure at hand is the one to report; stderr is left for it.
        }
    }
}
