using System;
using System.Collections.Generic;
using OciRun.Errors;

namespace OciRun.Images;

/// <summary>The four forms of sparse files (GNU tar manual, "Storing Sparse Files").</summary>
internal sealed partial class TarReader
{
    /// <summary>Most pieces of one file: bounds memory, and no file system makes more of use.</summary>
    private const int MaximumSegments = 1 << 16;

    private static void Add(List<long> map, long number)
    {
        if (map.Count >= 2 * MaximumSegments)
            throw new FaultException($"a sparse file of more than {MaximumSegments} pieces");
        map.Add(number);
    }

    // Four pieces in the header, 21 in each block that follows while the one before says that there is one.
    private void ReadGnuMap(TarHeader header, TarEntry entry)
    {
        List<long> map = [];
        entry.Size = header.RealSize;
        bool more = ReadPieces(_block.AsSpan(386, 4 * 24), map) && _block[482] != 0;
        while (more)
        {
            ReadBlock(mayEnd: false);
            more = ReadPieces(_block.AsSpan(0, 21 * 24), map) && _block[504] != 0;
        }

        entry.Segments = Check(map, entry);
    }

    private static bool ReadPieces(ReadOnlySpan<byte> fields, List<long> map)
    {
        for (; !fields.IsEmpty; fields = fields[24..])
        {
            if (fields[0] == 0)
                return false;
            if (!TarHeader.TryNumber(fields[..12], out long offset) || !TarHeader.TryNumber(fields[12..24], out long length))
                throw new FaultException("the map of a sparse file is malformed");
            Add(map, offset);
            Add(map, length);
        }

        return true;
    }

    private void ReadPaxMap(Extensions extensions, TarEntry entry)
    {
        if (extensions is { HasMapInData: false, Map: null })
            return;
        entry.Size = extensions.RealSize ?? throw new FaultException("a sparse file without its size");
        List<long> map = extensions.HasMapInData ? ReadMapInData(entry) : extensions.Map!;
        entry.Segments = Check(map, entry);
    }

    // Lines of decimal numbers: how many pieces, then offset and length of each, filled up to a whole block.
    private List<long> ReadMapInData(TarEntry entry)
    {
        long before = _left;
        List<long> map = [];
        Span<byte> number = stackalloc byte[20];
        Span<byte> block = stackalloc byte[TarHeader.Size];
        int digits = 0;
        long wanted = -1;
        while (wanted < 0 || map.Count < wanted)
        {
            for (int filled = 0; filled < block.Length;)
            {
                int read = Read(block[filled..]);
                if (read == 0)
                    throw new FaultException("the map of a sparse file is malformed");
                filled += read;
            }

            foreach (byte c in block)
            {
                if (c != (byte)'\n' && digits < number.Length)
                {
                    number[digits++] = c;
                    continue;
                }

                if (!TarHeader.TryDecimal(number[..digits], out long value) || value < 0)
                    throw new FaultException("the map of a sparse file is malformed");
                digits = 0;
                if (wanted < 0)
                    wanted = value <= MaximumSegments ? value * 2 : throw new FaultException($"a sparse file of more than {MaximumSegments} pieces");
                else
                    map.Add(value);
                if (map.Count == wanted)
                    break;
            }
        }

        entry.Stored -= before - _left;
        return map;
    }

    private static TarSegment[] Check(List<long> map, TarEntry entry)
    {
        if (entry.Size < 0)
            throw new FaultException("the archive gives it a negative size");
        long end = 0;
        long stored = 0;
        TarSegment[] segments = new TarSegment[map.Count / 2];
        for (int i = 0; i < segments.Length; i++)
        {
            TarSegment segment = new(map[2 * i], map[(2 * i) + 1]);
            if (segment.Offset < end || segment.Length < 0 || segment.Length > entry.Size - segment.Offset)
                throw new FaultException("the map of a sparse file is malformed");
            end = segment.Offset + segment.Length;
            stored += segment.Length;
            segments[i] = segment;
        }

        if (stored != entry.Stored || map.Count % 2 != 0)
            throw new FaultException("the map of a sparse file does not fit its data");
        return segments;
    }
}
