using System;
using System.Diagnostics;
using System.IO;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Known attacks by image or caller, without races (security.md §1).</summary>
[Trait("Category", "Conformance")]
public sealed class AttackTests : RuntimeTest
{
    private Canary? canary;

    private Canary Canary => canary ??= new Canary(Path.Combine(Work, "canary"));

    // T-A8, T-A9: default devices and links are made where /dev leads inside the root, never on the host.
    [RuntimeTheory]
    [InlineData("absolute")]
    [InlineData("relative")]
    [InlineData("chain")]
    public void A_dev_that_links_to_the_host_is_not_written_to(string kind)
    {
        string target = kind switch
        {
            "absolute" => Canary.Path,
            "relative" => "../canary",
            _ => "hop",
        };
        if (kind == "chain")
            File.CreateSymbolicLink(Bundle.InRootfs("/hop"), "../../../../.." + Canary.Path);
        Replace("/dev", target);
        WithoutDev().Args("true");

        Run();

        Canary.Changes().Should().BeEmpty();
    }

    // T-A8: the same for the mount points below /dev.
    [RuntimeTheory]
    [InlineData("pts")]
    [InlineData("shm")]
    [InlineData("mqueue")]
    public void A_mount_target_that_links_to_the_host_stays_inside(string name)
    {
        File.CreateSymbolicLink(Bundle.InRootfs("/dev/" + name), Canary.Path);
        Bundle.NoMount("/dev").Args("true");

        Run();

        Canary.Changes().Should().BeEmpty();
        Leftovers.Mounts(Canary.Path).Should().BeEmpty();
    }

    // T-A2, T-A3: bind targets with links at any place, dangling ones included.
    [RuntimeTheory]
    [InlineData("/etc/target", "{canary}/regular", false)]
    [InlineData("/etc/target", "{canary}/made", false)]
    [InlineData("/etc/target", "../../../../../..{canary}/made", false)]
    [InlineData("/etc/target", "{canary}/directory", true)]
    [InlineData("/etc/target", "{canary}/madedir", true)]
    public void A_bind_target_that_links_to_the_host_stays_inside(string path, string link, bool directory)
    {
        File.CreateSymbolicLink(Bundle.InRootfs(path), link.Replace("{canary}", Canary.Path, StringComparison.Ordinal));
        string source = Path.Combine(Work, "source");
        if (directory)
            Directory.CreateDirectory(source);
        else
            File.WriteAllText(source, "x");
        Bundle.Mount(path, "bind", source, "bind").Args("true");

        Run();

        Canary.Changes().Should().BeEmpty();
    }

    // T-A2: a link in the middle of the target.
    [RuntimeFact]
    public void A_target_below_a_link_to_the_host_stays_inside()
    {
        File.CreateSymbolicLink(Bundle.InRootfs("/data"), Canary.Path);
        Bundle.Mount("/data/a/b", "tmpfs", "tmpfs").Args("true");

        Run();

        Canary.Changes().Should().BeEmpty();
    }

    // T-A10 (b): the null device of the image is not trusted for stdio.
    [RuntimeTheory]
    [InlineData("link")]
    [InlineData("regular")]
    [InlineData("fifo")]
    [InlineData("missing")]
    public void A_hostile_null_device_is_not_used(string kind)
    {
        Probe.Install(Bundle);
        string path = Bundle.InRootfs("/dev/null");
        if (kind == "link")
            File.CreateSymbolicLink(path, Path.Combine(Canary.Path, "null"));
        else if (kind == "regular")
            File.WriteAllText(path, "x");
        else if (kind == "fifo")
            Syscall.mkfifo(path, (FilePermissions)0b110_000_000);
        WithoutDev().Args("/bin/probe", "stdio", "/tmp/report");

        Outcome outcome = Call("run", "--detach").Redirect("0<&- 1>&- 2>&-").Within(TimeSpan.FromSeconds(10)).Run();
        if (outcome.Exit == 0)
            Eventually(() => Status() == "stopped", "the probe ends");

        Canary.Changes().Should().BeEmpty();
        if (outcome.Exit == 0)
            File.ReadAllLines(Bundle.InRootfs("/tmp/report")).Should().Equal("0 char 103", "1 char 103", "2 char 103");
    }

    // T-C2: a mask is never left out and never leads elsewhere.
    [RuntimeTheory]
    [InlineData("link")]
    [InlineData("regular")]
    [InlineData("directory")]
    [InlineData("missing")]
    public void Masks_do_not_depend_on_the_images_null_device(string kind)
    {
        string path = Bundle.InRootfs("/dev/null");
        if (kind == "link")
            File.CreateSymbolicLink(path, Path.Combine(Canary.Path, "null"));
        else if (kind == "regular")
            File.WriteAllText(path, "x");
        else if (kind == "directory")
            Directory.CreateDirectory(path);
        WithoutDev().WithFile("/secret", "secret text").Args("cat", "/secret", "/proc/keys");
        Bundle.Linux["maskedPaths"] = new JsonArray("/secret", "/proc/keys");

        Outcome outcome = Call("run").Within(TimeSpan.FromSeconds(10)).Run();

        outcome.Out.Should().BeEmpty("the masked files are empty, or the start failed");
        Canary.Changes().Should().BeEmpty();
    }

    // T-C2: a masked path that is a link masks nothing outside.
    [RuntimeFact]
    public void A_masked_link_masks_nothing_on_the_host()
    {
        File.CreateSymbolicLink(Bundle.InRootfs("/masked"), Path.Combine(Canary.Path, "regular"));
        Bundle.Args("true").Linux["maskedPaths"] = new JsonArray("/masked");
        Run();
        Canary.Changes().Should().BeEmpty();
    }

    // T-C4b: a fifo where the runtime looks must not block it.
    [RuntimeTheory]
    [InlineData("/etc/passwd")]
    [InlineData("/etc/group")]
    [InlineData("/dev/console")]
    [InlineData("/dev/tty")]
    [InlineData("/bin/program")]
    public void A_fifo_does_not_block_create(string path)
    {
        string full = Bundle.InRootfs(path);
        File.Delete(full);
        Syscall.mkfifo(full, (FilePermissions)0b111_101_101).Should().Be(0);
        WithoutDev().Args(path == "/bin/program" ? path : "true").Process["env"] = new JsonArray("PATH=/bin");
        Outcome outcome = Call("create").Within(TimeSpan.FromSeconds(5)).Run();
        outcome.Exit.Should().BeInRange(0, 1);
    }

    // T-D3: no working directory outside the root, whatever descriptors the caller leaks.
    [RuntimeTheory]
    [InlineData("/proc/self/fd/7")]
    [InlineData("/proc/self/fd/8")]
    [InlineData("/proc/self/fd/9")]
    [InlineData("/proc/self/fd/7/../..")]
    [InlineData("/proc/self/fd/3")]
    [InlineData("/proc/self/fd/4")]
    [InlineData("/proc/self/fd/5")]
    [InlineData("/proc/self/fd/6")]
    [InlineData("/proc/1/cwd")]
    [InlineData("/proc/self/cwd")]
    [InlineData("/proc/thread-self/fd/7")]
    [InlineData("/link")]
    public void A_working_directory_outside_the_root_is_impossible(string cwd)
    {
        Probe.Install(Bundle);
        File.CreateSymbolicLink(Bundle.InRootfs("/link"), "/proc/self/fd/7");
        Bundle.Args("/bin/probe", "cwd").Process["cwd"] = cwd;

        Outcome outcome = Call("run").Redirect($"7</ 8<'{Leftovers.Cgroup2Mount}' 9</proc/1").Run();

        if (outcome.Exit == 0)
            outcome.Out.Should().MatchRegex(@"^/[^(]* inside\n$");
        else
            outcome.Out.Should().BeEmpty();
    }

    // T-D3: nor a program reached through a leaked descriptor.
    [RuntimeTheory]
    [InlineData("/proc/self/fd/7/bin/busybox")]
    [InlineData("/proc/self/fd/7/../bin/busybox")]
    public void A_program_outside_the_root_is_impossible(string program)
    {
        Bundle.Args(program, "echo", "escaped");
        Outcome outcome = Call("run").Redirect("7</").Run();
        outcome.Exit.Should().Be(1);
        outcome.Out.Should().BeEmpty();
    }

    // T-D2: the host's binary is not what a container sees as an executable of the runtime.
    [RuntimeTheory]
    [InlineData("/proc/self/exe")]
    [InlineData("/proc/1/exe")]
    public void The_runtimes_own_file_cannot_be_reached_as_the_program(string program)
    {
        byte[] hash = Hash();
        Bundle.WithFile("/bin/again", "#!/proc/self/exe\n", (UnixFileMode)0b111_101_101);
        foreach (string candidate in new[] { program, "/bin/again" })
        {
            string id = NewId();
            Bundle.Args(candidate).Save();
            Runtime.Run("run", "--bundle", Bundle.Path, id);
        }

        Hash().Should().Equal(hash);
    }

    [RuntimeFact]
    public void The_waiting_init_does_not_run_from_the_hosts_file()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);

        string exe = $"/proc/{Pid()}/exe";
        Syscall.stat(exe, out Stat init).Should().Be(0);
        Syscall.stat(OnHost(), out Stat binary).Should().Be(0);

        (init.st_dev, init.st_ino).Should().NotBe((binary.st_dev, binary.st_ino), "the file could be overwritten through {0}", exe);
    }

    [RuntimeFact]
    public void The_waiting_inits_file_cannot_be_opened_for_writing()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        byte[] hash = Hash();
        int fd = Syscall.open($"/proc/{Pid()}/exe", OpenFlags.O_RDWR | OpenFlags.O_TRUNC);
        if (fd >= 0)
            Syscall.close(fd);
        fd.Should().BeLessThan(0);
        Hash().Should().Equal(hash);
    }

    // T-A13: a hostile record below the state root sends no signal and removes nothing elsewhere.
    [RuntimeFact]
    public void A_link_in_the_state_root_is_not_followed()
    {
        Directory.CreateDirectory(Runtime.Root!);
        string link = Path.Combine(Runtime.Root!, Id);
        File.CreateSymbolicLink(link, Canary.Path);
        Runtime.Run("delete", "--force", Id);
        bool unchanged = Canary.Changes().Count == 0;
        File.Delete(link);
        unchanged.Should().BeTrue("delete stays below the state root");
    }

    private Bundle WithoutDev()
    {
        foreach (string destination in new[] { "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue" })
            Bundle.NoMount(destination);
        return Bundle;
    }

    private void Replace(string path, string link)
    {
        Directory.Delete(Bundle.InRootfs(path), recursive: true);
        File.CreateSymbolicLink(Bundle.InRootfs(path), link);
    }

    // The runtime's file as the host sees it: the launcher of a peer has its own root.
    private static string OnHost()
    {
        if (Runtime.Launcher.Count == 0)
            return Runtime.Binary;
        ProcessStartInfo which = new(Runtime.Launcher[0])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            ArgumentList = { "sh", "-c", $"readlink -f $(command -v {Runtime.Binary})" },
        };
        using Process process = Process.Start(which)!;
        string path = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        string home = Environment.GetEnvironmentVariable("HOME") ?? "/root";
        string root = Environment.GetEnvironmentVariable("OCIRUN_PEER_ROOT") ?? home + "/.cache/ocirun/trixie-bench";
        return root + path;
    }

    private static byte[] Hash() => SHA256.HashData(File.ReadAllBytes(OnHost()));
}
