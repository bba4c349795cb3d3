using System;
using System.IO;
using System.Text;
using FluentAssertions;
using Mono.Unix.Native;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class LayerStackTests : IDisposable
{
    private static readonly LayerForm Form = new(OwnsAll: false, IsUser: true);

    private readonly string work = Directory.CreateTempSubdirectory("ocirun-stack-").FullName;

    public void Dispose() => Directory.Delete(work, recursive: true);

    [Fact]
    public void The_top_most_file_counts()
    {
        Put("top/etc/group", "top");
        Put("low/etc/group", "low");
        Put("low/etc/passwd", "low");
        Read("/etc/group").Should().Be("top");
        Read("/etc/passwd").Should().Be("low");
        Read("/etc/none").Should().BeEmpty();
        Read("/etc").Should().BeEmpty();
        Read("/etc/passwd/x").Should().BeEmpty();
    }

    [Fact]
    public void What_is_hidden_is_not_found()
    {
        Put("low/a/f", "low");
        Put("low/b/f", "low");
        Put("low/c/f", "low");
        Put("top/b/x", "");
        Put("top/c", "a file");
        Syscall.mknod(Path.Combine(work, "top/a"), FilePermissions.S_IFCHR, 0);
        Syscall.setxattr(Path.Combine(work, "top/b"), "user.overlay.opaque", "y"u8.ToArray()).Should().Be(0);
        Read("/a/f").Should().BeEmpty();
        Read("/b/f").Should().BeEmpty();
        Read("/c/f").Should().BeEmpty();
    }

    [Fact]
    public void Links_are_followed_inside_only()
    {
        Put("low/real/f", "real");
        Put("low/etc/x", "");
        Link("top/etc/absolute", "/real/f");
        Link("low/etc/relative", "../../../../real/f");
        Link("top/dir", "real");
        Link("top/loop", "loop");
        Link("top/host", "/etc/hostname");
        Link("top/up", "../../../../../../../../../../etc/passwd");
        Read("/etc/absolute").Should().Be("real");
        Read("/etc/relative").Should().Be("real");
        Read("/dir/f").Should().Be("real");
        Read("/dir/../real/./f").Should().Be("real");
        Read("/loop").Should().BeEmpty();
        Read("/host").Should().BeEmpty();
        Read("/up").Should().BeEmpty();
    }

    // Reading one would wait for ever.
    [Fact]
    public void Only_files_are_read()
    {
        Directory.CreateDirectory(Path.Combine(work, "top"));
        Syscall.mkfifo(Path.Combine(work, "top/fifo"), FilePermissions.S_IRUSR).Should().Be(0);
        Read("/fifo").Should().BeEmpty();
    }

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(work, path))!);
        File.WriteAllText(Path.Combine(work, path), text);
    }

    private void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(work, path))!);
        File.CreateSymbolicLink(Path.Combine(work, path), target);
    }

    private string Read(string path) =>
        Encoding.UTF8.GetString(new LayerStack([Path.Combine(work, "top"), Path.Combine(work, "low")], Form).ReadFile(path));
}
