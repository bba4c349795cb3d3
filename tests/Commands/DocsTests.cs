using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using FluentAssertions;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>What is generated from the table and kept in the repository; <c>make docs</c> brings it up to date.</summary>
public sealed class DocsTests
{
    [Fact]
    public void The_manual_is_current()
    {
        Dictionary<string, string> pages = CompletionTable.Verbs().ToDictionary(static verb => $"ocirun-{verb.Name}.8", Manual.Write, StringComparer.Ordinal);
        pages["ocirun.8"] = Manual.Write();
        Directory.EnumerateFiles(Folder("man")).Select(Path.GetFileName).Should().BeEquivalentTo(pages.Keys);
        foreach ((string name, string page) in pages)
            Committed($"man/{name}").Should().Be(page, name);
    }

    [Fact]
    public void The_completions_are_current()
    {
        Committed("completion/ocirun.bash").Should().Be(BashCompletion.Write());
        Committed("completion/ocirun.zsh").Should().Be(ZshCompletion.Write());
        Committed("completion/ocirun.fish").Should().Be(FishCompletion.Write());
    }

    [Fact]
    public void Every_verb_and_option_is_told_everywhere()
    {
        foreach (string name in Table.Names)
        {
            Verb verb = Table.Find(name)!;
            verb.Name.Should().Be(name);
            if (verb.IsHidden)
                continue;
            Help.Program().Should().Contain($"   {name}");
            foreach (string text in (string[])[Manual.Write(), BashCompletion.Write(), ZshCompletion.Write(), FishCompletion.Write()])
                text.Should().Contain(name);
            foreach (Option option in CompletionTable.Options(verb))
            {
                Help.Text(verb).Should().Contain($"--{option.Name}");
                Manual.Write(verb).Should().Contain("\\-\\-" + option.Name.Replace("-", "\\-"));
                BashCompletion.Write().Should().Contain($"--{option.Name}");
                ZshCompletion.Write().Should().Contain($"--{option.Name}");
                FishCompletion.Write().Should().Contain($"-l {option.Name}");
            }
        }
    }

    [Fact]
    public void Every_page_says_what_is_looked_for()
    {
        foreach (Verb verb in CompletionTable.Verbs())
        {
            Manual.Write(verb).Should().ContainAll("\n.SH NAME\n", ".SH SYNOPSIS\n", ".SH DESCRIPTION\n", ".SH OPTIONS\n", ".SH EXIT STATUS\n", ".SH SEE ALSO\n");
            foreach (string name in verb.SeeAlso)
                Table.Find(name).Should().NotBeNull(name);
            foreach (Example example in verb.Examples)
                example.Line.Should().StartWith(verb.Name);
        }

        Manual.Write().Should().ContainAll(".SH ENVIRONMENT\n", "XDG_RUNTIME_DIR", "NOTIFY_SOCKET", ".SH FILES\n", "/run/ocirun", ".SH EXIT STATUS\n", "255");
    }

    // The options of an example are those of the table, and its arguments as many as the verb takes.
    [Fact]
    public void Examples_parse()
    {
        foreach (Verb verb in CompletionTable.Verbs())
        {
            foreach (Example example in verb.Examples)
            {
                string[] words = example.Line.Split(" >")[0].Split(' ');
                FluentActions.Invoking(() => Parser.Parse(words.AsSpan(1), new Arguments(verb))).Should().NotThrow(example.Line);
            }
        }
    }

    [Fact]
    public void Hidden_verbs_and_options_are_told_nowhere()
    {
        foreach (string text in (string[])[Help.Program(), Manual.Write(), BashCompletion.Write(), FishCompletion.Write()])
            text.Should().NotContain(" docs ").And.NotContain("--criu").And.NotContain("\\-\\-criu");
    }

    [Fact]
    public void The_version_is_that_of_the_build() =>
        typeof(Table).Assembly.GetName().Version!.ToString(3).Should().Be(OciRun.Commands.Version.Program);

    private static string Committed(string file) => File.ReadAllText(Path.Combine(Folder("."), file));

    private static string Folder(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "docs", name);
}
