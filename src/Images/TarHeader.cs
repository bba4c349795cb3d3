using System;
using System.Buffers.Binary;
using System.Buffers.Text;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// One header block of 512 bytes: POSIX ustar, GNU and the form before both (pax(1), "ustar Interchange Format"; GNU tar
/// manual, "Basic Tar Format").
/// </summary>
internal readonly ref struct TarHeader(ReadOnlySpan<byte> block)
{
    public const int Size = 512;

    private const int ChecksumAt = 148;

    private readonly ReadOnlySpan<byte> _block = block;

    public byte Type => _block[156];

    public bool IsGnu => _block[257..265].SequenceEqual("ustar  \0"u8);

    /// <summary>Two such blocks end an archive.</summary>
    public bool IsZero => !_block.ContainsAnyExcept((byte)0);

    public long Mode => Number(100, 8, "mode");

    public long Uid => Number(108, 8, "uid");

    public long Gid => Number(116, 8, "gid");

    public long Length => Number(124, 12, "size");

    public long Modified => Number(136, 12, "mtime");

    public long Major => Number(329, 8, "devmajor");

    public long Minor => Number(337, 8, "devminor");

    public Utf8 LinkName => Text(157, 100);

    /// <summary>GNU sparse: the file's real size.</summary>
    public long RealSize => Number(483, 12, "realsize");

    /// <summary>Name with ustar's prefix.</summary>
    public Utf8 Name
    {
        get
        {
            Utf8 name = Text(0, 100);
            if (!_block[257..263].SequenceEqual("ustar\0"u8))
                return name;
            // star has times behind a shorter prefix.
            Utf8 prefix = Text(345, _block[508..512].SequenceEqual("tar\0"u8) ? 131 : 155);
            if (prefix.IsEmpty)
                return name;
            byte[] whole = new byte[prefix.Length + 1 + name.Length];
            prefix.Span.CopyTo(whole);
            whole[prefix.Length] = (byte)'/';
            name.Span.CopyTo(whole.AsSpan(prefix.Length + 1));
            return new Utf8(whole);
        }
    }

    /// <summary>The sum over the block with blanks in its own place; old programs added signed bytes.</summary>
    public bool IsSumRight
    {
        get
        {
            long unsigned = 0;
            long signed = 0;
            for (int i = 0; i < Size; i++)
            {
                byte value = i is >= ChecksumAt and < ChecksumAt + 8 ? (byte)' ' : _block[i];
                unsigned += value;
                signed += unchecked((sbyte)value);
            }

            return TryNumber(_block.Slice(ChecksumAt, 8), out long sum) && (sum == unsigned || sum == signed);
        }
    }

    /// <summary>Octal digits, or from the first bit on a big-endian number in two's complement (GNU tar, "Extensions").</summary>
    public static bool TryNumber(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if ((field[0] & 0x80) != 0)
            return TryBinary(field, out value);
        ReadOnlySpan<byte> digits = field.Trim(" \0"u8);
        if (digits.Length > 21)
            return false;
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7' || value >> 60 != 0)
                return false;
            value = (value << 3) | (uint)(digit - '0');
        }

        return true;
    }

    private static bool TryBinary(ReadOnlySpan<byte> field, out long value)
    {
        bool negative = (field[0] & 0x40) != 0;
        Span<byte> whole = stackalloc byte[16];
        whole.Fill(negative ? (byte)0xff : (byte)0);
        field.CopyTo(whole[(16 - field.Length)..]);
        whole[16 - field.Length] = (byte)(negative ? field[0] | 0x80 : field[0] & 0x7f);
        Int128 number = BinaryPrimitives.ReadInt128BigEndian(whole);
        value = number >= long.MinValue && number <= long.MaxValue ? (long)number : 0;
        return value == number;
    }

    private long Number(int at, int length, string field) => TryNumber(_block.Slice(at, length), out long value)
        ? value
        : throw new FaultException($"the archive's {field} field is not a number");

    private Utf8 Text(int at, int length)
    {
        ReadOnlySpan<byte> text = _block.Slice(at, length);
        int end = text.IndexOf((byte)0);
        return new Utf8(text[..(end < 0 ? length : end)].ToArray());
    }

    /// <summary>A decimal number that is the whole text.</summary>
    public static bool TryDecimal(ReadOnlySpan<byte> text, out long value) =>
        Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && used > 0 && text[0] is not (byte)'+';
}
