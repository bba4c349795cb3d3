using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>The completion scripts in the shells that they are for. A script stands for the program and lists containers.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("ocirun-completion-").FullName;

    public CompletionTests()
    {
        Directory.CreateDirectory(Path.Combine(_work, "here", "a dir"));
        File.WriteAllText(Path.Combine(_work, "here", "afile"), "");
        string program = Path.Combine(_work, "ocirun");
        File.WriteAllText(program, """
            #!/bin/sh
            case "$*" in
            'list --quiet') printf 'box1\nbox2\n' ;;
            '--root /r list --quiet' | '--root=/r list --quiet') echo other ;;
            *) echo "called with $*" >&2 ; exit 1 ;;
            esac

            """);
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
    }

    public void Dispose() => Directory.Delete(_work, recursive: true);

    // The words as bash has them: an equals sign is one of its own. The last one is being typed.
    [ShellTheory("bash")]
    [InlineData("cre", "create")]
    [InlineData("--log-format ", "json text")]
    [InlineData("--log-format = j", "json")]
    [InlineData("--systemd-c", "--systemd-cgroup")]
    [InlineData("--debug sta", "start state")]
    [InlineData("kill ", "box1 box2")]
    [InlineData("kill box1 TE", "TERM")]
    [InlineData("kill --a", "--all")]
    [InlineData("kill --all box1 SEG", "SEGV")]
    [InlineData("kill box1 --", "")]
    [InlineData("--root /r kill ", "other")]
    [InlineData("--root = /r delete --force ", "other")]
    [InlineData("-r /r state ", "other")]
    [InlineData("state box1 ", "")]
    [InlineData("delete --", "--force --help --regex")]
    [InlineData("list --format ", "json table")]
    [InlineData("list -f j", "json")]
    [InlineData("list --format = ta", "table")]
    [InlineData("list --format =", "json table")]
    [InlineData("exec ", "box1 box2")]
    [InlineData("exec -t --env A = 1 ", "box1 box2")]
    [InlineData("exec --user 1:1 b", "box1 box2")]
    [InlineData("exec --us", "--user")]
    [InlineData("exec box1 --", "")]
    [InlineData("exec box1 sh ", "")]
    [InlineData("top box1 ", "box1 box2")]
    [InlineData("mounts ", "add remove")]
    [InlineData("mounts add ", "box1 box2")]
    [InlineData("mounts add box1 a", "a dir|afile")]
    [InlineData("run --bundle ", "a dir")]
    [InlineData("run --pid-file a", "a dir|afile")]
    [InlineData("run --keep = false --pid-fi", "--pid-file")]
    [InlineData("completion z", "zsh")]
    [InlineData("help unp", "unpack")]
    [InlineData("nonsense ", "")]
    public void Bash_completes(string words, string expected)
    {
        string[] list = words.Split(' ');
        const string script = """
            source "$0"
            [[ $(complete -p ocirun) == *_ocirun* ]] || exit 9
            COMP_WORDS=(ocirun "$@") COMP_CWORD=$#
            _ocirun
            for word in "${COMPREPLY[@]}"; do printf '%s\n' "$word"; done
            exit 0
            """;
        string output = Run("bash", ["--norc", "-c", script, Script("ocirun.bash", BashCompletion.Write()), .. list]);
        Sorted(output).Should().Be(expected);
    }

    [ShellFact("zsh")]
    public void Zsh_reads_its_script()
    {
        string script = Script("_ocirun", ZshCompletion.Write());
        Run("zsh", ["-n", script]).Should().BeEmpty();
        Run("zsh", ["-f", "-c", "fpath=($1 $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[ocirun]", "zsh", _work])
            .Should().Be("_ocirun\n");
    }

    [ShellTheory("fish")]
    [InlineData("cre", "create")]
    [InlineData("--log-format ", "json text")]
    [InlineData("kill ", "box1 box2")]
    [InlineData("kill box1 TE", "TERM")]
    [InlineData("--root /r kill ", "other")]
    [InlineData("--root=/r state ", "other")]
    [InlineData("state box1 ", "")]
    [InlineData("list --format ", "json table")]
    [InlineData("list -f j", "json")]
    [InlineData("exec --user 1:1 b", "box1 box2")]
    [InlineData("exec box1 --u", "")]
    [InlineData("top box1 b", "box1 box2")]
    [InlineData("mounts add ", "box1 box2")]
    [InlineData("mounts r", "remove")]
    [InlineData("delete --reg", "--regex")]
    [InlineData("completion z", "zsh")]
    public void Fish_completes(string line, string expected)
    {
        string script = Script("ocirun.fish", FishCompletion.Write());
        Run("fish", ["--no-config", "--no-execute", script]).Should().BeEmpty();
        string output = Run("fish", ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, $"ocirun {line}"]);
        Sorted(string.Join('\n', output.Split('\n').Select(static each => each.Split('\t')[0]))).Should().Be(expected);
    }

    private static string Sorted(string lines)
    {
        string[] words = lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Array.Sort(words, StringComparer.Ordinal);
        return string.Join(words.Any(static word => word.Contains(' ')) ? '|' : ' ', words);
    }

    private string Script(string name, string text)
    {
        string path = Path.Combine(_work, name);
        File.WriteAllText(path, text);
        return path;
    }

    private string Run(string shell, string[] arguments)
    {
        ProcessStartInfo start = new(shell, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.Combine(_work, "here"),
        };
        start.Environment["PATH"] = $"{_work}:/usr/bin:/bin";
        start.Environment["HOME"] = _work;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        errors.Should().BeEmpty();
        process.ExitCode.Should().Be(0);
        return output;
    }
}

internal static class Shell
{
    public static string? Missing(string name) => File.Exists($"/usr/bin/{name}") || File.Exists($"/bin/{name}")
        ? null
        : $"{name} is not installed: run scripts/setup";
}

/// <summary>A test that needs a program of the machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShellFactAttribute : FactAttribute
{
    public ShellFactAttribute(string program) => Skip = Shell.Missing(program);
}

/// <summary>A theory that needs a program of the machine.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShellTheoryAttribute : TheoryAttribute
{
    public ShellTheoryAttribute(string program) => Skip = Shell.Missing(program);
}
