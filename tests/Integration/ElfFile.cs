using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace OciRun.Tests.Integration;

/// <summary>The headers of a 64-bit ELF file (elf(5)), read without any tool, so that they can be checked anywhere.</summary>
internal sealed class ElfFile
{
    public const uint Load = 1;
    public const uint DynamicSection = 2;
    public const uint Interpreter = 3;
    public const uint GnuStack = 0x6474e551;
    public const uint GnuRelro = 0x6474e552;
    public const long Needed = 1;
    public const long Rpath = 15;
    public const long TextRelocations = 22;
    public const long Runpath = 29;
    public const long FlagsOne = 0x6ffffffb;

    private readonly byte[] bytes;

    public ElfFile(string path)
    {
        bytes = File.ReadAllBytes(path);
        if (!bytes.AsSpan().StartsWith("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException(path + " is no 64-bit ELF file");
        Segments = Enumerable.Range(0, Short(0x38)).Select(i => Segment.Read(bytes.AsSpan((int)Long(0x20) + (i * Short(0x36))))).ToArray();
        Segment? dynamic = Segments.FirstOrDefault(segment => segment.Type == DynamicSection);
        for (int at = (int)(dynamic?.Offset ?? 0); dynamic is not null && Long(at) != 0; at += 16)
            Dynamic.TryAdd((long)Long(at), Long(at + 8));
        int headers = (int)Long(0x28);
        int names = (int)Long(headers + (Short(0x3e) * 64) + 24);
        Sections = Enumerable.Range(0, Short(0x3c)).Select(i => Text(names + (int)Number(headers + (i * 64)))).ToArray();
    }

    public Segment[] Segments { get; }

    /// <summary>Names of the sections.</summary>
    public string[] Sections { get; }

    /// <summary>The first value of each tag of the dynamic section.</summary>
    public Dictionary<long, ulong> Dynamic { get; } = [];

    public bool Contains(ReadOnlySpan<byte> text) => bytes.AsSpan().IndexOf(text) >= 0;

    /// <summary>How often a piece of code occurs.</summary>
    public int Count(ReadOnlySpan<byte> code) => bytes.AsSpan().Count(code);

    /// <summary>Bytes from an address on.</summary>
    public ReadOnlySpan<byte> At(ulong address, int length)
    {
        Segment segment = Segments.Single(s => s.Type == Load && s.Address <= address && address < s.Address + s.Size);
        return bytes.AsSpan((int)(segment.Offset + address - segment.Address), length);
    }

    private ushort Short(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private uint Number(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private ulong Long(int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));

    private string Text(int at) => Encoding.ASCII.GetString(bytes, at, bytes.AsSpan(at).IndexOf((byte)0));

    /// <summary>A program header; the size is that in the file.</summary>
    internal sealed record Segment(uint Type, uint Flags, ulong Offset, ulong Address, ulong Size)
    {
        public bool IsExecutable => (Flags & 1) != 0;

        public bool IsWritable => (Flags & 2) != 0;

        public static Segment Read(ReadOnlySpan<byte> header) => new(
            BinaryPrimitives.ReadUInt32LittleEndian(header),
            BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
    }
}
