using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using FluentAssertions;
using Mono.Unix.Native;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>The option tmpcopyup, on what cannot be said in a case of conformance/mounts.</summary>
public sealed class MountsCopyUpTests : RuntimeTest
{
    private const string MountApi = "fsopen,open_tree,move_mount,mount_setattr,fsmount,fsconfig";

    // Everything that a directory has but inodes, link counts and the sizes of directories.
    private const string Look = """
        cd "$0"; find . ! -type d -printf '%p %y %m %U:%G %T@ %s %l\n' -o -printf '%p %y %m %U:%G %T@\n' | sort
        find . -type c -exec stat -c '%n %t:%T' {} +
        find . -type f -exec md5sum {} + | sort
        """;

    private const string Fill = """
        cd "$0"; umask 0
        mkdir -p directory/below/deeper many; chmod 2750 directory; chmod 1777 directory/below
        echo text > directory/file; chmod 4711 directory/file; : > directory/empty; chmod 000 directory/empty
        head -c 300000 /dev/urandom > directory/large
        truncate -s 40M directory/sparse; echo middle | dd of=directory/sparse bs=1 seek=20000000 conv=notrunc status=none
        ln -s ../../outside directory/link; ln -s / root; ln directory/file directory/again
        mkfifo pipe; mknod null c 1 3; mknod loop b 7 0
        for i in $(seq 1 700); do : > many/a-file-with-a-name-of-some-length-$i; done
        chown 5:6 directory; chown 7:8 directory/large; chown -h 9:10 directory/link; chown 11:12 null; chown 3:4 .
        chmod 4755 directory/large; chmod 1751 .
        touch -d @1000000001.5 directory/large; touch -h -d @1000000002 directory/link; touch -d @1000000003 null
        touch -d @1000000004 directory; touch -d @1000000005 .
        """;

    private string Data => Bundle.InRootfs("/data");

    [RuntimeTheory]
    [InlineData("")]
    [InlineData(MountApi)]
    public void All_kinds_of_files_are_copied_with_all_they_have(string missing)
    {
        Directory.CreateDirectory(Data);
        Shell(Fill, Data);
        string before = Shell(Look, Data);
        Bundle.Mount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Runtime.Call create = Call("create");
        if (missing.Length > 0)
            create.Under(Nosys.Install(Work), "ENOSYS", missing);
        create.Run().Should().Be(Silent);
        string copy = $"/proc/{Pid()}/root/data";
        Shell(Look, copy).Should().Be(before);
        Shell("cd $0; stat -c %h directory/file; touch new", copy).Should().Be("1\n", "as with crun and runc");
        long.Parse(Shell("stat -c %b $0/directory/sparse", copy)).Should().BeLessThan(100, "holes stay holes");
        Shell(Look, Data).Should().Be(before, "the image is below the tmpfs");
    }

    [RuntimeFact]
    public void Extended_attributes_are_copied()
    {
        (string Path, string Name, byte[] Value)[] attributes =
        [
            (".", "trusted.root", [1, 2, 3]),
            ("directory", "trusted.text", Encoding.ASCII.GetBytes("of a directory")),
            ("file", "trusted.long", Enumerable.Range(0, 3000).Select(i => (byte)(i % 256)).ToArray()),
            ("file", "security.capability", Convert.FromHexString("0100000200040000000000000000000000000000")),
        ];
        Directory.CreateDirectory(Path.Combine(Data, "directory"));
        File.WriteAllText(Path.Combine(Data, "file"), "x");
        Shell("chown 1:1 $0/file", Data);
        foreach ((string path, string name, byte[] value) in attributes)
            Syscall.setxattr(Path.Combine(Data, path), name, value).Should().Be(0, name);
        Bundle.Mount("/data", "tmpfs", "tmpfs", "tmpcopyup");
        Create().Should().Be(Silent);
        foreach ((string path, string name, byte[] value) in attributes)
        {
            Syscall.getxattr($"/proc/{Pid()}/root/data/{path}", name, out byte[] copy).Should().Be(value.Length, name);
            copy.Should().Equal(value, name);
        }
    }

    [RuntimeTheory]
    [InlineData("mode=700", "700 3:4")]
    [InlineData("uid=20", "1751 20:4")]
    [InlineData("gid=21", "1751 3:21")]
    [InlineData("size=1m", "1751 3:4")]
    public void Options_decide_about_the_root_directory(string option, string expected)
    {
        Directory.CreateDirectory(Data);
        Shell("chown 3:4 $0; chmod 1751 $0", Data);
        Bundle.Mount("/data", "tmpfs", "tmpfs", "tmpcopyup", option).Shell("stat -c '%a %u:%g' /data");
        Run().Should().Be(new Outcome(0, expected + "\n", ""));
    }

    [RuntimeTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Under_a_user_namespace_owners_are_as_the_container_sees_them(bool idMapped)
    {
        Bundle.Namespace("user").NoMount("/sys/fs/cgroup").Linux.Remove("resources");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 1000);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 1000);
        Directory.CreateDirectory(Path.Combine(Data, "directory"));
        File.WriteAllText(Path.Combine(Data, "directory", "file"), "x");
        Shell("chown -R 100003:100004 $0; chmod 711 $0; chown 100000:100000 $0/..", Data);
        string[] options = idMapped ? ["tmpcopyup", "idmap"] : ["tmpcopyup"];
        Bundle.Mount("/data", "tmpfs", "tmpfs", options).Shell("stat -c '%a %u:%g' /data /data/directory/file");
        Run().Should().Be(new Outcome(0, "711 3:4\n644 3:4\n", ""));
    }

    [RuntimeFact]
    public void An_owner_without_a_mapping_is_named()
    {
        Bundle.Namespace("user").NoMount("/sys/fs/cgroup").Linux.Remove("resources");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 10);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 10);
        Directory.CreateDirectory(Path.Combine(Data, "directory"));
        File.WriteAllText(Path.Combine(Data, "directory", "fi\nle"), "x");
        Shell("chown -R 100003:100004 $0; chown 5:5 $0/directory/*; chmod 666 $0/directory/*; chown 100000:100000 $0/..", Data);
        Bundle.Mount("/data", "tmpfs", "tmpfs", "tmpcopyup").Args("true");
        Outcome outcome = Run();
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().MatchRegex(
            "mounts\\[[0-9]+\\] .*/data.*: cannot copy the directory's content into the tmpfs: directory/fi\\?le: invalid argument \\(fchownat: EINVAL");
        outcome.Err.Should().Contain("map the owner's ids in linux.uidMappings and linux.gidMappings");
    }

    [RuntimeFact]
    public void Links_of_the_image_lead_nowhere()
    {
        string outside = Path.Combine(Work, "outside");
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "secret"), "secret");
        Directory.CreateDirectory(Data);
        Directory.CreateDirectory(Bundle.InRootfs(outside));
        File.CreateSymbolicLink(Path.Combine(Data, "file"), Path.Combine(outside, "secret"));
        File.CreateSymbolicLink(Path.Combine(Data, "directory"), outside);
        File.CreateSymbolicLink(Bundle.InRootfs("/away"), outside);
        Bundle.Mount("/data", "tmpfs", "tmpfs", "tmpcopyup").Mount("/away", "tmpfs", "tmpfs", "tmpcopyup");
        Bundle.Shell("ls /data /away; cat /data/file || cat /data/directory/secret");
        Run().Out.Should().Be("/away:\n\n/data:\ndirectory\nfile\n");
    }

    [RuntimeTheory]
    [InlineData(127, true)]
    [InlineData(128, false)]
    public void Directories_may_be_as_deep_as_is_said(int depth, bool works)
    {
        Directory.CreateDirectory(Data);
        Directory.CreateDirectory(Path.Combine([Data, .. Enumerable.Repeat("d", depth)]));
        Bundle.Mount("/data", "tmpfs", "tmpfs", "tmpcopyup").Shell("find /data | wc -l");
        Outcome outcome = Run();
        if (works)
            outcome.Should().Be(new Outcome(0, $"{depth + 1}\n", ""));
        else
            outcome.Err.Should().Contain(": d/d/d").And.Contain("(openat: ENAMETOOLONG").And.Contain("128 deep");
    }

    private static string Shell(string script, string argument)
    {
        ProcessStartInfo start = new("sh", ["-ec", script, argument]) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process shell = Process.Start(start)!;
        string text = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        shell.ExitCode.Should().Be(0);
        return text;
    }
}
