using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Launch;

/// <summary>An interface of a network namespace.</summary>
internal readonly record struct NetworkLink(int Index, string Name, uint Flags)
{
    public bool IsUp => (Flags & (uint)Uapi.IFF_UP) != 0;
}

/// <summary>A permanent address of global scope, as it is given to the interface again.</summary>
internal sealed record NetworkAddress
{
    /// <summary>AF_INET or AF_INET6.</summary>
    public byte Family { get; init; }

    public byte PrefixLength { get; init; }

    /// <summary>IFA_F_* that a user can set.</summary>
    public uint Flags { get; init; }

    /// <summary>Attributes in the order in which the kernel gave them.</summary>
    public required (ushort Type, byte[] Value)[] Attributes { get; init; }
}

/// <summary>
/// rtnetlink(7) of one network namespace, as far as moving interfaces needs it. Calls return 0 or a negative errno;
/// <see cref="Complaint"/> is then what the kernel had to say about it.
/// </summary>
internal sealed class RtNetlink : IDisposable
{
    // The largest message of a dump (netlink_recvmsg).
    private const int BufferSize = 32 << 10;
    private const int RequestSize = 1 << 10;

    private const uint KeptFlags = Uapi.IFA_F_NODAD | Uapi.IFA_F_HOMEADDRESS | Uapi.IFA_F_MANAGETEMPADDR
        | Uapi.IFA_F_NOPREFIXROUTE | Uapi.IFA_F_MCAUTOJOIN;

    private readonly Fd _socket;
    private readonly byte[] _answer = new byte[BufferSize];
    private readonly byte[] _request = new byte[RequestSize];
    private uint _sequence;

    /// <param name="socket">Of <see cref="Socket"/>; owned from here on.</param>
    public RtNetlink(Fd socket) => _socket = socket;

    /// <summary>The kernel's explanation of the last failure (extended acknowledgement, Linux 4.12); null without one.</summary>
    public string? Complaint { get; private set; }

    /// <summary>
    /// A socket in the calling thread's network namespace, or a negative errno. It does not block: the kernel has
    /// answered when the request returns, so a missing answer is an error and no wait.
    /// </summary>
    public static int Socket()
    {
        int socket = Sys.socket(Uapi.AF_NETLINK, Uapi.SOCK_RAW | Uapi.SOCK_NONBLOCK);
        if (socket >= 0)
            Sys.setsockopt(socket, Uapi.SOL_NETLINK, Uapi.NETLINK_EXT_ACK, 1);
        return socket;
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The interface with this name; -ENODEV without one.</summary>
    public int Find(ReadOnlySpan<byte> name, out NetworkLink link)
    {
        NetlinkMessage message = NetlinkMessage.Link(_request, Uapi.RTM_GETLINK, 0, default);
        message.Name(Uapi.IFLA_IFNAME, name);
        List<NetworkLink> found = [];
        int result = Ask(message, body => found.Add(Link(body)));
        link = found.Count > 0 ? found[0] : default;
        return result < 0 ? result : found.Count > 0 ? 0 : -Errno.ENODEV;
    }

    /// <summary>All interfaces.</summary>
    public int Links(List<NetworkLink> into) =>
        Ask(NetlinkMessage.Link(_request, Uapi.RTM_GETLINK, Uapi.NLM_F_DUMP, default), body => into.Add(Link(body)));

    /// <summary>The permanent addresses of global scope of an interface, both families.</summary>
    public int Addresses(int index, List<NetworkAddress> into) => Ask(
        NetlinkMessage.Address(_request, Uapi.RTM_GETADDR, Uapi.NLM_F_DUMP, default),
        body =>
        {
            if (Address(body, index) is { } address)
                into.Add(address);
        });

    /// <summary>Gives an interface an address.</summary>
    public int Add(int index, NetworkAddress address)
    {
        NetlinkMessage message = NetlinkMessage.Address(
            _request,
            Uapi.RTM_NEWADDR,
            Uapi.NLM_F_ACK | Uapi.NLM_F_CREATE | Uapi.NLM_F_EXCL,
            new ifaddrmsg
            {
                ifa_family = address.Family,
                ifa_prefixlen = address.PrefixLength,
                ifa_scope = Uapi.RT_SCOPE_UNIVERSE,
                ifa_index = (uint)index,
            });
        foreach ((ushort type, byte[] value) in address.Attributes)
            message.Attribute(type, value);
        message.Attribute(Uapi.IFA_FLAGS, address.Flags);
        return Ask(message);
    }

    /// <summary>Sets an interface up or down.</summary>
    public int SetUp(int index, bool up) => Ask(NetlinkMessage.Link(_request, Uapi.RTM_NEWLINK, Uapi.NLM_F_ACK, new ifinfomsg
    {
        ifi_index = index,
        ifi_flags = up ? (uint)Uapi.IFF_UP : 0,
        ifi_change = (uint)Uapi.IFF_UP,
    }));

    /// <summary>Moves an interface to another network namespace, where it gets this name (<c>%d</c>: a free number).</summary>
    public int Move(int index, int networkNamespace, ReadOnlySpan<byte> name)
    {
        NetlinkMessage message = NetlinkMessage.Link(
            _request, Uapi.RTM_NEWLINK, Uapi.NLM_F_ACK, new ifinfomsg { ifi_index = index });
        message.Attribute(Uapi.IFLA_NET_NS_FD, (uint)networkNamespace);
        message.Name(Uapi.IFLA_IFNAME, name);
        return Ask(message);
    }

    /// <summary>A link message without its header.</summary>
    internal static NetworkLink Link(ReadOnlySpan<byte> body)
    {
        ifinfomsg info = MemoryMarshal.Read<ifinfomsg>(body);
        NetlinkAttributes attributes = new(body[Unsafe.SizeOf<ifinfomsg>()..]);
        string name = "";
        while (attributes.Next())
        {
            if (attributes.Type == Uapi.IFLA_IFNAME)
                name = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
        }

        return new NetworkLink(info.ifi_index, name, info.ifi_flags);
    }

    /// <summary>An address message without its header; null for one that does not move with the interface.</summary>
    internal static NetworkAddress? Address(ReadOnlySpan<byte> body, int index)
    {
        ifaddrmsg info = MemoryMarshal.Read<ifaddrmsg>(body);
        if (info.ifa_index != (uint)index || info.ifa_scope != Uapi.RT_SCOPE_UNIVERSE)
            return null;

        // The header has only the lower eight flags; IFA_FLAGS has all (Linux 3.14).
        uint flags = info.ifa_flags;
        List<(ushort, byte[])> kept = [];
        NetlinkAttributes attributes = new(body[Unsafe.SizeOf<ifaddrmsg>()..]);
        while (attributes.Next())
        {
            if (attributes.Type == Uapi.IFA_FLAGS && attributes.Value.Length == 4)
                flags = MemoryMarshal.Read<uint>(attributes.Value);
            else if (attributes.Type is Uapi.IFA_ADDRESS or Uapi.IFA_LOCAL or Uapi.IFA_BROADCAST or Uapi.IFA_RT_PRIORITY)
                kept.Add((attributes.Type, attributes.Value.ToArray()));
        }

        if ((flags & Uapi.IFA_F_PERMANENT) == 0)
            return null;
        return new NetworkAddress
        {
            Family = info.ifa_family,
            PrefixLength = info.ifa_prefixlen,
            Flags = flags & KeptFlags,
            Attributes = [.. kept],
        };
    }

    private delegate void Each(ReadOnlySpan<byte> body);

    // Sends a request and takes its answers: until the acknowledgement, the end of the dump, or the one message asked for.
    private int Ask(NetlinkMessage message, Each? each = null)
    {
        Complaint = null;
        Span<byte> request = message.Finish(++_sequence);
        ushort flags = MemoryMarshal.Read<nlmsghdr>(request).nlmsg_flags;
        long sent = Sys.write(_socket.Number, request);
        if (sent < 0)
            return (int)sent;
        while (true)
        {
            long length = Sys.read(_socket.Number, _answer);
            if (length < 0)
                return (int)length;
            ReadOnlySpan<byte> rest = _answer.AsSpan(0, (int)length);
            while (rest.Length >= 16)
            {
                nlmsghdr header = MemoryMarshal.Read<nlmsghdr>(rest);
                if (header.nlmsg_len < 16 || header.nlmsg_len > (uint)rest.Length)
                    return -Errno.EIO;
                ReadOnlySpan<byte> body = rest[16..(int)header.nlmsg_len];
                rest = rest[Math.Min(((int)header.nlmsg_len + 3) & ~3, rest.Length)..];

                // Left over from a request whose answer was given up.
                if (header.nlmsg_seq != _sequence)
                    continue;
                if (header.nlmsg_type == Uapi.NLMSG_ERROR)
                    return Error(body, header.nlmsg_flags);
                if (header.nlmsg_type == Uapi.NLMSG_DONE)
                    return body.Length >= 4 ? MemoryMarshal.Read<int>(body) : 0;
                each?.Invoke(body);
                if ((flags & (Uapi.NLM_F_DUMP | Uapi.NLM_F_ACK)) == 0)
                    return 0;
            }
        }
    }

    // struct nlmsgerr: errno, then the request's header with or without its body, then attributes.
    private int Error(ReadOnlySpan<byte> body, ushort flags)
    {
        int error = body.Length >= 4 ? MemoryMarshal.Read<int>(body) : -Errno.EIO;
        if (error == 0 || (flags & Uapi.NLM_F_ACK_TLVS) == 0 || body.Length < 20)
            return error;
        int request = (flags & Uapi.NLM_F_CAPPED) != 0 ? 16 : (int)MemoryMarshal.Read<nlmsghdr>(body[4..]).nlmsg_len;
        int start = 4 + ((request + 3) & ~3);
        NetlinkAttributes attributes = new(start <= body.Length ? body[start..] : default);
        while (attributes.Next())
        {
            if (attributes.Type == Uapi.NLMSGERR_ATTR_MSG)
                Complaint = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
        }

        return error;
    }
}
