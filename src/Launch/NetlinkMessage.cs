using System;
using System.Runtime.InteropServices;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>Builds one netlink request in a buffer that is large enough (netlink(7)): header, body, attributes.</summary>
internal ref struct NetlinkMessage
{
    private const int Header = 16;

    private readonly Span<byte> _bytes;
    private int _length;

    private NetlinkMessage(Span<byte> bytes)
    {
        _bytes = bytes;
        _length = Header;
    }

    public static NetlinkMessage Link(Span<byte> bytes, ushort type, ushort flags, ifinfomsg body)
    {
        NetlinkMessage message = Start(bytes, type, flags);
        message.Body(in body, 16);
        return message;
    }

    public static NetlinkMessage Address(Span<byte> bytes, ushort type, ushort flags, ifaddrmsg body)
    {
        NetlinkMessage message = Start(bytes, type, flags);
        message.Body(in body, 8);
        return message;
    }

    /// <summary>Appends an attribute, padded to four bytes.</summary>
    public void Attribute(ushort type, scoped ReadOnlySpan<byte> value)
    {
        rtattr header = new() { rta_len = (ushort)(4 + value.Length), rta_type = type };
        MemoryMarshal.Write(_bytes[_length..], in header);
        value.CopyTo(_bytes[(_length + 4)..]);
        _length += (4 + value.Length + 3) & ~3;
    }

    public void Attribute(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, in value);
        Attribute(type, bytes);
    }

    /// <summary>A text attribute with its NUL.</summary>
    public void Name(ushort type, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> terminated = stackalloc byte[name.Length + 1];
        name.CopyTo(terminated);
        terminated[name.Length] = 0;
        Attribute(type, terminated);
    }

    /// <summary>The finished request.</summary>
    public readonly Span<byte> Finish(uint sequence)
    {
        nlmsghdr header = MemoryMarshal.Read<nlmsghdr>(_bytes);
        header.nlmsg_len = (uint)_length;
        header.nlmsg_seq = sequence;
        MemoryMarshal.Write(_bytes, in header);
        return _bytes[.._length];
    }

    private static NetlinkMessage Start(Span<byte> bytes, ushort type, ushort flags)
    {
        bytes.Clear();
        nlmsghdr header = new() { nlmsg_type = type, nlmsg_flags = (ushort)(Uapi.NLM_F_REQUEST | flags) };
        MemoryMarshal.Write(bytes, in header);
        return new NetlinkMessage(bytes);
    }

    private void Body<T>(in T body, int size)
        where T : unmanaged
    {
        MemoryMarshal.Write(_bytes[_length..], in body);
        _length += size;
    }
}

/// <summary>Walks the attributes of a message.</summary>
internal ref struct NetlinkAttributes
{
    private ReadOnlySpan<byte> _rest;

    public NetlinkAttributes(ReadOnlySpan<byte> attributes) => _rest = attributes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (_rest.Length < 4)
            return false;
        rtattr header = MemoryMarshal.Read<rtattr>(_rest);
        if (header.rta_len < 4 || header.rta_len > _rest.Length)
            return false;
        Type = (ushort)(header.rta_type & Uapi.NLA_TYPE_MASK);
        Value = _rest[4..header.rta_len];
        _rest = _rest[Math.Min((header.rta_len + 3) & ~3, _rest.Length)..];
        return true;
    }
}
