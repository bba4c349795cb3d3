using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Faults;

/// <summary>scripts/trace-check: the rules hold for what ocirun does, and each of them can be broken.</summary>
public sealed class TraceCheckTests : RuntimeTest
{
    private string TracePath => Path.Combine(Work, "calls");

    [RuntimeTheory]
    [InlineData("plain")]
    [InlineData("full")]
    [InlineData("user namespace")]
    [InlineData("joined")]
    [InlineData("layers")]
    public void Run_keeps_the_rules(string kind)
    {
        Make(kind);
        string[] layers = kind == "layers" ? ["--layer", Bundle.Rootfs, "--ephemeral"] : [];
        Traced(["run", "--bundle", Bundle.Path, .. layers, Id]).Run().Exit.Should().Be(0);
        Check().Should().Be(Silent);
    }

    [RuntimeFact]
    public void Run_without_privileges_keeps_the_rules()
    {
        Bundle.ForRootless().Args("true").Save();
        Use(View.Rootless);

        // Only a privileged tracer sees the arguments of a process that is not dumpable.
        new Runtime(Work).With("run", "--bundle", Bundle.Path, Id).Under("strace", "-u", "nobody", "-f", "-yy", "-s", "256", "-o", TracePath).Run().Exit.Should().Be(0);
        Check().Should().Be(Silent);
    }

    [RuntimeFact]
    public void The_commands_keep_the_rules()
    {
        Make("full");
        Bundle.Args("sleep", "100").Save();

        // strace stays as long as the container.
        using Process create = Traced("create", "--bundle", Bundle.Path, Id).Start();
        Eventually(() => Runtime.Run("state", Id) is { Exit: 0 } state && state.Out.Contains("\"created\"", StringComparison.Ordinal), "it is created");
        foreach (string[] words in new[] { ["start", Id], ["exec", Id, "true"], ["pause", Id], ["resume", Id], ["kill", Id, "KILL"], new[] { "delete", "--force", Id } })
        {
            string file = Path.Combine(Work, words[0]);
            Runtime.With(words).Under("strace", "-f", "-yy", "-s", "256", "-o", file).Run().Exit.Should().Be(0, words[0]);
            Check(file).Should().Be(Silent, words[0]);
        }

        create.WaitForExit();
        Check().Should().Be(Silent);
    }

    // What a change to the runtime could do, done to the record of what it does.
    [RuntimeTheory]
    [InlineData("R-031", @"(\d+ +)setresuid\(", "$1openat(AT_FDCWD</>, \"/etc/localtime\", O_RDONLY|O_CLOEXEC) = 9</etc/localtime>\n$0")]
    [InlineData("R-035", @"^.*PR_SET_DUMPABLE, SUID_DUMP_DISABLE.*\n", "")]
    [InlineData("R-040", @"O_CLOEXEC\|O_PATH", "O_PATH")]
    [InlineData("R-040", @"FSOPEN_CLOEXEC", "0")]
    [InlineData("R-042", @"^.*close_range\(\d+, 4294967295, 0\).*\n", "")]
    [InlineData("R-042", @"(\d+ +)(seccomp\(.*\n)", "$1$2$1openat(AT_FDCWD</>, \"/\", O_RDONLY|O_CLOEXEC) = 9</>\n")]
    [InlineData("R-060", @"resolve=RESOLVE_NO_MAGICLINKS\|RESOLVE_IN_ROOT", "resolve=RESOLVE_NO_MAGICLINKS")]
    [InlineData("R-060", @"mkdirat\((\d+<[^>]*rootfs/dev>), ""shm""", "mkdirat($1, \"../shm\"")]
    [InlineData("R-061", @"move_mount\((.*), \d+<[^>]*>, """", MOVE_MOUNT_F_EMPTY_PATH\|MOVE_MOUNT_T_EMPTY_PATH", "move_mount($1, AT_FDCWD, \"/x/proc\", MOVE_MOUNT_F_EMPTY_PATH")]
    [InlineData("R-061", @"umount2\("".""", "umount2(\"/old\"")]
    [InlineData("R-061", @"mount\(NULL, ""."", NULL, MS_REC\|MS_SLAVE", "mount(\"x\", \"/x/proc\", NULL, MS_BIND")]
    [InlineData("R-080", @"openat2\(\d+</proc>, ""(\d+/oom_score_adj)"", \{flags=([A-Z_|]+), [^}]*\}, 24\)", "openat(AT_FDCWD</>, \"/proc/$1\", $2)")]
    [InlineData("R-100", @"setresuid\(", "setgroups(")]
    [InlineData("R-100", @"capset\(", "setgroups(")]
    [InlineData("T-A7", @"(\d+ +)pivot_root\(", "$1openat(6<ROOTFS/dev>, \"x\", O_WRONLY|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0600) = 9<ROOTFS/dev/x>\n$0")]
    [InlineData("T-A11", @"execve\(""/bin/true""", "execve(\"/bin/other\"")]
    public void A_broken_rule_is_reported(string rule, string pattern, string replacement)
    {
        Make("full");
        Traced("run", "--bundle", Bundle.Path, Id).Run().Exit.Should().Be(0);
        string record = Joined(File.ReadLines(TracePath));
        string changed = Regex.Replace(record, pattern, replacement.Replace("ROOTFS", Bundle.Rootfs, StringComparison.Ordinal), RegexOptions.Multiline);
        changed.Should().NotBe(record, "ocirun makes the call that is changed");
        File.WriteAllText(TracePath, changed);
        Outcome outcome = Check();
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().MatchRegex($@"^{Regex.Escape(TracePath)}:\d+: {rule}: ");
        outcome.Out.Split('\n').Select(line => line.Split(": ").ElementAtOrDefault(1)).Where(name => name is not null).Should().OnlyContain(name => name == rule);
    }

    [RuntimeFact]
    public void What_is_no_trace_is_not_taken_for_a_good_one()
    {
        File.WriteAllText(TracePath, "");
        Check().Exit.Should().Be(2);
    }

    // Calls of two processes may overlap; each stands where it ends then.
    private static string Joined(IEnumerable<string> lines)
    {
        const string unfinished = " <unfinished ...>";
        Dictionary<string, string> begun = [];
        StringBuilder record = new();
        foreach (string line in lines)
        {
            string process = line.Split(' ')[0];
            if (line.EndsWith(unfinished, StringComparison.Ordinal))
            {
                begun[process] = line[..^unfinished.Length];
                continue;
            }

            Match rest = Regex.Match(line, @"^\d+ +<\.\.\. \w+ resumed>(.*)$");
            record.Append(rest.Success ? begun[process] + rest.Groups[1].Value : line).Append('\n');
        }

        return record.ToString();
    }

    private void Make(string kind)
    {
        if (kind == "full")
            FaultBundle.Fill(Bundle, Path.Combine(Work, "out"), "");
        Bundle.Args("/bin/true");
        if (kind == "user namespace")
            Bundle.MapUsers();
        if (kind == "joined")
            Bundle.Namespace("network", "/proc/self/ns/net");
        if (kind == "layers")
            Bundle.Config.Remove("root");
        Bundle.Save();
    }

    private Runtime.Call Traced(params string[] words) => Runtime.With(words).Under("strace", "-f", "-yy", "-s", "256", "-o", TracePath);

    private Outcome Check(string? file = null)
    {
        ProcessStartInfo info = new(Path.Combine(Runtime.RepositoryRoot(), "scripts", "trace-check"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string word in new[] { "--rootfs", Bundle.Rootfs, "--program", "/bin/true", "--program", "true", "--program", "/bin/sleep", file ?? TracePath })
            info.ArgumentList.Add(word);
        using Process check = Process.Start(info)!;
        string found = check.StandardOutput.ReadToEnd();
        string errors = check.StandardError.ReadToEnd();
        check.WaitForExit();
        return new Outcome(check.ExitCode, found, errors);
    }
}
