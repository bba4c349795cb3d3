using System.Diagnostics;
using System.IO;
using FluentAssertions;
using OciRun.Commands;

namespace OciRun.Tests.Commands;

/// <summary>The manual's pages as the programs that set them see them.</summary>
public sealed class ManualTests
{
    [ShellFact("mandoc")]
    public void Mandoc_has_nothing_to_say()
    {
        foreach ((string name, string page) in Pages())
            Set(page, "mandoc", "-K", "utf-8", "-T", "lint", "-W", "warning").Should().BeEmpty(name);
    }

    [ShellFact("groff")]
    public void Groff_sets_every_page_without_a_warning()
    {
        foreach ((string name, string page) in Pages())
            Set(page, "groff", "-man", "-ww", "-b", "-z", "-Tutf8").Should().BeEmpty(name);
    }

    // As a reader sees it: what is written with escapes comes out as it was meant.
    [ShellFact("mandoc")]
    public void Options_can_be_pasted()
    {
        string text = Set(Manual.Write(Table.Find("exec")!), "mandoc", "-T", "utf8", "-O", "width=200");
        text = System.Text.RegularExpressions.Regex.Replace(text, ".\b", "");
        text.Should().ContainAll("--preserve-fds N", "--env NAME=VALUE, -e NAME=VALUE", "--detach, -d", "ID [COMMAND [ARG…]]", "container's", "OCIRUN-EXEC(8)");
    }

    private static (string Name, string Page)[] Pages() =>
        [("ocirun", Manual.Write()), .. CompletionTable.Verbs().ConvertAll(static verb => (verb.Name, Manual.Write(verb)))];

    private static string Set(string page, string program, params string[] arguments)
    {
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$@\" 2>&1", "sh", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        using (StreamWriter input = process.StandardInput)
            input.Write(page);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
