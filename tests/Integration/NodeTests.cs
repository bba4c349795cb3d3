using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>deploy/node on the root file system of a node whose daemons are shell scripts.</summary>
public sealed class NodeTests : IDisposable
{
    private const string Second = "version = 2\n\n\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n"
        + "  [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n    SystemdCgroup = true\n";

    private const string Third = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n  runtime_type = 'io.containerd.runc.v2'\n\n\n";

    private readonly string host = Directory.CreateTempSubdirectory("ocirun-node-").FullName;

    private string Containerd => Path.Combine(host, "etc/containerd/config.toml");

    private string Crio => Path.Combine(host, "etc/crio/crio.conf.d/50-ocirun.conf");

    public void Dispose() => Directory.Delete(host, recursive: true);

    [RuntimeTheory]
    [InlineData(Second, "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.ocirun", "true")]
    [InlineData(Third, "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.ocirun", "false")]
    [InlineData("", "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.ocirun", "false")]
    public void What_is_added_is_ours_alone_and_goes_without_a_trace(string config, string table, string systemd)
    {
        Write(Containerd, config);

        Node("install").Exit.Should().Be(0);
        string added = File.ReadAllText(Containerd);
        added.Should().StartWith(config).And.Contain($"[{table}]\n").And.Contain($"[{table}.options]\n    BinaryName = \"/usr/local/bin/ocirun\"\n    SystemdCgroup = {systemd}\n");
        DateTime written = File.GetLastWriteTimeUtc(Containerd);
        Node("install").Should().Be(new Outcome(0, "", ""), "all is as it should be");
        File.GetLastWriteTimeUtc(Containerd).Should().Be(written);
        Node("status").Exit.Should().Be(0);

        Node("uninstall").Exit.Should().Be(0);
        File.ReadAllText(Containerd).Should().Be(config);
        Node("status").Exit.Should().Be(1);
        Node("uninstall").Should().Be(new Outcome(0, "", ""));
        Directory.GetFiles(host, "*", SearchOption.AllDirectories).Should().Equal(Containerd);
    }

    // Longer than a pipe, so that who reads its begin alone meets the writer; services are started with SIGPIPE ignored.
    [RuntimeFact]
    public void A_long_configuration_is_read_without_a_word()
    {
        string config = Second + string.Concat(Enumerable.Repeat("# a line that says nothing, as there are many in such files\n", 4000));
        Write(Containerd, config);
        Node("install", ("RESTART", "0")).Err.Should().BeEmpty();
        Node("install", ("RESTART", "0")).Should().Be(new Outcome(0, "", ""));
        Node("uninstall", ("RESTART", "0")).Err.Should().BeEmpty();
        File.ReadAllText(Containerd).Should().Be(config);
    }

    [RuntimeFact]
    public void A_file_that_was_not_there_is_not_there_afterwards()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Containerd)!);
        Node("install").Exit.Should().Be(0);
        File.ReadAllText(Containerd).Should().Contain("\nversion = 2\n").And.Contain(".runtimes.ocirun]");
        Node("install").Out.Should().BeEmpty();
        Node("uninstall").Exit.Should().Be(0);
        Directory.GetFiles(host, "*", SearchOption.AllDirectories).Should().BeEmpty();
    }

    [RuntimeFact]
    public void CriO_gets_a_file_of_its_own()
    {
        Directory.CreateDirectory(Path.Combine(host, "etc/crio"));
        Node("install", ("HANDLER", "ocirun"), ("DEFAULT", "1")).Exit.Should().Be(0);
        File.ReadAllText(Crio).Should().Contain("default_runtime = \"ocirun\"\n[crio.runtime.runtimes.ocirun]\nruntime_path = \"/usr/local/bin/ocirun\"\n");
        Node("uninstall").Exit.Should().Be(0);
        Directory.GetFiles(host, "*", SearchOption.AllDirectories).Should().BeEmpty();
    }

    [RuntimeTheory]
    [InlineData("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.ocirun]\n", "", "names a runtime ocirun already")]
    [InlineData("version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.\"ocirun\"]\n", "", "names a runtime ocirun already")]
    [InlineData("version = 1\n", "", "has version 1: only 2 and 3 are known")]
    [InlineData("root = \"/x\"\n", "", "has version 1: only 2 and 3 are known")]
    [InlineData("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n", "1", "default_runtime_name")]
    public void What_somebody_else_wrote_is_refused_and_kept(string config, string isDefault, string why)
    {
        Write(Containerd, config);
        Outcome outcome = Node("install", ("DEFAULT", isDefault));
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(why);
        File.ReadAllText(Containerd).Should().Be(config);
    }

    [RuntimeFact]
    public void A_configuration_that_the_daemon_does_not_read_is_not_put_into_place()
    {
        Write(Containerd, Second);
        Program("usr/bin/containerd", "cat \"$2\" >/read; echo 'containerd: bad indent' >&2; exit 1");
        Outcome outcome = Node("install");
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("nothing was changed: containerd: bad indent");
        File.ReadAllText(Containerd).Should().Be(Second);
        File.ReadAllText(Path.Combine(host, "read")).Should().StartWith(Second).And.Contain("runtimes.ocirun]");
        Directory.GetFiles(Path.GetDirectoryName(Containerd)!).Should().Equal(Containerd);
    }

    [RuntimeFact]
    public void The_daemon_is_restarted_for_a_change_alone()
    {
        Write(Containerd, Second);
        Program("usr/bin/systemctl", "echo \"$*\" >>/calls");
        Directory.CreateDirectory(Path.Combine(host, "run/systemd/system"));
        Node("install", ("RESTART", "0")).Out.Should().Contain("restart containerd for the change");
        File.Exists(Path.Combine(host, "calls")).Should().BeFalse();
        Node("uninstall").Exit.Should().Be(0);
        Node("install").Exit.Should().Be(0);
        Node("install").Exit.Should().Be(0);
        File.ReadAllLines(Path.Combine(host, "calls")).Should().Equal("restart containerd", "restart containerd");
    }

    [RuntimeFact]
    public void A_link_stays_a_link_and_a_mode_a_mode()
    {
        string real = Path.Combine(host, "etc/real.toml");
        Write(real, Second);
        File.SetUnixFileMode(real, (UnixFileMode)0b110_000_000);
        Directory.CreateDirectory(Path.GetDirectoryName(Containerd)!);
        File.CreateSymbolicLink(Containerd, real);
        Node("install").Exit.Should().Be(0);
        new FileInfo(Containerd).LinkTarget.Should().Be(real);
        File.GetUnixFileMode(real).Should().Be((UnixFileMode)0b110_000_000);
        File.ReadAllText(real).Should().Contain("runtimes.ocirun]");
    }

    [RuntimeTheory]
    [InlineData("run/containerd/runc/k8s.io/c1")]
    [InlineData("run/ocirun/c1")]
    public void Nothing_is_taken_away_under_a_container(string directory)
    {
        Write(Containerd, Second);
        Node("install").Exit.Should().Be(0);
        string state = Path.Combine(host, directory, "state.json");
        Write(state, "{\"version\":1,\"id\":\"c1\",\"pid\":1}");
        Outcome outcome = Node("uninstall");
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain(state);
        File.Exists(Path.Combine(host, "usr/local/bin/ocirun")).Should().BeTrue();

        File.WriteAllText(state, "{\"id\":\"c1\",\"init_process_pid\":1}");
        Node("uninstall").Exit.Should().Be(0, "that is a container of runc");
    }

    [RuntimeTheory]
    [InlineData("HANDLER", "a b")]
    [InlineData("CGROUPS", "v1")]
    [InlineData("ENGINE", "rkt")]
    public void What_cannot_be_meant_is_refused(string name, string value)
    {
        Write(Containerd, Second);
        Outcome outcome = Node("install", (name, value));
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain($"{name} '{value}'");
        Directory.GetFiles(host, "*", SearchOption.AllDirectories).Should().Equal(Containerd);
    }

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    // A shell script that the node, which is entered by chroot, can run.
    private void Program(string path, string script)
    {
        foreach (string name in new[] { "sh", "cat" })
        {
            Directory.CreateDirectory(Path.Combine(host, "bin"));
            File.Copy("/bin/busybox", Path.Combine(host, "bin", name));
        }

        Write(Path.Combine(host, path), "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(Path.Combine(host, path), (UnixFileMode)0b111_101_101);
    }

    private Outcome Node(string command, params (string Name, string Value)[] settings)
    {
        string script = Path.Combine(Runtime.RepositoryRoot(), "deploy", "node");
        ProcessStartInfo info = new("env", ["--ignore-signal=PIPE", script, command, .. command == "install" ? [Published.Binary] : Array.Empty<string>()])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["HOST"] = host;
        foreach ((string name, string value) in settings)
            info.Environment[name] = value;
        using Process process = Process.Start(info)!;
        string err = process.StandardError.ReadToEnd();
        return new Outcome(process.WaitForExitAsync().Wait(30_000) ? process.ExitCode : -1, process.StandardOutput.ReadToEnd(), err);
    }
}
