using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;

namespace OciRun.Tests.Images;

/// <summary>Writes tar archives block by block, hostile ones too.</summary>
public sealed class Archive
{
    private readonly List<byte> bytes = new();

    public Archive Directory(string name, int mode = 0b111_101_101, int owner = 0, double time = 1000) =>
        Entry('5', name, mode: mode, owner: owner, time: time);

    public Archive File(string name, string text = "", int mode = 0b110_100_100, int owner = 0, double time = 1000) =>
        Entry('0', name, content: Encoding.UTF8.GetBytes(text), mode: mode, owner: owner, time: time);

    public Archive Link(string name, string target) => Entry('2', name, target);

    public Archive HardLink(string name, string target) => Entry('1', name, target);

    /// <summary>Extended header records of the next entry.</summary>
    public Archive Pax(params (string Key, string Value)[] records) =>
        Pax(records.Select(r => (r.Key, Encoding.UTF8.GetBytes(r.Value))).ToArray());

    public Archive Pax(params (string Key, byte[] Value)[] records)
    {
        MemoryStream body = new();
        foreach ((string key, byte[] value) in records)
        {
            int rest = key.Length + value.Length + 3;
            int length = rest + 1;
            while (length != rest + length.ToString(CultureInfo.InvariantCulture).Length)
                length++;
            body.Write(Encoding.UTF8.GetBytes($"{length} {key}="));
            body.Write(value);
            body.WriteByte((byte)'\n');
        }

        return Entry('x', "PaxHeaders/x", content: body.ToArray());
    }

    /// <summary>GNU's record for a name (type L) or a target (type K) of any length.</summary>
    public Archive Long(char type, string text) => Entry(type, "././@LongLink", content: Encoding.UTF8.GetBytes(text + "\0"));

    public Archive Entry(char type, string name, string target = "", byte[]? content = null, int mode = 0b110_100_100,
        int owner = 0, double time = 1000, int major = 0, int minor = 0, long? size = null, Action<byte[]>? edit = null)
    {
        byte[] header = new byte[512];
        Put(header, 0, name);
        Put(header, 100, Octal(mode, 7));
        Put(header, 108, Octal(owner, 7));
        Put(header, 116, Octal(owner, 7));
        Put(header, 124, Octal(size ?? content?.Length ?? 0, 11));
        Put(header, 136, Octal((long)time, 11));
        header[156] = (byte)type;
        Put(header, 157, target);
        Put(header, 257, "ustar\000");
        if (major + minor > 0)
        {
            Put(header, 329, Octal(major, 7));
            Put(header, 337, Octal(minor, 7));
        }

        edit?.Invoke(header);
        Sum(header);
        bytes.AddRange(header);
        bytes.AddRange(content ?? []);
        Pad();
        return this;
    }

    public Archive Raw(byte[] raw)
    {
        bytes.AddRange(raw);
        return this;
    }

    public static void Put(byte[] header, int at, string text) => Encoding.UTF8.GetBytes(text).CopyTo(header, at);

    public static void Sum(byte[] header)
    {
        header.AsSpan(148, 8).Fill((byte)' ');
        Put(header, 148, Octal(header.Sum(b => (long)b), 6) + "\0 ");
    }

    public static string Octal(long number, int digits) => Convert.ToString(number, 8).PadLeft(digits, '0');

    /// <summary>With the two blocks of zeros at the end.</summary>
    public byte[] ToArray() => [.. bytes.ToArray(), .. new byte[1024]];

    public byte[] WithoutEnd() => bytes.ToArray();

    public static byte[] Gzip(byte[] content)
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        return packed.ToArray();
    }

    private void Pad() => bytes.AddRange(new byte[(512 - (bytes.Count % 512)) % 512]);
}
