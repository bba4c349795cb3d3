using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;
using OciRun.Launch;

namespace OciRun.Commands;

/// <summary><c>exec ID COMMAND…</c> (features.md 1.8).</summary>
internal static class Exec
{
    public static Verb Describe() => new()
    {
        Name = "exec",
        Summary = "run a process in a running container",
        Synopsis = "ID [COMMAND [ARG…]]",
        Description =
            "Runs a program in the namespaces and the cgroup of a container, with the rights and limits that config.json "
            + "gives its first process. --process takes a whole process object from a file instead; the flags about the "
            + "process then mean nothing.\n\n"
            + "Without --detach the command passes signals and the terminal on and ends with the process's exit status, or "
            + "128 and the signal's number when a signal killed it. A failure of the command itself is 255.",
        Options =
        [
            new Option("console-socket", OptionKind.File, "unix socket that is sent the terminal") { Value = "SOCKET" },
            new Option("pidfd-socket", OptionKind.File, "unix socket that is sent a pidfd of the process") { Value = "SOCKET" },
            new Option("cwd", OptionKind.Text, "working directory in the container") { Value = "DIR" },
            new Option("env", OptionKind.Text, "set a variable; repeat it")
            {
                Letter = 'e',
                Value = "NAME=VALUE",
                IsRepeatable = true,
            },
            new Option("tty", OptionKind.Flag, "give the process a terminal") { Letter = 't' },
            new Option("user", OptionKind.Text, "user and group by number") { Letter = 'u', Value = "UID[:GID]" },
            new Option("additional-gids", OptionKind.Text, "one more group by number; repeat it")
            {
                Letter = 'g',
                Value = "GID",
                IsRepeatable = true,
            },
            new Option("process", OptionKind.File, "process object in JSON") { Letter = 'p', Value = "FILE" },
            new Option("detach", OptionKind.Flag, "return as soon as the process runs") { Letter = 'd' },
            new Option("pid-file", OptionKind.File, "write the process id to this file") { Value = "FILE" },
            new Option("process-label", OptionKind.Text, "label of SELinux") { Value = "LABEL" },
            new Option("apparmor", OptionKind.Text, "profile of AppArmor") { Value = "PROFILE" },
            new Option("no-new-privs", OptionKind.Flag, "gain no privileges by execve"),
            new Option("cap", OptionKind.Text, "one more capability; repeat it")
            {
                Letter = 'c',
                Value = "CAP",
                IsRepeatable = true,
            },
            new Option("preserve-fds", OptionKind.Number, "pass this many descriptors on, from 3") { Value = "N", Default = "0" },
            new Option("cgroup", OptionKind.Text, "cgroup below the container's") { Value = "PATH", IsRepeatable = true },
            new Option("ignore-paused", OptionKind.Flag, "also in a paused container, where the process waits"),
            new Option("no-subreaper", OptionKind.Flag, "not used") { IsHidden = true },
        ],
        Minimum = 1,
        StopsAtArgument = true,
        TakesContainer = true,
        FailurePrefix = "exec failed: ",
        FailureStatus = 255,
        Examples =
        [
            new("exec -t box1 sh", "a shell in the container"),
            new("exec --user 1000:1000 --env A=1 --cwd /tmp box1 id", "a program as another user"),
            new("exec --detach --process process.json --pid-file /run/p.pid box1", "what a file describes"),
        ],
        ExitStatus = "The status of the process, or 128 and the signal's number when a signal killed it; 255 when the command itself failed, 1 when its options are wrong. 0 with --detach.",
        SeeAlso = ["run", "ps", "kill"],
        Execute = static arguments => Execution.Run(Read(arguments)),
    };

    internal static ExecOptions Read(Arguments arguments)
    {
        (uint? uid, uint? gid) = User(arguments.Text("user"));
        return new ExecOptions
        {
            Id = arguments.Positional[0],
            Root = arguments.Globals.Root,
            ConsoleSocket = arguments.Path("console-socket"),
            PidfdSocket = arguments.Path("pidfd-socket"),
            PidFile = arguments.Path("pid-file"),
            ProcessFile = arguments.Path("process"),
            Detach = arguments.Flag("detach"),
            PreserveFds = arguments.Number("preserve-fds"),
            Cgroup = Cgroup(arguments.All("cgroup")),
            IgnorePaused = arguments.Flag("ignore-paused"),
            Args = arguments.Positional[1..],
            Cwd = arguments.Text("cwd"),
            Env = arguments.All("env"),
            Terminal = arguments.Flag("tty"),
            Uid = uid,
            Gid = gid,
            AdditionalGids = Array.ConvertAll(arguments.All("additional-gids"), static text => Id(text, "--additional-gids", text)),
            Capabilities = arguments.All("cap"),
            ApparmorProfile = arguments.Text("apparmor"),
            SelinuxLabel = arguments.Text("process-label"),
            NoNewPrivileges = arguments.Raw("no-new-privs") is { } given ? given == "true" : null,
        };
    }

    // Numbers only: a name would be looked up in a file of the image, which may call anything 0 (CVE-2016-3697).
    private static (uint? Uid, uint? Gid) User(string? text)
    {
        if (text is null)
            return (null, null);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? (Id(text, "--user", text), null)
            : (Id(text[..colon], "--user", text), Id(text[(colon + 1)..], "--user", text));
    }

    // The last number means "leave unchanged" to setresuid(2).
    private static uint Id(string digits, string option, string given) =>
        uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue
            ? id
            : throw new FaultException(new Fault("not a number of a user or group")
            {
                Field = option,
                Value = given,
                Hint = option == "--user" ? "use UID or UID:GID in decimal digits" : "use decimal digits",
            });

    // The grammar of cgroup v1, [CONTROLLER[,CONTROLLER]:]PATH, in which v2 has no controllers to name.
    private static string? Cgroup(string[] given)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        string? path = null;
        foreach (string argument in given)
        {
            int colon = argument.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 && given.Length == 1)
            {
                path = argument.Length == 0 ? null : argument;
                continue;
            }

            if (colon < 0)
                throw Invalid(argument, "missing <controller>: prefix");
            foreach (string controller in argument[..colon].Split(','))
            {
                if (controller.Length == 0)
                    throw Invalid(argument, "empty <controller> prefix");
                if (!seen.Add(controller))
                    throw Invalid(argument, $"controller {controller} specified multiple times");
            }
        }

        foreach (string controller in seen)
            throw Invalid(given[0], $"unknown controller {controller} in a hierarchy of cgroup v2; name a path alone");
        return path;
    }

    private static FaultException Invalid(string argument, string problem) =>
        new(new Fault($"invalid --cgroup argument: {argument} ({problem})") { Field = "--cgroup" });
}
