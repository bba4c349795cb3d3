using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace OciRun.Tests.Integration;

/// <summary>From where a runtime sees the machine.</summary>
public enum View
{
    /// <summary>As this host is, hybrid or pure cgroup v2.</summary>
    Native,

    /// <summary>A private mount namespace in which /sys/fs/cgroup is cgroup2.</summary>
    Unified,

    /// <summary>As an unprivileged user.</summary>
    Rootless,

    /// <summary>In the virtual machine, with the cgroupfs driver, below the tests' own delegated cgroup.</summary>
    Cgroupfs,

    /// <summary>In the virtual machine, with <c>--systemd-cgroup</c>.</summary>
    Systemd,
}

/// <summary>How one call of the runtime ended.</summary>
public sealed record Outcome(int Exit, string Out, string Err)
{
    public override string ToString() => $"exit {Exit}\nstdout: {Out}\nstderr: {Err}";
}

/// <summary>
/// A runtime as callers see it: a command line. The one under test is <c>out/ocirun</c>, or <c>OCIRUN_BINARY</c>;
/// <c>RUNTIME</c> names any other, with an optional launcher in front of its last word.
/// </summary>
public sealed class Runtime
{
    /// <summary>The user that rootless cases run as.</summary>
    public const int RootlessId = 65534;

    private static readonly string[] UnifiedLauncher =
    {
        "unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec",
        "mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec \"$@\"", "sh",
    };

    private static readonly string[] RootlessLauncher =
    {
        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
    };

    private readonly string work;
    private int calls;

    public Runtime(string work, View view = View.Native)
    {
        this.work = work;
        View = view;
        Root = Path.Combine(work, "root");
    }

    /// <summary>The words before the runtime's own name, e.g. <c>scripts/peer</c>.</summary>
    public static IReadOnlyList<string> Launcher { get; } = Words().SkipLast(1).ToArray();

    public static string Binary { get; } = Words().Last();

    /// <summary><c>ocirun</c>, <c>crun</c>, <c>runc</c>.</summary>
    public static string Name { get; } = Path.GetFileName(Binary);

    public static bool IsOcirun => Name == "ocirun";

    public View View { get; }

    /// <summary>State root given with <c>--root</c>; null gives none.</summary>
    public string? Root { get; set; }

    public static string RepositoryRoot()
    {
        string? dir = AppContext.BaseDirectory;
        while (dir is not null && !File.Exists(Path.Combine(dir, "OciRun.sln")))
            dir = Path.GetDirectoryName(dir);
        return dir ?? throw new InvalidOperationException("the tests run outside the repository");
    }

    /// <summary>Runs <c>runtime --root ROOT args</c> and waits for its end.</summary>
    public Outcome Run(params string[] args) => new Call(this, args).Run();

    /// <summary>Starts building a call that differs from <see cref="Run"/> in stdio, environment, cwd or time limit.</summary>
    public Call With(params string[] args) => new(this, args);

    private static string[] Words()
    {
        string? runtime = Environment.GetEnvironmentVariable("RUNTIME");
        if (!string.IsNullOrWhiteSpace(runtime))
        {
            string[] words = runtime.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i].Contains('/') && !Path.IsPathRooted(words[i]))
                    words[i] = Path.Combine(RepositoryRoot(), words[i]);
            }

            return words;
        }

        string? binary = Environment.GetEnvironmentVariable("OCIRUN_BINARY");
        return new[] { string.IsNullOrEmpty(binary) ? Path.Combine(RepositoryRoot(), "out", "ocirun") : binary };
    }

    /// <summary>One call of the runtime, before it is made.</summary>
    public sealed class Call
    {
        private readonly Runtime runtime;
        private readonly string[] args;
        private readonly Dictionary<string, string> environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        };

        private readonly string outPath;
        private readonly string errPath;
        private string redirections;
        private string before = "";
        private string[] prefix = Array.Empty<string>();
        private string cwd;
        private bool root = true;

        internal Call(Runtime runtime, string[] args)
        {
            this.runtime = runtime;
            this.args = args;
            cwd = runtime.work;
            int call = ++runtime.calls;
            outPath = Path.Combine(runtime.work, $"call{call}.out");
            errPath = Path.Combine(runtime.work, $"call{call}.err");
            redirections = $"<'{Leftovers.NullDevicePath(runtime.work)}' >'{outPath}' 2>'{errPath}'";
        }

        /// <summary>What the call, and processes that inherited its stdout, wrote so far.</summary>
        public string Out => File.Exists(outPath) ? File.ReadAllText(outPath) : "";

        public string Err => File.Exists(errPath) ? File.ReadAllText(errPath) : "";

        public TimeSpan Limit { get; private set; } = TimeSpan.FromSeconds(Tier.IsVm ? 90 : 30);

        public Call Env(string name, string value)
        {
            environment[name] = value;
            return this;
        }

        public Call NoEnv()
        {
            environment.Clear();
            return this;
        }

        public Call Cwd(string path)
        {
            cwd = path;
            return this;
        }

        /// <summary>Leaves out <c>--root</c>.</summary>
        public Call NoRoot()
        {
            root = false;
            return this;
        }

        /// <summary>Shell redirections added after the usual ones, e.g. <c>7&lt;/ 0&lt;&amp;-</c>.</summary>
        public Call Redirect(string more)
        {
            redirections += " " + more;
            return this;
        }

        /// <summary>Shell commands run first in the process that becomes the runtime, e.g. <c>ulimit -n 64;</c>.</summary>
        public Call Before(string shell)
        {
            before = shell;
            return this;
        }

        /// <summary>Words in front of the runtime, inside any launcher.</summary>
        public Call Under(params string[] words)
        {
            prefix = words;
            return this;
        }

        public Call Within(TimeSpan limit)
        {
            Limit = limit;
            return this;
        }

        /// <summary>Starts the call; the process is the runtime's own once the launchers have called exec.</summary>
        public Process Start()
        {
            List<string> command = new();
            command.AddRange(Launcher);
            if (runtime.View == View.Unified && Launcher.Count == 0)
                command.AddRange(UnifiedLauncher);
            if (runtime.View == View.Rootless)
                command.AddRange(RootlessLauncher);
            command.AddRange(prefix);
            command.Add(Binary);
            if (root && runtime.Root is not null)
            {
                command.Add("--root");
                command.Add(runtime.Root);
            }

            if (runtime.View == View.Systemd)
                command.Add("--systemd-cgroup");
            command.AddRange(args);
            ProcessStartInfo info = new("/bin/sh") { UseShellExecute = false, WorkingDirectory = cwd };
            info.Environment.Clear();
            foreach ((string name, string value) in environment)
                info.Environment[name] = value;
            info.ArgumentList.Add("-c");
            info.ArgumentList.Add($"{before} exec \"$@\" {redirections}");
            info.ArgumentList.Add("sh");
            if (environment.Count == 0)
            {
                // The shell exports PWD and PATH of its own accord.
                foreach (string word in new[] { "/usr/bin/env", "-i" })
                    info.ArgumentList.Add(word);
                command[0] = Resolve(command[0]);
            }

            foreach (string word in command)
                info.ArgumentList.Add(word);
            return Process.Start(info) ?? throw new InvalidOperationException("/bin/sh did not start");
        }

        public Outcome Run()
        {
            using Process process = Start();
            return Finish(process);
        }

        /// <summary>Waits for a started call.</summary>
        public Outcome Finish(Process process)
        {
            ArgumentNullException.ThrowIfNull(process);
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
                throw new TimeoutException($"{Name} {string.Join(' ', args)} did not end within {Limit}\n{Out}\n{Err}");
            }

            return new Outcome(process.ExitCode, Out, Err);
        }

        private static string Resolve(string command)
        {
            if (command.Contains('/'))
                return command;
            return new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Select(d => Path.Combine(d, command)).First(File.Exists);
        }
    }
}
