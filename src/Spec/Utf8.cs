using System;
using System.Text;

namespace OciRun.Spec;

/// <summary>
/// Text as UTF-8 bytes inside a shared buffer. Paths, arguments and environment keep their bytes from
/// config.json to the system call; a .NET string would copy them and lose bytes that are not valid UTF-8.
/// </summary>
internal readonly struct Utf8 : IEquatable<Utf8>
{
    private readonly byte[]? _buffer;
    private readonly int _start;
    private readonly int _length;

    public Utf8(byte[] buffer, int start, int length)
    {
        _buffer = buffer;
        _start = start;
        _length = length;
    }

    public Utf8(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public Utf8(byte[] bytes)
        : this(bytes, 0, bytes.Length)
    {
    }

    /// <summary>True when the field was absent or null, as opposed to an empty text.</summary>
    public bool IsNull => _buffer is null;

    public bool IsEmpty => _length == 0;

    public int Length => _length;

    public ReadOnlySpan<byte> Span => new(_buffer, _start, _length);

    public byte this[int index] => Span[index];

    public Utf8 Slice(int start) => Slice(start, _length - start);

    public Utf8 Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)_length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(_length - start));
        return new Utf8(_buffer ?? [], _start + start, length);
    }

    public bool Is(ReadOnlySpan<byte> text) => Span.SequenceEqual(text);

    /// <summary>Position of this word in a list of names, or -1.</summary>
    public int IndexIn(ReadOnlySpan<string> names)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (Ascii.Equals(Span, names[i]))
                return i;
        }

        return -1;
    }

    public bool StartsWith(ReadOnlySpan<byte> text) => Span.StartsWith(text);

    public int IndexOf(byte value) => Span.IndexOf(value);

    public bool Equals(Utf8 other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is Utf8 other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    public override string ToString() => Encoding.UTF8.GetString(Span);

    public static implicit operator Utf8(string text) => new(text);

    public static bool operator ==(Utf8 left, Utf8 right) => left.Equals(right);

    public static bool operator !=(Utf8 left, Utf8 right) => !left.Equals(right);
}
