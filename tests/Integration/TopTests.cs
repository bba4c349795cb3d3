using System;
using System.Diagnostics;
using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>top: a live table, or a plain one.</summary>
public sealed class TopTests : RuntimeTest
{
    [RuntimeFact]
    public void Without_a_terminal_it_is_one_plain_table()
    {
        Bundle.Shell("while :; do :; done");
        CreateAndStart();
        Outcome top = Runtime.Run("top");
        top.Exit.Should().Be(0, top.ToString());
        string[] lines = top.Out.TrimEnd('\n').Split('\n');
        lines.Should().HaveCount(2);
        lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Should().Equal("ID", "STATUS", "CPU%", "MEMORY", "LIMIT", "PIDS", "READ/S", "WRITE/S");
        string[] cells = lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        cells[..2].Should().Equal(Id, "running");
        double.Parse(cells[2], System.Globalization.CultureInfo.InvariantCulture).Should().BeInRange(5, 150);
        cells[5].Should().Be("1");
        Runtime.Run("top", NewId()).Err.Should().Contain("does not exist");
        Runtime.Run("top", "--interval", "0", Id).Err.Should().Contain("duration interval must be greater than 0");
    }

    [RuntimeFact]
    public void With_an_interval_it_goes_on_until_nobody_reads()
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        string script = $"'{Runtime.Binary}' --root '{Runtime.Root}' top --interval 50ms 2>&1 | head -n 6";
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        shell.WaitForExit(5000).Should().BeTrue();
        shell.StandardOutput.ReadToEnd().Split(Id).Should().HaveCount(4);
    }

    [RuntimeTheory]
    [InlineData("q")]
    [InlineData("\u0003")]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void The_terminal_is_given_back(string end)
    {
        Bundle.Args("sleep", "1000");
        CreateAndStart();
        bool isSignal = end.Length > 1;
        string output = Path.Combine(Work, "script.out");
        string run = $"stty sane; stty -a | md5sum; '{Runtime.Binary}' --root '{Runtime.Root}' top --interval 50ms; echo status=$?; stty -a | md5sum";
        ProcessStartInfo start = new("/bin/sh") { UseShellExecute = false, WorkingDirectory = Work, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec script -qec \"$1\" /dev/null >script.out");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(run);
        start.Environment["SHELL"] = "/bin/sh";
        using Process script = Process.Start(start)!;
        Eventually(() => File.Exists(output) && File.ReadAllText(output).Split(Id).Length > 3, "three tables were shown");
        if (isSignal)
        {
            Execute("/bin/sh", "-c",
                $"for p in /proc/[0-9]*; do if tr '\\0' ' ' <$p/cmdline | grep -q -- '{Runtime.Root} top --interval' && [ \"$(readlink $p/exe)\" = \"$(readlink -f '{Runtime.Binary}')\" ]; then kill -{end} ${{p#/proc/}}; fi; done");
        }
        else
        {
            script.StandardInput.Write(end);
            script.StandardInput.Flush();
        }

        script.WaitForExit(10000).Should().BeTrue();
        string text = File.ReadAllText(output);
        text.Should().Contain("\u001b[?1049h").And.Contain("\u001b[?25h\u001b[?1049l").And.Contain("status=0");
        string[] sums = Array.FindAll(text.Split('\n'), line => line.TrimEnd().EndsWith(" -", StringComparison.Ordinal));
        sums.Should().HaveCount(2);
        sums[1].TrimEnd()[^35..].Should().Be(sums[0].TrimEnd()[^35..]);
    }
}
