using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Images;
using Xunit;

namespace OciRun.Tests.Images;

public sealed class TarReaderTests
{
    [Fact]
    public void Kinds_names_and_numbers_are_read()
    {
        List<TarEntry> entries = Read(new Archive()
            .Directory("d/", 0b111_000_000, owner: 7, time: 1234)
            .File("d/f", "text", 0b100_110_100_100)
            .HardLink("d/h", "d/f")
            .Link("d/l", "../x")
            .Entry('3', "c", major: 1, minor: 5)
            .Entry('4', "b", major: 8, minor: 300)
            .Entry('6', "p")
            .ToArray());
        entries.Select(e => (e.Kind, e.Name.ToString(), e.LinkName.ToString())).Should().Equal(
            (TarKind.Directory, "d/", ""), (TarKind.File, "d/f", ""), (TarKind.HardLink, "d/h", "d/f"), (TarKind.Link, "d/l", "../x"),
            (TarKind.CharacterDevice, "c", ""), (TarKind.BlockDevice, "b", ""), (TarKind.Fifo, "p", ""));
        entries[0].Should().BeEquivalentTo(new { Mode = 0b111_000_000u, Uid = 7u, Gid = 7u });
        entries[0].Modified.tv_sec.Should().Be(1234);
        entries[1].Should().BeEquivalentTo(new { Mode = 0b100_110_100_100u, Size = 4L, Stored = 4L });
        (entries[5].Major, entries[5].Minor).Should().Be((8u, 300u));
    }

    [Fact]
    public void Extended_headers_win()
    {
        byte[] binary = [1, 0, 0, 2, 255, 254, 10, 0];
        TarEntry entry = Read(new Archive()
            .Pax(("path", "lång/näme"), ("uid", "4000000000"), ("gid", "3000000"), ("mtime", "-1.25"), ("comment", "x"))
            .Pax(("SCHILY.xattr.security.capability", binary), ("LIBARCHIVE.xattr.user.a%20b", "AQI"u8.ToArray()))
            .File("short", "12345").ToArray()).Single();
        entry.Name.ToString().Should().Be("lång/näme");
        (entry.Uid, entry.Gid).Should().Be((4000000000u, 3000000u));
        (entry.Modified.tv_sec, entry.Modified.tv_nsec).Should().Be((-2L, 750_000_000L));
        entry.Attributes.Select(a => a.Key.ToString()).Should().Equal("security.capability", "user.a b");
        entry.Attributes[0].Value.Span.ToArray().Should().Equal(binary);
        entry.Attributes[1].Value.Span.ToArray().Should().Equal(1, 2);
    }

    [Fact]
    public void A_size_in_an_extended_header_counts_and_belongs_to_one_entry()
    {
        byte[] archive = new Archive().Pax(("size", "3")).Entry('0', "a", content: "abc"u8.ToArray(), size: 0).File("b", "x").ToArray();
        Read(archive).Select(e => (e.Name.ToString(), e.Size)).Should().Equal(("a", 3L), ("b", 1L));
    }

    [Fact]
    public void Long_names_of_gnu_are_read()
    {
        string name = string.Join('/', Enumerable.Repeat("directory", 50));
        TarEntry entry = Read(new Archive().Long('K', name + "/target").Long('L', name).Link("cut", "cut").ToArray()).Single();
        entry.Name.ToString().Should().Be(name);
        entry.LinkName.ToString().Should().Be(name + "/target");
    }

    [Fact]
    public void The_prefix_of_ustar_comes_first()
    {
        TarEntry entry = Read(new Archive().Entry('0', "name", edit: h => Archive.Put(h, 345, "a/b")).ToArray()).Single();
        entry.Name.ToString().Should().Be("a/b/name");
    }

    [Fact]
    public void Binary_numbers_are_read()
    {
        TarEntry entry = Read(new Archive().Entry('0', "f", edit: h =>
        {
            h.AsSpan(136, 12).Fill(0xff);
            h.AsSpan(108, 8).Clear();
            h[108] = 0x80;
            h[112] = 1;
        }).ToArray()).Single();
        entry.Modified.tv_sec.Should().Be(-1);
        entry.Uid.Should().Be(1 << 24);
    }

    [Fact]
    public void An_old_directory_ends_with_a_slash() =>
        Read(new Archive().Entry('\0', "d/").ToArray()).Single().Kind.Should().Be(TarKind.Directory);

    [Fact]
    public void Global_headers_and_labels_are_passed_over() =>
        Read(new Archive().Entry('g', "pax_global_header", content: "14 comment=ab\n"u8.ToArray()).Entry('V', "label").File("f").ToArray())
            .Select(e => e.Name.ToString()).Should().Equal("f");

    [Fact]
    public void The_end_may_be_missing() => Read(new Archive().File("f", "x").WithoutEnd()).Should().ContainSingle();

    [Theory]
    [InlineData(516)]
    [InlineData(700)]
    [InlineData(1024)]
    public void The_padding_of_the_last_entry_may_be_missing(int length) =>
        Read(new Archive().File("f", "text").ToArray()[..length]).Should().ContainSingle();

    [Fact]
    public void An_empty_archive_has_no_entries() => Read([]).Should().BeEmpty();

    [Theory]
    [InlineData("0.0")]
    [InlineData("0.1")]
    [InlineData("1.0")]
    [InlineData("gnu")]
    [InlineData("gnu-extended")]
    public void Every_form_of_sparse_file_is_read(string form)
    {
        TarEntry entry = Read(Sparse(form)).Single();
        entry.Name.ToString().Should().Be("real");
        entry.Size.Should().Be(100_000);
        entry.Stored.Should().Be(form == "gnu-extended" ? 6 : 5);
        entry.Segments!.Take(2).Should().Equal(new TarSegment(10, 2), new TarSegment(50_000, 3));
        (form == "gnu-extended" ? entry.Segments!.Length : 6).Should().Be(6);
    }

    // GNU tar itself is the judge of the form 1.0 and of its own old one.
    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax --sparse-version=0.0")]
    [InlineData("--format=pax --sparse-version=0.1")]
    [InlineData("--format=pax --sparse-version=1.0")]
    public void Sparse_files_of_gnu_tar_are_read(string format)
    {
        string directory = Directory.CreateTempSubdirectory("ocirun-tar-").FullName;
        try
        {
            string script = $"for i in $(seq 0 40); do printf x | dd of=f bs=1 seek=$((i * 65536)) conv=notrunc 2>/dev/null; done; truncate -s 5M f; tar -S {format} -cf a.tar f";
            using System.Diagnostics.Process tar = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo("/bin/sh", ["-c", script]) { WorkingDirectory = directory })!;
            tar.WaitForExit();
            byte[] content = new byte[5 << 20];
            using FileStream file = File.OpenRead(Path.Combine(directory, "a.tar"));
            TarReader reader = new(file);
            TarEntry entry = reader.Next()!;
            entry.Size.Should().Be(content.Length);
            foreach (TarSegment segment in entry.Segments!)
            {
                for (long at = segment.Offset; at < segment.Offset + segment.Length;)
                    at += reader.Read(content.AsSpan((int)at, (int)(segment.Offset + segment.Length - at)));
            }

            reader.Next().Should().BeNull();
            content.Should().Equal(File.ReadAllBytes(Path.Combine(directory, "f")));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    public static TheoryData<string, byte[]> Bad() => new()
    {
        { "not a tar archive", Encoding.ASCII.GetBytes(new string('x', 2048)) },
        { "breaks off", new Archive().File("f", "text").ToArray()[..514] },
        { "breaks off", new Archive().File("f", "text").File("g").ToArray()[..1400] },
        { "breaks off", new Archive().File("f", new string('x', 2000)).ToArray()[..1600] },
        { "behind an extended header", new Archive().Pax(("path", "x")).ToArray() },
        { "breaks off", new Archive().Pax(("path", "x")).WithoutEnd() },
        { "unknown type", new Archive().Entry('Q', "f").ToArray() },
        { "uid", new Archive().Pax(("uid", "-1")).File("f").ToArray() },
        { "uid", new Archive().Pax(("uid", "4294967295")).File("f").ToArray() },
        { "negative size", new Archive().Pax(("size", "-1")).File("f").ToArray() },
        { "malformed", new Archive().Pax(("size", "12x")).File("f").ToArray() },
        { "malformed", new Archive().Pax(("mtime", "1.x")).File("f").ToArray() },
        { "malformed", new Archive().Pax(("mtime", "99999999999999999999")).File("f").ToArray() },
        { "malformed", new Archive().Pax(("path", "a\0b")).File("f").ToArray() },
        { "malformed", new Archive().Pax(("LIBARCHIVE.xattr.user.x", "?")).File("f").ToArray() },
        { "malformed", new Archive().Entry('x', "h", content: "999 path=x\n"u8.ToArray()).File("f").ToArray() },
        { "malformed", new Archive().Entry('x', "h", content: "5 a=\n"u8.ToArray()[..4]).File("f").ToArray() },
        { "malformed", new Archive().Entry('x', "h", content: "0 \n"u8.ToArray()).File("f").ToArray() },
        { "extended header has", new Archive().Entry('x', "h", size: 2 << 20).ToArray() },
        { "extended header has", new Archive().Entry('L', "h", size: 1L << 32).ToArray() },
        { "mode field", new Archive().Entry('0', "f", edit: h => Archive.Put(h, 100, "99")).ToArray() },
        { "device number", new Archive().Entry('3', "f", edit: h => Archive.Put(h, 329, "7777777")).ToArray() },
        { "does not fit", new Archive().Pax(("GNU.sparse.size", "10"), ("GNU.sparse.map", "0,4")).File("f", "abc").ToArray() },
        { "malformed", new Archive().Pax(("GNU.sparse.size", "10"), ("GNU.sparse.map", "8,4")).File("f", "abcd").ToArray() },
        { "malformed", new Archive().Pax(("GNU.sparse.size", "10"), ("GNU.sparse.map", "4,2,0,2")).File("f", "abcd").ToArray() },
        { "malformed", new Archive().Pax(("GNU.sparse.size", "10"), ("GNU.sparse.map", "9223372036854775807,4")).File("f", "abcd").ToArray() },
        { "negative size", new Archive().Pax(("GNU.sparse.size", "-9223372036854775808"), ("GNU.sparse.map", "0,4")).File("f", "abcd").ToArray() },
        { "without its size", new Archive().Pax(("GNU.sparse.map", "0,4")).File("f", "abcd").ToArray() },
        { "more than 65536", new Archive().Pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "9")).File("f", "99999999\n" + new string('0', 600)).ToArray() },
        { "malformed", new Archive().Pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "9")).File("f", new string('1', 600)).ToArray() },
        { "malformed", new Archive().Pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "9")).File("f", "3\n0\n").ToArray() },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_is_no_archive_is_refused(string message, byte[] archive)
    {
        Action read = () => Read(archive);
        read.Should().Throw<FaultException>().Which.Fault.Message.Should().Contain(message);
    }

    // Whatever the bytes are: entries, or a fault, never another exception and never an endless loop.
    [Fact]
    public void Damaged_archives_end_in_a_fault()
    {
        byte[] good = new Archive().Pax(("path", "x"), ("mtime", "1.5")).File("f", "abc").Raw(Sparse("gnu-extended")).WithoutEnd();
        Random random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = (byte[])good.Clone();
            for (int j = random.Next(1, 4); j > 0; j--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            for (int at = 0; at + 512 <= bad.Length; at += 512)
            {
                if (random.Next(2) == 0 && bad[at + 257] == 'u')
                    Archive.Sum(bad[at..(at + 512)]);
            }

            try
            {
                Read(bad);
            }
            catch (Exception e) when (e is FaultException or OverflowException)
            {
                continue;
            }
        }
    }

    private static byte[] Sparse(string form)
    {
        byte[] data = "abcde"u8.ToArray();
        switch (form)
        {
            case "0.0":
                return new Archive().Pax(("path", "real"), ("GNU.sparse.size", "100000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "10"),
                    ("GNU.sparse.numbytes", "2"), ("GNU.sparse.offset", "50000"), ("GNU.sparse.numbytes", "3")).Entry('0', "x", content: data).ToArray();
            case "0.1":
                return new Archive().Pax(("GNU.sparse.name", "real"), ("GNU.sparse.size", "100000"), ("GNU.sparse.map", "10,2,50000,3"))
                    .Entry('0', "x", content: data).ToArray();
            case "1.0":
                byte[] map = new byte[512];
                Archive.Put(map, 0, "2\n10\n2\n50000\n3\n");
                return new Archive().Pax(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "real"), ("GNU.sparse.realsize", "100000"))
                    .Entry('0', "x", content: [.. map, .. data]).ToArray();
            default:
                bool more = form == "gnu-extended";
                Archive old = new Archive().Entry('S', "real", size: more ? 6 : 5, edit: h =>
                {
                    Archive.Put(h, 257, "ustar  \0");
                    Pieces(h, 386, (10, 2), (50_000, 3));
                    if (more)
                        Pieces(h, 386 + 48, (60_000, 0), (70_000, 0));
                    h[482] = (byte)(more ? 1 : 0);
                    Archive.Put(h, 483, Archive.Octal(100_000, 11));
                });
                if (more)
                    old.Raw(ExtendedBlock());
                return old.Raw([.. data, .. (more ? "f"u8.ToArray() : []), .. new byte[more ? 506 : 507]]).ToArray();
        }
    }

    private static byte[] ExtendedBlock()
    {
        byte[] block = new byte[512];
        Pieces(block, 0, (80_000, 0), (99_999, 1));
        return block;
    }

    private static void Pieces(byte[] block, int at, params (long Offset, long Length)[] pieces)
    {
        foreach ((long offset, long length) in pieces)
        {
            Archive.Put(block, at, Archive.Octal(offset, 11));
            Archive.Put(block, at + 12, Archive.Octal(length, 11));
            at += 24;
        }
    }

    private static List<TarEntry> Read(byte[] archive)
    {
        TarReader reader = new(new MemoryStream(archive));
        List<TarEntry> entries = [];
        while (reader.Next() is { } entry)
            entries.Add(entry);
        return entries;
    }
}
