using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Errors;

/// <summary>
/// docs/errors.md lists every message that the sources can produce; <c>make docs</c> brings it up to date. What holds of
/// a good message holds of each of them.
/// </summary>
public sealed class CatalogueTests
{
    private static readonly IReadOnlyList<FaultEntry> Entries = FaultSources.Read(Path.Combine(Repository(), "src"));

    [Fact]
    public void The_list_is_current()
    {
        string path = Path.Combine(Repository(), "docs", "errors.md");
        string text = FaultList.Write(Entries);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
            File.WriteAllText(path, text);
        (File.Exists(path) ? File.ReadAllText(path) : "").Should().Be(text, "run make docs");
    }

    [Fact]
    public void Texts_are_followed_to_their_words()
    {
        Entries.Count.Should().BeGreaterThan(300);
        Entries.Should().Contain(entry => entry.Messages.Contains("container with given ID already exists") && entry.Codes.Contains("container-exists"));
        // By way of a method that takes the text, and of one that chooses it.
        Entries.Should().Contain(entry => entry.Messages.Contains("other users can write it") && entry.Hints.Contains("run 'chmod go-w' on it"));
        Entries.Should().Contain(entry => entry.Messages.Contains("cannot mask the path") && entry.Hints.Contains("create it before the container"));
        Entries.Should().Contain(entry => entry.Messages.Any(message => message.Contains("the controller <name> is bound to cgroup v1 on this host", StringComparison.Ordinal)));
        Entries.SelectMany(entry => entry.Messages).Count(FaultList.IsUnknown).Should().BeLessThan(12, "few texts are not of the sources");
    }

    // callers.md §13: others look for these in what fails.
    [Theory]
    [InlineData("does not exist")]
    [InlineData("container does not exist")]
    [InlineData("container not running")]
    [InlineData("no such process")]
    [InlineData("that is not stopped")]
    [InlineData("cannot exec in a stopped container")]
    [InlineData("cannot exec in a paused container")]
    [InlineData("--ignore-paused")]
    [InlineData("cannot start an already running container")]
    [InlineData("cannot start a container that has stopped")]
    [InlineData("container with given ID already exists")]
    [InlineData("unable to start container process: ")]
    [InlineData("executable file not found in $PATH")]
    [InlineData("container init was OOM-killed (memory limit too low?)")]
    [InlineData("No help topic for '")]
    [InlineData("container init still running")]
    public void Texts_that_callers_match_on_are_there(string text) =>
        Entries.SelectMany(entry => entry.Messages).Should().Contain(message => message.Contains(text, StringComparison.Ordinal));

    // By Errno.Text, behind every errno.
    [Theory]
    [InlineData(Errno.ENOENT, "no such file or directory")]
    [InlineData(Errno.EACCES, "permission denied")]
    [InlineData(Errno.EISDIR, "is a directory")]
    [InlineData(Errno.ENOTDIR, "not a directory")]
    [InlineData(Errno.ESRCH, "no such process")]
    public void Texts_of_the_kernel_that_callers_match_on_are_there(int errno, string text) => Errno.Text(errno).Should().Be(text);

    // Faults of Images get the layer, blob or archive as their field where it is read.
    [Fact]
    public void Every_message_names_a_field_a_system_call_or_what_to_try() =>
        Entries.Where(entry => !entry.HasField && !entry.HasSyscall && !entry.HasHint && entry.Room != "Images" && !entry.Messages.All(message => message.Contains('<')))
            .Select(entry => entry.ToString()).Except(FaultList.Plain, StringComparer.Ordinal).Should().BeEmpty();

    [Fact]
    public void What_the_kernel_said_has_the_name_of_the_call() =>
        Entries.Where(entry => entry.HasErrno && !entry.HasSyscall && !entry.Messages[0].Contains("has an interface", StringComparison.Ordinal) && !entry.Codes.Contains("criu", StringComparer.Ordinal))
            .Select(entry => entry.ToString()).Should().BeEmpty("only what this program found by itself, or was told by CRIU, may borrow the kernel's words");

    [Fact]
    public void Names_of_calls_are_the_kernels()
    {
        HashSet<string> known = typeof(SYS).GetFields().Select(constant => constant.Name).ToHashSet(StringComparer.Ordinal);
        Entries.SelectMany(entry => entry.Syscalls).OfType<string>().Where(name => !name.Contains('<')).Distinct(StringComparer.Ordinal)
            .Where(name => !known.Contains(name.Split(' ')[0]) && !name.StartsWith("RTM_", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public void Messages_are_parts_of_a_sentence() =>
        Entries.SelectMany(entry => entry.Messages).Where(message => !IsPart(message)).Distinct(StringComparer.Ordinal).Should().BeEmpty();

    [Fact]
    public void Hints_are_parts_of_a_sentence() =>
        Entries.SelectMany(entry => entry.Hints).OfType<string>().Where(hint => !IsPart(hint)).Distinct(StringComparer.Ordinal).Should().BeEmpty();

    // A value that is refused by a rule of ours, not by the kernel's answer: what would be taken is said.
    [Fact]
    public void What_is_refused_by_a_rule_says_what_is_taken() =>
        Entries.Where(entry => entry.HasField && !entry.HasErrno && !entry.HasHint && entry.Messages.Any(message => !FaultList.SaysTheRule(message)))
            .Select(entry => entry.ToString()).Except(FaultList.Plain, StringComparer.Ordinal).Should().BeEmpty();

    // One sentence goes on around it: neither a capital at its beginning, but for names and for texts that are runc's, nor a full stop at its end.
    private static bool IsPart(string text) =>
        text.Trim() == text && text.Length > 0 && text[^1] is not ('.' or '!' or ':' or ';')
        && (!char.IsUpper(text[0]) || (text.Length > 1 && char.IsUpper(text[1])) || FaultList.Names.Any(name => text.StartsWith(name, StringComparison.Ordinal)));

    private static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
