using System;
using System.Collections.Generic;
using Google.Protobuf;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>Writes the fields of one protobuf message; what is absent is not written.</summary>
internal sealed class CriuFields
{
    private readonly List<byte> _bytes = [];

    public CriuFields Flag(int field, bool? value) => value is not { } flag ? this : Add(
        field, WireFormat.WireType.Varint, CodedOutputStream.ComputeBoolSize(flag), output => output.WriteBool(flag));

    public CriuFields Number(int field, int? value) => value is not { } number ? this : Add(
        field, WireFormat.WireType.Varint, CodedOutputStream.ComputeInt32Size(number), output => output.WriteInt32(number));

    public CriuFields Text(int field, Utf8 text)
    {
        if (text.IsNull)
            return this;
        ByteString bytes = ByteString.CopyFrom(text.Span);
        return Add(field, WireFormat.WireType.LengthDelimited, CodedOutputStream.ComputeBytesSize(bytes), output => output.WriteBytes(bytes));
    }

    public CriuFields Message(int field, CriuFields? message) => message is null ? this : Text(field, new Utf8(message.ToArray()));

    public byte[] ToArray() => [.. _bytes];

    private CriuFields Add(int field, WireFormat.WireType type, int size, Action<CodedOutputStream> write)
    {
        byte[] bytes = new byte[CodedOutputStream.ComputeTagSize(field) + size];
        using CodedOutputStream output = new(bytes);
        output.WriteTag(field, type);
        write(output);
        output.Flush();
        _bytes.AddRange(bytes);
        return this;
    }
}
