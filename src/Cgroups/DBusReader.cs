using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;

namespace OciRun.Cgroups;

/// <summary>Unmarshals values of either byte order. Every length is checked against what is there.</summary>
internal ref struct DBusReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly bool _bigEndian;
    private int _at;

    /// <param name="bytes">From the start of a message or of its body, which both lie on a boundary of 8.</param>
    /// <param name="bigEndian">The byte order that the message's first byte names.</param>
    public DBusReader(ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        _bytes = bytes;
        _bigEndian = bigEndian;
    }

    public readonly int Position => _at;

    public readonly bool AtEnd => _at == _bytes.Length;

    public byte Byte() => Take(1)[0];

    public uint UInt32()
    {
        Align(4);
        ReadOnlySpan<byte> bytes = Take(4);
        return _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>A text of type <c>s</c> or <c>o</c>.</summary>
    public string String() => Text(UInt32());

    public string Signature() => Text(Byte());

    public void Align(int boundary)
    {
        int rest = _at % boundary;
        if (rest == 0)
            return;
        if (Take(boundary - rest).ContainsAnyExcept((byte)0))
            throw Malformed("padding that is not zero");
    }

    /// <summary>One value of a complete type.</summary>
    public DBusValue Value(ReadOnlySpan<char> signature) => Value(signature, 0);

    public static FaultException Malformed(string what) => new(new Fault($"malformed D-Bus message: {what}")
    {
        Hint = "is the peer of the socket a message bus?",
    });

    private DBusValue Value(ReadOnlySpan<char> signature, int depth)
    {
        if (depth > DBusSignature.Deepest)
            throw Malformed("values are nested too deeply");
        switch (signature[0])
        {
            case 's' or 'o':
                return DBusValue.OfType(signature[0], String());
            case 'g':
                return DBusValue.OfType('g', Signature());
            case 'v':
                string type = Signature();
                return DBusSignature.IsOne(type)
                    ? DBusValue.Variant(Value(type, depth + 1))
                    : throw Malformed("a variant is not of one type");
            case 'a':
                return Array(signature[1..], depth + 1);
            case '(' or '{':
                Align(8);
                return Members(signature, depth + 1);
            default:
                return Number(signature[0]);
        }
    }

    private DBusValue Array(ReadOnlySpan<char> element, int depth)
    {
        uint length = UInt32();
        Align(DBusSignature.Alignment(element[0]));
        if (length > (uint)(_bytes.Length - _at))
            throw Malformed("an array is longer than its message");
        int end = _at + (int)length;
        List<DBusValue> items = [];
        while (_at < end)
            items.Add(Value(element, depth));
        return _at == end ? DBusValue.Array(element.ToString(), [.. items]) : throw Malformed("an array ends within an element");
    }

    private DBusValue Members(ReadOnlySpan<char> signature, int depth)
    {
        List<DBusValue> items = [];
        for (int at = 1; at < signature.Length - 1;)
        {
            int length = DBusSignature.LengthOfFirst(signature[at..]);
            items.Add(Value(signature.Slice(at, length), depth));
            at += length;
        }

        return signature[0] == '{' ? DBusValue.Entry(items[0], items[1]) : DBusValue.Struct([.. items]);
    }

    // Signed numbers are extended, so that their value is that of the type.
    private DBusValue Number(char type)
    {
        int size = DBusSignature.Alignment(type);
        Align(size);
        ReadOnlySpan<byte> bytes = Take(size);
        ulong bits = 0;
        for (int i = 0; i < size; i++)
            bits |= (ulong)bytes[_bigEndian ? size - 1 - i : i] << (8 * i);
        if (type == 'b' && bits > 1)
            throw Malformed("a boolean is neither 0 nor 1");
        unchecked
        {
            return DBusValue.OfType(type, type switch
            {
                'n' => (ulong)(short)bits,
                'i' => (ulong)(int)bits,
                _ => bits,
            });
        }
    }

    private string Text(uint length)
    {
        if (length >= (uint)(_bytes.Length - _at))
            throw Malformed("a text is longer than its message");
        ReadOnlySpan<byte> text = Take((int)length);
        if (Byte() != 0 || text.Contains((byte)0))
            throw Malformed("a text does not end with its NUL");
        return Encoding.UTF8.GetString(text);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
            throw Malformed("it is cut off");
        ReadOnlySpan<byte> taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }
}
