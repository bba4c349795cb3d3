using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using FluentAssertions;
using Mono.Unix.Native;
using OciRun.Errors;
using OciRun.Images;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Images;

/// <summary>In the form of an ordinary user, so that any user can run it.</summary>
public sealed class ExtractionTests : IDisposable
{
    private static readonly LayerForm Form = new(OwnsAll: false, IsUser: true);

    private readonly string work = Directory.CreateTempSubdirectory("ocirun-layer-").FullName;
    private readonly Losses losses = new();

    private string Layer => Path.Combine(work, "layer");

    public void Dispose()
    {
        using (Fd fd = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(work), Uapi.O_RDONLY | Uapi.O_DIRECTORY)))
            new Tree(fd.Number).Empty(new OciRun.Spec.Utf8([]));
        Directory.Delete(work);
    }

    [Fact]
    public void Entries_are_made_with_mode_and_time()
    {
        Extract(new Archive()
            .Directory("./", 0b111_000_101, time: 11)
            .Directory("d", 0b101_000_000, time: 22)
            .Pax(("mtime", "33.5")).File("d/f", "text", 0b100_111_000_001)
            .HardLink("d/h", "./d/f")
            .Link("d/l", "/outside/../text")
            .Entry('6', "/p", mode: 0b110_000_000, time: 44));
        Stat("").Should().Be(("040705", 11L));
        Stat("d").Should().Be(("040500", 22L));
        Stat("d/f").Should().Be(("104701", 33L));
        Lstat("d/f").st_mtime_nsec.Should().Be(500_000_000);
        Lstat("d/f").st_nlink.Should().Be(2);
        File.ReadAllText(At("d/h")).Should().Be("text");
        new FileInfo(At("d/l")).LinkTarget.Should().Be("/outside/../text");
        Stat("d/l").Should().Be(("120777", 1000L));
        Stat("p").Should().Be(("010600", 44L));
    }

    [Fact]
    public void Directories_without_entry_are_made()
    {
        Extraction extraction = Extract(new Archive().File("a/b/c"));
        Stat("a").Should().Be(("040755", 0L));
        Stat("a/b").Should().Be(("040755", 0L));
        extraction.Directories.Where(d => d.Value.IsImplied).Select(d => d.Key.ToString()).Should().BeEquivalentTo("", "a", "a/b");
    }

    [Fact]
    public void An_entry_behind_its_content_describes_the_directory()
    {
        Extraction extraction = Extract(new Archive().File("a/f", "x").Directory("a", 0b111_000_000, time: 5));
        Stat("a").Should().Be(("040700", 5L));
        File.ReadAllText(At("a/f")).Should().Be("x");
        extraction.Directories["a"].IsImplied.Should().BeFalse();
    }

    [Fact]
    public void The_last_entry_of_a_name_wins()
    {
        Extraction extraction = Extract(new Archive()
            .File("f", "one").File("f", "2")
            .Directory("dir").File("dir/x").Directory("dir/y").File("dir", "now a file")
            .File("file").Directory("file").File("file/x", "in")
            .Link("link", "f").File("link", "no link")
            .Link("to", "f").Directory("to"));
        File.ReadAllText(At("f")).Should().Be("2");
        File.ReadAllText(At("dir")).Should().Be("now a file");
        File.ReadAllText(At("file/x")).Should().Be("in");
        File.ReadAllText(At("link")).Should().Be("no link");
        File.ReadAllText(At("f")).Should().Be("2");
        extraction.Directories.Keys.Select(k => k.ToString()).Should().BeEquivalentTo("", "file", "to");

        // Below, the name was a file for a moment: what a lower layer has in a directory of that name is hidden.
        Attribute("file", "user.overlay.opaque").Should().Be("y");
        Attribute("to", "user.overlay.opaque").Should().Be("y");
    }

    [Fact]
    public void Whiteouts_become_devices_and_opaque_directories()
    {
        Extraction extraction = Extract(new Archive()
            .File(".wh.gone").File("d/.wh.gone").File("o/.wh..wh..opq").File("o/x")
            .File(".wh..wh.plnk").Directory(".wh..wh.orph"));
        IsWhiteout("gone").Should().BeTrue();
        IsWhiteout("d/gone").Should().BeTrue();
        Attribute("o", "user.overlay.opaque").Should().Be("y");
        Attribute("d", "user.overlay.opaque").Should().BeNull();
        Directory.GetFileSystemEntries(Layer).Select(Path.GetFileName).Should().BeEquivalentTo("gone", "d", "o");
        extraction.Whiteouts.Select(w => w.ToString()).Should().BeEquivalentTo("gone", "d/gone");
    }

    // Where nothing is merged, overlayfs lists them.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_opaque_directory_has_no_whiteouts(bool first)
    {
        Archive archive = new();
        if (first)
            archive.File("d/.wh..wh..opq");
        archive.File("d/.wh.x").File("d/f").File("d/e/.wh.y");
        if (!first)
            archive.File("d/.wh..wh..opq");
        Extract(archive);
        Attribute("d", "user.overlay.opaque").Should().Be("y");
        Directory.GetFileSystemEntries(At("d")).Select(Path.GetFileName).Should().BeEquivalentTo("e", "f");
        IsWhiteout("d/e/y").Should().BeTrue();
    }

    // image-spec, layer.md: "Whiteout files MUST only apply to resources in lower/parent layers".
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_whiteout_spares_its_own_layer(bool first)
    {
        Archive archive = new();
        if (first)
            archive.File(".wh.f").File(".wh.d").File(".wh.e").File(".wh.l");
        archive.File("f", "x").Directory("d").File("d/f", "y").File("e/implied", "z").Link("l", "f");
        if (!first)
            archive.File(".wh.f").File(".wh.d").File(".wh.e").File(".wh.l");
        Extract(archive);
        File.ReadAllText(At("f")).Should().Be("x");
        File.ReadAllText(At("d/f")).Should().Be("y");
        File.ReadAllText(At("e/implied")).Should().Be("z");
        new FileInfo(At("l")).LinkTarget.Should().Be("f");
        Attribute("d", "user.overlay.opaque").Should().Be("y");
        Attribute("e", "user.overlay.opaque").Should().Be("y");
    }

    [Fact]
    public void Whiteouts_below_what_the_layer_itself_put_there_do_nothing()
    {
        string name = Path.GetRandomFileName();
        Extraction extraction = Extract(new Archive()
            .File("file").File("file/.wh.x").File("file/a/.wh..wh..opq")
            .Directory("d").Link("in", "d").File("in/.wh.x").Link("out", "/tmp").File($"out/.wh.{name}").File("out/.wh..wh..opq")
            .File(".wh.w").File("w/.wh.x"));
        IsWhiteout("w").Should().BeTrue();
        Directory.GetFileSystemEntries(At("d")).Should().BeEmpty();
        File.Exists($"/tmp/{name}").Should().BeFalse();
        extraction.Whiteouts.Select(w => w.ToString()).Should().Equal("w");
        extraction.Opaques.Should().BeEmpty();
    }

    [Fact]
    public void Collected_whiteouts_leave_no_trace()
    {
        Extraction extraction = Extract(new Archive().File(".wh.gone").File("o/.wh..wh..opq"), collects: true);
        Directory.GetFileSystemEntries(Layer).Select(Path.GetFileName).Should().Equal("o");
        Attribute("o", "user.overlay.opaque").Should().BeNull();
        extraction.Whiteouts.Single().ToString().Should().Be("gone");
        extraction.Opaques.Single().ToString().Should().Be("o");
    }

    [Fact]
    public void Links_that_stay_in_the_layer_are_followed_on_the_way()
    {
        Extraction extraction = Extract(new Archive()
            .Directory("usr/lib").Link("lib", "usr/lib").Link("usr/up", "../usr/./lib").File("lib/a", "1").Directory("usr/up/d", 0b111_000_000)
           .HardLink("h", "lib/a"));
        File.ReadAllText(At("usr/lib/a")).Should().Be("1");
        Stat("usr/lib/d").Should().Be(("040700", 1000L));
        Lstat("h").st_nlink.Should().Be(2);
        new FileInfo(At("lib")).LinkTarget.Should().Be("usr/lib");
        extraction.Directories.Keys.Select(k => k.ToString()).Should().BeEquivalentTo("", "usr", "usr/lib", "usr/lib/d");
    }

    [Fact]
    public void Attributes_are_set_but_for_those_that_order_overlayfs_about()
    {
        Extract(new Archive()
            .Pax(("SCHILY.xattr.user.a", "1\0\u0002"u8.ToArray()), ("SCHILY.xattr.user.overlay.opaque", "y"u8.ToArray()),
                ("SCHILY.xattr.trusted.overlay.redirect", "/etc"u8.ToArray()), ("SCHILY.xattr.security.selinux", "l"u8.ToArray())).Directory("d")
            .Pax(("SCHILY.xattr.user.b", "2")).File("f"));
        Attribute("d", "user.a").Should().Be("1\0\u0002");
        Attributes("d").Should().Equal("user.a");
        Attribute("f", "user.b").Should().Be("2");
        losses.Lines().Should().BeEmpty();
    }

    [Fact]
    public void What_an_ordinary_user_cannot_have_is_counted()
    {
        Extract(new Archive()
            .File("mine").File("theirs", owner: 300)
            .Pax(("SCHILY.xattr.user.a", "1")).Link("l", "x"));
        Attribute("theirs", "user.rootlesscontainers").Should().Be("\u0008\u00ac\u0002\u0010\u00ac\u0002");
        Attributes("mine").Should().BeEmpty();
        losses.Lines().Should().Equal(
            "1 owners are the caller instead of those of the image (kept in user.rootlesscontainers)",
            "1 extended attributes user.a left out");
    }

    [Fact]
    public void Sparse_files_have_holes()
    {
        Extract(new Archive().Pax(("GNU.sparse.name", "s"), ("GNU.sparse.size", "1099511627776"), ("GNU.sparse.map", "1048576,3,1099511627776,0"))
            .File("x", "abc"));
        Lstat("s").st_size.Should().Be(1L << 40);
        Lstat("s").st_blocks.Should().BeLessThan(100);
        using FileStream file = File.OpenRead(At("s"));
        file.Position = (1 << 20) - 1;
        byte[] around = new byte[5];
        file.ReadExactly(around);
        around.Should().Equal(0, (byte)'a', (byte)'b', (byte)'c', 0);
    }

    [Fact]
    public void Names_of_any_bytes_and_of_the_greatest_length_are_made()
    {
        string deep = string.Join('/', Enumerable.Repeat("d", 2000));
        Extract(new Archive()
            .Pax(("path", [(byte)'n', 0xff, (byte)'\n'])).File("x")
            .Pax(("path", new string('n', 255))).File("x")
            .Pax(("path", deep + "/f")).File("x", "deep"));
        using Fd fd = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(Layer), Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        new Tree(fd.Number).Mode(new OciRun.Spec.Utf8(Encoding.UTF8.GetBytes(deep + "/f"))).Should().NotBe(0);
        new Tree(fd.Number).Mode(new OciRun.Spec.Utf8([(byte)'n', 0xff, (byte)'\n'])).Should().NotBe(0);
    }

    public static TheoryData<string, string, Archive> Refused()
    {
        TheoryData<string, string, Archive> data = new()
        {
            { "../x", "leads out of the layer", new Archive().File("../x") },
            { "a/../../x", "leads out of the layer", new Archive().File("a/../../x") },
            { "a/..", "leads out of the layer", new Archive().Directory("a/..") },
            { "out/x", "\"out\" is a link that leads out of the layer", new Archive().Link("out", "/tmp").File("out/x") },
            { "out/x", "\"out\" is a link that leads out of the layer", new Archive().Link("out", "../../tmp").File("out/x") },
            { "a/out/d/x", "\"a/out\" is a link that leads out of the layer", new Archive().Directory("a").Link("a/out", "../..").File("a/out/d/x") },
            { "two/x", "leads out of the layer", new Archive().Link("one", "/").Link("two", "one/etc").File("two/x") },
            { "out/d", "leads out of the layer", new Archive().Link("out", "/tmp").Directory("out/d") },
            { "loop/x", "is a link in a circle", new Archive().Link("loop", "loop").File("loop/x") },
            { "none/x", "is a link to nothing", new Archive().Link("none", "nothing").File("none/x") },
            { "f/x", "\"f\" is not a directory", new Archive().File("f").File("f/x") },
            { "h", "leads out of the layer", new Archive().HardLink("h", "../../etc/passwd") },
            { "h", "does not have before it", new Archive().HardLink("h", "/etc/passwd") },
            { "h", "leads out of the layer", new Archive().Link("out", "/etc").HardLink("h", "out/passwd") },
            { "h", "does not have before it", new Archive().HardLink("h", "later").File("later") },
            { "h", "does not have before it", new Archive().File(".wh.w").HardLink("h", "w") },
            { "h", "to itself", new Archive().File("h").HardLink("h", "./h") },
            { "h", "directory", new Archive().Directory("d").HardLink("h", "d") },
            { "d", "in place of the directory", new Archive().File("d/f").HardLink("d", "d/f") },
            { "h", "does not have", new Archive().HardLink("h", "") },
            { ".", "root is not a directory", new Archive().File(".") },
            { "./", "root is not a directory", new Archive().HardLink("./", "x") },
            { ".wh.", "whiteout of no name", new Archive().File(".wh.") },
            { ".wh..", "whiteout of no name", new Archive().File(".wh..") },
            { ".wh...", "whiteout of no name", new Archive().File(".wh...") },
            { "d/.wh...", "whiteout of no name", new Archive().File("d/.wh...") },
            { "c", "0:0", new Archive().Entry('3', "c") },
            { "l", "without a target", new Archive().Link("l", "") },
            { "s", "cannot be made", new Archive().Pax(("GNU.sparse.name", "s"), ("GNU.sparse.size", "9223372036854775807"), ("GNU.sparse.map", "0,1")).File("s", "x") },
            { "x", "cannot set the extended attribute user.big", new Archive().Pax(("SCHILY.xattr.user.big", new string('v', 100_000))).File("x") },
        };
        string name = new('n', 256);
        data.Add(name, "256 bytes", new Archive().Pax(("path", name)).File("x"));
        string path = string.Join('/', Enumerable.Repeat("12345678", 500));
        data.Add(path, "4499 bytes", new Archive().Pax(("path", path)).File("x"));
        return data;
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Entries_that_leave_the_layer_or_make_no_sense_are_refused(string entry, string message, Archive archive)
    {
        Action extract = () => Extract(archive);
        Fault fault = extract.Should().Throw<FaultException>().Which.Fault;
        fault.Message.Should().Contain(message);
        fault.Field.Should().Be("layer sha256:x");
        fault.Value.Should().Be(entry);
        Directory.GetFileSystemEntries(work).Should().Equal(Layer);
        Directory.Exists("/tmp/d").Should().BeFalse();
    }

    private Extraction Extract(Archive archive, bool collects = false)
    {
        Directory.CreateDirectory(Layer);
        using Fd fd = new(Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(Layer), Uapi.O_RDONLY | Uapi.O_DIRECTORY));
        Tree tree = new(fd.Number);
        using Extraction extraction = new(tree, Form, losses, collects);
        extraction.Run(new MemoryStream(archive.ToArray()), "layer sha256:x");
        DirectoryEnd.Apply(tree, extraction.Directories);
        return extraction;
    }

    private string At(string name) => Path.Combine(Layer, name);

    private Stat Lstat(string name)
    {
        Syscall.lstat(At(name), out Stat stat).Should().Be(0, name);
        return stat;
    }

    private (string Mode, long Time) Stat(string name)
    {
        Stat stat = Lstat(name);
        return (Convert.ToString((uint)stat.st_mode, 8).PadLeft(6, '0'), stat.st_mtime);
    }

    private bool IsWhiteout(string name)
    {
        Stat stat = Lstat(name);
        return (stat.st_mode & FilePermissions.S_IFMT) == FilePermissions.S_IFCHR && stat.st_rdev == 0;
    }

    private string? Attribute(string name, string attribute) =>
        Syscall.lgetxattr(At(name), attribute, out byte[] value) < 0 ? null : Encoding.Latin1.GetString(value);

    private List<string> Attributes(string name)
    {
        Syscall.llistxattr(At(name), out string[] names);
        return names.Where(n => n != "security.selinux").ToList();
    }
}
