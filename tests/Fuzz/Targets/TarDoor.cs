using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Text;
using OciRun.Errors;
using OciRun.Images;
using OciRun.Kernel;

namespace OciRun.Fuzz.Targets;

/// <summary>
/// A layer's archive, extracted and put on top of an older one. Beside the directories lies a canary, to which names and
/// links of the archives lead: it must stay as it is, down to its times.
/// </summary>
internal sealed class TarDoor
{
    private static readonly string[] Names =
    [
        "a", "a/b", "a/b/c", "d/", "./e", "link", "link/x", "link/../y", "up", "up/canary", "up/canary/file", "../canary", "../canary/file", "/canary", "/../canary/file", "a/../../canary/file",
        ".wh.a", "a/.wh.b", "a/.wh..wh..opq", ".wh..wh..opq", ".wh.", ".wh...", "d", "", ".", "..", "/", "a//b", "dev", "\u00e9", "x\n", "hard",
    ];

    private static readonly string[] Targets =
    [
        "a", "..", "../canary", "../canary/file", "/canary", "/proc/self/cwd", "/proc/self/root", "/proc/self/fd/3", ".", "a/b", "../../canary", "", "link", "up/canary", "d/../..", "hard", "/dev/null",
    ];

    private static readonly string[] Records =
    [
        "path=a/b", "path=../canary/file", "linkpath=../canary", "uid=1000", "uid=-1", "uid=4294967296", "gid=99999999999", "size=3", "size=-5", "size=9223372036854775807", "mtime=1.5", "mtime=-1.000000001",
        "mtime=99999999999999", "SCHILY.xattr.user.x=y", "SCHILY.xattr.trusted.overlay.opaque=y", "SCHILY.xattr.security.capability=\x01\0\0\x02", "LIBARCHIVE.xattr.user.a%20b=YQ", "GNU.sparse.major=1",
        "GNU.sparse.minor=0", "GNU.sparse.realsize=100000", "GNU.sparse.name=s", "GNU.sparse.map=0,1,9,1", "GNU.sparse.offset=5", "GNU.sparse.numbytes=9223372036854775807", "SCHILY.xattr.user.=z", "=",
    ];

    private readonly string _parent;
    private readonly string _file;
    private readonly Losses _losses = new();
    private (stat Directory, stat File) _canary;

    public TarDoor(Scratch scratch)
    {
        _parent = scratch.Make("tar");
        string canary = Path.Combine(_parent, "canary");
        Directory.CreateDirectory(canary);
        _file = Path.Combine(canary, "file");
        File.WriteAllText(_file, "untouched");
        _canary = Look();
        Target = new Target("tar", Make, Run) { RunsTwice = false };
    }

    public Target Target { get; }

    private static byte[] Make(Draw draw)
    {
        List<byte> all = [];
        for (int i = draw.Few(12) + draw.Below(4); i > 0; i--)
            Entry(all, draw);
        all.AddRange(new byte[draw.Chance(90) ? 1024 : draw.Below(1024)]);
        byte[] archive = draw.Chance(15) ? ByteMutator.Mutate([.. all], draw) : [.. all];
        return draw.Chance(10) ? Pressed(archive, draw) : archive;
    }

    private static byte[] Pressed(byte[] archive, Draw draw)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(archive);
        return draw.Chance(50) ? ByteMutator.Mutate(packed.ToArray(), draw) : packed.ToArray();
    }

    private static void Entry(List<byte> all, Draw draw)
    {
        if (draw.Chance(25))
        {
            StringBuilder records = new();
            for (int i = draw.Few(5); i > 0; i--)
                records.Append(Record(draw.Of<string>(Records), draw));
            Block(all, draw, 'x', "PaxHeaders/x", "", Encoding.Latin1.GetBytes(records.ToString()));
        }

        if (draw.Chance(10))
            Block(all, draw, draw.Of<char>(['L', 'K', 'g', 'V']), "././@LongLink", "", Encoding.UTF8.GetBytes(draw.Of<string>(Names) + "\0"));
        char type = draw.Of<char>(['0', '0', '0', '5', '5', '5', '2', '2', '1', '1', '3', '4', '6', '7', 'S', '\0', 'D', 'z']);
        byte[] content = type is '0' or '7' or 'S' or '\0' ? draw.Bytes(draw.Of<int>([0, 1, 511, 512, 513, 2000])) : [];
        Block(all, draw, type, draw.Of<string>(Names), draw.Of<string>(Targets), content);
    }

    private static string Record(string text, Draw draw)
    {
        int length = text.Length + 2;
        while (length != text.Length + 2 + length.ToString(CultureInfo.InvariantCulture).Length)
            length++;
        return $"{(draw.Chance(97) ? length : draw.Of<int>([0, 1, 5, -1, int.MaxValue]))} {text}\n";
    }

    private static void Block(List<byte> all, Draw draw, char type, string name, string target, byte[] content)
    {
        byte[] header = new byte[512];
        Put(header, 0, name, 100);
        Put(header, 100, draw.Of<string>(["0000644", "0000755", "0004777", "0000000", "7777777"]), 8);
        Put(header, 108, draw.Of<string>(["0000000", "0001750", "7777777"]), 8);
        Put(header, 116, "0000000", 8);
        Put(header, 124, Convert.ToString(content.Length, 8).PadLeft(11, '0'), 12);
        Put(header, 136, "00000001750", 12);
        header[156] = (byte)type;
        Put(header, 157, target, 100);
        Put(header, 257, draw.Of<string>(["ustar\000", "ustar  \0", "\0\0\0\0\0\0\0\0"]), 8);
        Put(header, 329, draw.Of<string>(["0000001", "0000000", "7777777"]), 8);
        Put(header, 337, "0000003", 8);
        if (draw.Chance(10))
            Put(header, 345, draw.Of<string>(["..", "a", "/", "../canary"]), 155);
        if (type == 'S')
            Put(header, 386, draw.Of<string>(["00000000000\000000000001\0", "77777777777\077777777777\0"]), 24);
        if (draw.Chance(12))
        {
            // One number is anything, also in the binary form.
            int at = draw.Of<int>([100, 108, 116, 124, 136, 329, 337, 483]);
            byte[] field = draw.Chance(50) ? draw.Bytes(8) : [0x80, 0, 0, 0, 0, 0, draw.Bytes(1)[0], 7];
            field.CopyTo(header, at);
        }

        if (draw.Chance(97))
        {
            header.AsSpan(148, 8).Fill((byte)' ');
            int sum = 0;
            foreach (byte b in header)
                sum += b;
            Put(header, 148, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ", 8);
        }

        all.AddRange(header);
        all.AddRange(content);
        all.AddRange(new byte[(512 - (content.Length % 512)) % 512]);
    }

    private static void Put(byte[] header, int at, string text, int most)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        bytes.AsSpan(0, Math.Min(bytes.Length, most)).CopyTo(header.AsSpan(at));
    }

    private string Run(byte[] input)
    {
        string layer = Path.Combine(_parent, "layer");
        string below = Path.Combine(_parent, "below");
        Directory.CreateDirectory(layer);
        Directory.CreateDirectory(below);
        File.WriteAllText(Path.Combine(below, "a"), "older");
        File.CreateSymbolicLink(Path.Combine(below, "d"), "../canary");
        _canary = Look();
        try
        {
            return Extract(input, layer, below);
        }
        finally
        {
            BrokenRule.Unless(Same(_canary.Directory, Look().Directory) && Same(_canary.File, Look().File) && File.ReadAllText(_file) == "untouched", "something outside the layer changed");
            using Fd parent = Scratch.Open(_parent);
            Tree tree = new(parent.Number);
            tree.Remove("layer");
            tree.Remove("below");
            BrokenRule.Unless(Directory.GetFileSystemEntries(_parent).Length == 1, "something is beside the layer");
        }
    }

    private string Extract(byte[] input, string layer, string below)
    {
        using Fd directory = Scratch.Open(layer);
        using Fd older = Scratch.Open(below);
        Tree tree = new(directory.Number);
        bool collects = Doors.Bit(input, 0);
        using Extraction extraction = new(tree, LayerForm.Own, _losses, collects);
        using MemoryStream bytes = new(input, writable: false);
        using Stream archive = input is [0x1f, 0x8b, ..] ? new GZipStream(bytes, CompressionMode.Decompress) : bytes;
        try
        {
            extraction.Run(archive, "layer");
        }
        catch (InvalidDataException)
        {
            // As LayerStream, which stands between the two.
            throw new FaultException("its gzip data is damaged");
        }

        if (collects)
        {
            Merge merge = new(new Tree(older.Number), LayerForm.Own);
            merge.Add(tree, extraction);
            merge.Finish();
        }
        else
        {
            DirectoryEnd.Apply(tree, extraction.Directories);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{extraction.Directories.Count}");
    }

    private (stat Directory, stat File) Look()
    {
        Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes(Path.GetDirectoryName(_file)!), out stat directory, Uapi.AT_SYMLINK_NOFOLLOW);
        Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes(_file), out stat file, Uapi.AT_SYMLINK_NOFOLLOW);
        return (directory, file);
    }

    // The time of change tells of everything but reading.
    private static bool Same(stat one, stat other) =>
        one.st_ino == other.st_ino && one.st_mode == other.st_mode && one.st_nlink == other.st_nlink && one.st_size == other.st_size
        && one.st_ctim.tv_sec == other.st_ctim.tv_sec && one.st_ctim.tv_nsec == other.st_ctim.tv_nsec;
}
