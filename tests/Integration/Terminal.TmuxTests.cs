using System.Diagnostics;
using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>A container in a pane of tmux: split, resized, detached from, killed.</summary>
public sealed class TerminalTmuxTests : RuntimeTest
{
    [RuntimeFact]
    public void A_pane_can_be_split_resized_and_left()
    {
        Bundle.Shell("trap 'stty size > /size' WINCH; stty size > /size; while :; do read word; echo got $word; done").Process["terminal"] = true;
        try
        {
            Open();
            Eventually(() => Size() == "24 80", "the pane's size is the container's");
            Tmux("split-window", "-d", "-h", "sleep 1000");
            Eventually(() => Size() is { } size && size.StartsWith("24 ") && size != "24 80", "a split pane is narrower");
            Tmux("split-window", "-d", "-v", "-t", ":0.0", "sleep 1000");
            Eventually(() => Size() is { } size && !size.StartsWith("24 "), "and lower");
            Tmux("resize-pane", "-t", ":0.0", "-y", "6");
            Eventually(() => Size()!.StartsWith("6 "), "and has the size that it is given");
            Tmux("send-keys", "-t", ":0.0", "hello", "Enter");
            Eventually(() => Tmux("capture-pane", "-p", "-t", ":0.0").Contains("got hello"), "keys reach it");

            // Nobody is attached and has never been: it goes on.
            Tmux("detach-client", "-a");
            Status().Should().Be("running");
        }
        finally
        {
            Tmux("kill-server");
        }
    }

    [RuntimeFact]
    public void A_killed_pane_is_a_hang_up()
    {
        Bundle.Shell("trap 'echo hup >> /ends; exit 0' HUP; echo begun > /size; while read word; do :; done; echo eof >> /ends").Process["terminal"] = true;
        try
        {
            Open();
            Eventually(() => Size() == "begun", "it runs");
            Tmux("split-window", "-d", "sleep 1000");
            Tmux("kill-pane", "-t", ":0.0");
            Eventually(() => Runtime.Run("state", Id).Exit != 0, "the container ends and is deleted");
            File.ReadAllText(Bundle.InRootfs("/ends")).Should().MatchRegex("^(hup|eof)\n");
        }
        finally
        {
            Tmux("kill-server");
        }
    }

    private string? Size()
    {
        string path = Bundle.InRootfs("/size");
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    private void Open()
    {
        Bundle.Save();
        Tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", $"exec '{Runtime.Binary}' --root '{Runtime.Root}' run --bundle '{Bundle.Path}' {Id}",
            ";", "set-option", "-g", "status", "off");
    }

    private string Tmux(params string[] words)
    {
        ProcessStartInfo start = new("tmux") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TERM"] = "xterm";
        start.ArgumentList.Add("-L");
        start.ArgumentList.Add("ocirun-" + Id);
        foreach (string word in words)
            start.ArgumentList.Add(word);
        using Process tmux = Process.Start(start)!;
        string text = tmux.StandardOutput.ReadToEnd();
        tmux.WaitForExit();
        return text;
    }
}
