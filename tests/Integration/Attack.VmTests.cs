using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>By what a process could be kept from its label, on the kernel of the VM, which has AppArmor (security.md T-B1, T-B2).</summary>
public sealed class AttackVmTests : RuntimeTest
{
    private const string Rules = "  file,\n  capability,\n  mount,\n  signal,";

    private string Profile => "ocirun-" + Id;

    private string Expected => $"{Profile} (enforce)\n";

    // What the config may mount there. What is refused is told and leaves nothing.
    [VmTheory]
    [InlineData("/proc", "tmpfs", true)]
    [InlineData("/proc", "bind", true)]
    [InlineData("/proc", "tmpfs", false)]
    [InlineData("/proc", "bind", false)]
    [InlineData("/proc/self", "bind", false)]
    [InlineData("/proc/self/attr", "tmpfs", false)]
    [InlineData("/proc/self/attr", "bind", false)]
    [InlineData("/proc/thread-self", "bind", false)]
    [InlineData("/proc/1", "bind", false)]
    [InlineData("/proc/sys", "bind", false)]
    public void A_process_has_its_label_or_does_not_start_whatever_is_mounted_at_proc(string destination, string kind, bool alone)
    {
        using ApparmorProfile profile = new(Work, Rules, Profile);
        string volume = Fake("volume");
        if (alone)
            Bundle.NoMount("/proc");
        Bundle.Mount(destination, kind, kind == "bind" ? volume : kind, kind == "bind" ? ["bind"] : []);
        Bundle.Args("sleep", "100").Process["apparmorProfile"] = Profile;
        Outcome outcome = Runtime.With("run", "--detach", "--bundle", Bundle.Save().Path, Id).Run();
        if (outcome.Exit == 0)
            File.ReadAllText($"/proc/{Pid()}/attr/current").Should().Be(Expected);
        else
            outcome.Err.Should().Contain(destination);
        Runtime.Run("delete", "--force", Id).Should().Be(Silent);
        Untouched(volume);
    }

    // What somebody mounts over the host's /proc before any single call: a directory of files, or another part of procfs.
    [VmTheory]
    [InlineData("")]
    [InlineData("/proc/1/task")]
    public void A_label_is_never_written_elsewhere(string by)
    {
        using ApparmorProfile profile = new(Work, Rules, Profile);
        string fake = Fake("fake");
        Bundle.Args("sleep", "100").Process["apparmorProfile"] = Profile;
        int started = 0;

        new Swap(Work).Sweep("cover", by.Length == 0 ? fake : by, "/proc", words =>
        {
            string id = NewId();
            Outcome outcome = Runtime.With("run", "--detach", "--bundle", Bundle.Save().Path, id).Under(words).Run();
            if (outcome.Exit == 0)
            {
                // Seen from the host, for the container's own /proc may be covered by then.
                File.ReadAllText($"/proc/{(int)State(id)["pid"]!}/attr/current").Should().Be(Expected);
                started++;
            }

            Runtime.Run("delete", "--force", id);
            Untouched(fake);
        }, few: 40);

        started.Should().BePositive();
    }

    private string Fake(string name)
    {
        string root = Path.Combine(Work, name);
        foreach (string process in new[] { "self", "thread-self", "1" })
        {
            Directory.CreateDirectory(Path.Combine(root, process, "attr", "apparmor"));
            foreach (string file in new[] { "attr/exec", "attr/current", "attr/apparmor/exec", "attr/apparmor/current" })
                File.WriteAllText(Path.Combine(root, process, file), "untouched");
        }

        return root;
    }

    private static void Untouched(string fake)
    {
        foreach (string file in Directory.GetFiles(fake, "*", SearchOption.AllDirectories))
            File.ReadAllText(file).Should().Be("untouched", file);
    }
}
