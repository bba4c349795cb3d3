using System.Diagnostics;
using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Tests.Images;

namespace OciRun.Tests.Integration;

/// <summary>A layout with images whose lowest layer has a shell, a store and a name for a bundle.</summary>
public abstract class UnpackTest : RuntimeTest
{
    private Layout? layout;

    protected Layout Layout => layout ??= new Layout(Path.Combine(Work, "image"));

    protected string Store => Path.Combine(Work, "store");

    protected string Unpacked => Path.Combine(Work, "unpacked");

    protected static Archive Base()
    {
        Archive archive = new();
        archive.Directory("./").Directory("bin/").Directory("etc/").Directory("tmp/", 0b1_111_111_111)
            .Entry('0', "bin/busybox", content: File.ReadAllBytes("/bin/busybox"), mode: 0b111_101_101)
            .File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001::/:/bin/sh\n")
            .File("etc/group", "root:x:0:\nwheel:x:10:root,alice\nalice:x:1001:\n");
        foreach (string applet in new[] { "sh", "cat", "ls", "stat", "id", "touch", "find", "env", "pwd", "rm", "sleep" })
            archive.Link("bin/" + applet, "busybox");
        return archive;
    }

    protected static JsonObject Command(string script) => new() { ["Cmd"] = new JsonArray("/bin/sh", "-c", script) };

    protected Outcome Unpack(params string[] options) => UnpackTo(Layout.Path, Unpacked, options);

    protected Outcome UnpackTo(string image, string bundle, params string[] options) =>
        Runtime.Run(["unpack", "--store", Store, .. options, image, bundle]);

    /// <summary>Runs the bundle and returns what it wrote.</summary>
    protected Outcome RunUnpacked(params string[] options) => Runtime.Run(["run", "--bundle", Unpacked, .. options, NewId()]);

    /// <summary>What a failed call may not have made.</summary>
    protected void NothingIsLeft()
    {
        Directory.Exists(Unpacked).Should().BeFalse();
        Directory.GetFileSystemEntries(Work, ".*unpack*").Should().BeEmpty();
        if (Directory.Exists(Store))
            Directory.GetFileSystemEntries(Path.Combine(Store, "partial")).Should().BeEmpty();
    }

    /// <summary>Runs a program and asserts that it succeeds.</summary>
    protected static string Shell(string program, params string[] arguments)
    {
        ProcessStartInfo info = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(info)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.Should().Be(0, string.Join(' ', arguments) + "\n" + errors.GetAwaiter().GetResult());
        return output;
    }

    protected static string Sh(string script) => Shell("/bin/sh", "-ec", script);
}
