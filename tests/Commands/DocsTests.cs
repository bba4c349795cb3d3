using System.IO;
using System.Runtime.CompilerServices;
using FluentAssertions;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>What is generated from the table and kept in the repository; <c>make docs</c> brings it up to date.</summary>
public sealed class DocsTests
{
    [Fact]
    public void The_manual_is_current() => Committed("man/ocirun.8").Should().Be(Manual.Write());

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
            foreach (Option option in verb.Options)
            {
                if (option.IsHidden)
                    continue;
                Help.Text(verb).Should().Contain($"--{option.Name}");
                Manual.Write().Should().Contain("\\-\\-" + option.Name.Replace("-", "\\-"));
                BashCompletion.Write().Should().Contain($"--{option.Name}");
                ZshCompletion.Write().Should().Contain($"--{option.Name}");
                FishCompletion.Write().Should().Contain($"-l {option.Name}");
            }
        }
    }

    [Fact]
    public void Hidden_verbs_and_options_are_told_nowhere()
    {
        foreach (string text in (string[])[Help.Program(), Manual.Write(), BashCompletion.Write(), FishCompletion.Write()])
            text.Should().NotContain("docs").And.NotContain("--criu");
    }

    [Fact]
    public void The_version_is_that_of_the_build() =>
        typeof(Table).Assembly.GetName().Version!.ToString(3).Should().Be(Version.Program);

    private static string Committed(string file, [CallerFilePath] string here = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "docs", file));
}
