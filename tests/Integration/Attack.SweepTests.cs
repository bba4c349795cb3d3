using System;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>
/// What a container is made from is exchanged before each single call of the runtime: no race that has to be won
/// (security.md, FX-STOP). An error is as good an answer as a container that is closed.
/// </summary>
[Trait("Category", "Conformance")]
[Trait("Category", "Sweep")]
public sealed class AttackSweepTests : RuntimeTest
{
    private Canary? canary;
    private Swap? swap;

    private Canary Canary => canary ??= new Canary(Path.Combine(Work, "canary"));

    private Swap Swap => swap ??= new Swap(Work);

    private string Volume => Directory.CreateDirectory(Path.Combine(Work, "volume")).FullName;

    // T-A5, and T-A6 where the targets are missing.
    [RuntimeTheory]
    [InlineData("stay", "", false)]
    [InlineData("back", "", false)]
    [InlineData("stay", "/a/b", true)]
    [InlineData("back", "/a/b", true)]
    public void A_mount_target_never_leads_to_the_host(string action, string below, bool missing)
    {
        string target = Path.Combine(Volume, "target");
        string link = Path.Combine(Volume, "link");
        Bundle.Mount("/volume", "bind", Volume, "bind");
        foreach (string name in new[] { "one", "two" })
            Bundle.Mount($"/volume/target{below}/{name}", "tmpfs", "tmpfs");
        Bundle.Mount($"/volume/target{below}/file", "bind", Path.Combine(Canary.Path, "passwd"), "bind").Shell("cat /proc/self/mountinfo");

        Swap.Sweep(action, target, link, words =>
        {
            Discard(target, link);
            foreach (string name in missing ? [""] : new[] { "one", "two" })
                Directory.CreateDirectory(Path.Combine(target, name));
            File.CreateSymbolicLink(link, "../../../../../../../.." + Canary.Path);

            Outcome outcome = Attacked(words);

            if (outcome.Exit != 0)
                return;
            string[][] mounts = [.. outcome.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];
            mounts.Where(fields => fields[3].Contains("/canary", StringComparison.Ordinal)).Should().ContainSingle("the file alone is of the host");
            mounts.Select(fields => Path.GetFileName(fields[4])).Should().Contain(["one", "two", "file"], "no mount went elsewhere");
        });
    }

    // T-A12: whatever it is that gets covered, it is never half covered.
    [RuntimeTheory]
    [InlineData("stay", "readonlyPaths", "")]
    [InlineData("back", "readonlyPaths", "")]
    [InlineData("back", "readonlyPaths", "mount_setattr")]
    [InlineData("stay", "maskedPaths", "")]
    [InlineData("back", "maskedPaths", "")]
    [InlineData("back", "maskedPaths", "fsopen,open_tree,move_mount,mount_setattr")]
    public void A_cover_of_a_path_is_never_writable(string action, string field, string without)
    {
        string path = Path.Combine(Volume, "path");
        string link = Path.Combine(Volume, "link");
        Bundle.Mount("/volume", "bind", Volume, "bind").Shell("grep ' /volume/' /proc/self/mountinfo | cut -d' ' -f 5,6; true");
        Bundle.Linux[field] = new JsonArray("/volume/path");
        int covers = 0;

        Swap.Sweep(action, path, link, words =>
        {
            Discard(path, link);
            Directory.CreateDirectory(path);
            File.CreateSymbolicLink(link, "/dev/shm");
            string[] lines = Attacked(without.Length == 0 ? words : [.. words, Nosys.Install(Work), "ENOSYS", without]).Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.Where(line => !line.Contains(" ro", StringComparison.Ordinal)).Should().BeEmpty();
            covers += lines.Length;
        });

        covers.Should().BePositive();
    }

    // T-B2: what somebody mounts over a parameter does not get its value.
    [RuntimeTheory]
    [InlineData("/proc/sys", "sys")]
    [InlineData("/proc/sys/net/core/somaxconn", "sys/net/core/somaxconn")]
    public void A_parameter_of_the_kernel_is_never_written_elsewhere(string covered, string by)
    {
        string fake = Path.Combine(Work, "sys", "net", "core", "somaxconn");
        Directory.CreateDirectory(Path.GetDirectoryName(fake)!);
        File.WriteAllText(fake, "untouched");
        Bundle.Linux["sysctl"] = new JsonObject { ["net.core.somaxconn"] = "1234" };
        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_SYS_ADMIN");
        Bundle.Shell("mkdir -p /tmp/new && mount -t proc proc /tmp/new && cat /tmp/new/sys/net/core/somaxconn");

        Swap.Sweep("cover", Path.Combine(Work, by), covered, words =>
        {
            Outcome outcome = Attacked(words);
            if (outcome.Exit == 0)
                outcome.Out.Should().Be("1234\n");
            File.ReadAllText(fake).Should().Be("untouched");
        });
    }

    // T-C2.
    [RuntimeTheory]
    [InlineData("stay", "link")]
    [InlineData("back", "link")]
    [InlineData("back", "regular")]
    public void A_mask_is_never_another_file_of_the_image(string action, string kind)
    {
        string device = Bundle.InRootfs("/dev/null");
        string other = Bundle.InRootfs("/dev/other");
        foreach (string destination in new[] { "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue" })
            Bundle.NoMount(destination);
        Bundle.WithFile("/secret", "secret").WithFile("/tmp/open", "open").Args("cat", "/secret");
        Bundle.Linux["maskedPaths"] = new JsonArray("/secret");

        Swap.Sweep(action, device, other, words =>
        {
            Discard(device, other);
            Syscall.mknod(device, FilePermissions.S_IFCHR | (FilePermissions)0b110_110_110, (1 << 8) | 3).Should().Be(0);
            if (kind == "link")
                File.CreateSymbolicLink(other, "/tmp/open");
            else
                File.WriteAllText(other, "other");
            Attacked(words).Out.Should().BeEmpty();
        });
    }

    // T-C3, T-A10 (a).
    [RuntimeTheory]
    [InlineData("stay", "console")]
    [InlineData("back", "console")]
    [InlineData("back", "pts")]
    [InlineData("back", "ptmx")]
    public void A_console_is_never_made_outside(string action, string name)
    {
        string path = Bundle.InRootfs("/dev/" + name);
        string link = Bundle.InRootfs("/dev/link");
        Bundle.NoMount("/dev").NoMount("/dev/shm").NoMount("/dev/mqueue").Args("sleep", "100").Process["terminal"] = true;
        string socket = Path.Combine(Work, "console");
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(socket));
        listener.Listen(16);

        Swap.Sweep(action, path, link, words =>
        {
            Discard(path, link);
            if (name == "pts")
                Directory.CreateDirectory(path);
            else
                File.WriteAllText(path, "");
            File.CreateSymbolicLink(link, Path.Combine(Canary.Path, name == "pts" ? "directory" : name));
            string id = NewId();
            Outcome outcome = Runtime.With("run", "--detach", "--console-socket", socket, "--bundle", Bundle.Save().Path, id).Under(words).Run();
            if (outcome.Exit == 0)
                RunningProcess.HasConsole((int)State(id)["pid"]!).Should().BeTrue("it is nowhere else");
            while (listener.Poll(0, SelectMode.SelectRead))
                listener.Accept().Dispose();
            Runtime.Run("delete", "--force", id);
            Unharmed();
        });
    }

    // T-D3: a working directory that is exchanged while a process enters a container.
    [RuntimeTheory]
    [InlineData("stay")]
    [InlineData("back")]
    public void A_process_never_enters_outside_the_root(string action)
    {
        Probe.Install(Bundle);
        string directory = Directory.CreateDirectory(Bundle.InRootfs("/work")).FullName;
        string link = Bundle.InRootfs("/link");
        Bundle.Args("sleep", "1000");
        CreateAndStart();

        Swap.Sweep(action, directory, link, words =>
        {
            Discard(directory, link);
            Directory.CreateDirectory(directory);
            File.CreateSymbolicLink(link, "/proc/self/fd/7");
            Outcome outcome = Runtime.With("exec", "--cwd", "/work", Id, "/bin/probe", "cwd").Redirect("7</").Under(words).Run();
            if (outcome.Exit == 0)
                outcome.Out.Should().MatchRegex(@"^/[^(]* inside\n$");
            else
                outcome.Out.Should().BeEmpty();
        });
    }

    private Outcome Attacked(string[] words)
    {
        Outcome outcome = Runtime.With("run", "--bundle", Bundle.Save().Path, NewId()).Under(words).Run();
        Unharmed();
        return outcome;
    }

    private void Unharmed()
    {
        Canary.Changes().Should().BeEmpty();
        Leftovers.Mounts(Canary.Path).Should().BeEmpty();
    }

    private static void Discard(params string[] paths)
    {
        foreach (string path in paths)
        {
            if (Directory.Exists(path) && new FileInfo(path).LinkTarget is null)
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
    }
}
