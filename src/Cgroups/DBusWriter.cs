using System;
using System.Buffers.Binary;
using System.Text;

namespace OciRun.Cgroups;

/// <summary>
/// Marshals method calls, little endian, one behind the other into one buffer, so that several leave with one system
/// call (D-Bus Specification, "Message Protocol").
/// </summary>
internal sealed class DBusWriter
{
    /// <summary>Header flag NO_REPLY_EXPECTED.</summary>
    public const byte NoReply = 1;

    private byte[] _bytes = new byte[2048];
    private int _length;
    private int _start;
    private int _body;

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    /// <summary>Bytes outside any message, for the authentication.</summary>
    public void Raw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>Starts a METHOD_CALL; the arguments and <see cref="End"/> follow.</summary>
    /// <param name="serial">Unique on the connection, not 0.</param>
    /// <param name="target">Whom to call.</param>
    /// <param name="member">The method.</param>
    /// <param name="signature">Types of the arguments; empty for none.</param>
    /// <param name="flags">0 or <see cref="NoReply"/>.</param>
    public void Call(uint serial, in DBusTarget target, string member, string signature, byte flags = 0)
    {
        _start = _length;
        Raw([(byte)'l', 1, flags, 1]);
        Number(0, 4);
        Number(serial, 4);
        (int length, int start) = BeginArray(8);
        Field(1, 'o', target.Path);
        Field(2, 's', target.Interface);
        Field(3, 's', member);
        Field(6, 's', target.Destination);
        if (signature.Length != 0)
            Field(8, 'g', signature);
        EndArray(length, start);
        Align(8);
        _body = _length;
    }

    /// <summary>Ends the message.</summary>
    public void End() => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(_start + 4), (uint)(_length - _body));

    /// <summary>A value without its type, which the signature has.</summary>
    public void Value(DBusValue value)
    {
        char type = value.Signature[0];
        switch (type)
        {
            case 's' or 'o' or 'g':
                String(type, value.Text);
                break;
            case 'v':
                String('g', value.Items[0].Signature);
                Value(value.Items[0]);
                break;
            case 'a':
                (int length, int start) = BeginArray(DBusSignature.Alignment(value.Signature[1]));
                Values(value.Items);
                EndArray(length, start);
                break;
            case '(' or '{':
                Align(8);
                Values(value.Items);
                break;
            default:
                Number(value.Number, type == 'y' ? 1 : DBusSignature.Alignment(type));
                break;
        }
    }

    public void Value(string value) => String('s', value);

    /// <summary>Starts an array: the place of its length and that of its first element, for <see cref="EndArray"/>.</summary>
    public (int Length, int Start) BeginArray(int alignment)
    {
        Number(0, 4);
        int length = _length - 4;
        Align(alignment);
        return (length, _length);
    }

    public void EndArray(int length, int start) =>
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(length), (uint)(_length - start));

    /// <summary>Pads to a boundary counted from the message's start.</summary>
    public void Align(int boundary)
    {
        int rest = (_length - _start) % boundary;
        if (rest != 0)
            Take(boundary - rest).Clear();
    }

    private void Field(byte code, char type, string value)
    {
        Align(8);
        Raw([code]);
        String('g', type.ToString());
        String(type, value);
    }

    private void Values(DBusValue[] values)
    {
        foreach (DBusValue value in values)
            Value(value);
    }

    private void String(char type, string text)
    {
        int size = Encoding.UTF8.GetByteCount(text);
        Number((uint)size, type == 'g' ? 1 : 4);
        Span<byte> into = Take(size + 1);
        Encoding.UTF8.GetBytes(text, into);
        into[size] = 0;
    }

    private void Number(ulong value, int size)
    {
        Align(size);
        Span<byte> into = Take(size);
        for (int i = 0; i < size; i++)
            into[i] = unchecked((byte)(value >> (8 * i)));
    }

    private Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        Span<byte> taken = _bytes.AsSpan(_length, count);
        _length += count;
        return taken;
    }
}

/// <summary>Whom a method call goes to.</summary>
internal readonly record struct DBusTarget(string Destination, string Path, string Interface);
