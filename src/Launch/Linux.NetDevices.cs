using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>
/// linux.netDevices: moves interfaces of the runtime's network namespace into the container's, with their permanent
/// addresses of global scope. While this object lives, every one that was moved can be given
/// back, which <see cref="Return()"/> does: an interface made by software would end together with the container's namespace.
/// </summary>
internal sealed class NetworkDevices : IDisposable
{
    private readonly Fd _home;
    private readonly Fd _container;
    private readonly RtNetlink _outside;
    private readonly RtNetlink _inside;
    private readonly List<Moved> _moved = [];

    private NetworkDevices(Fd home, Fd container, RtNetlink outside, RtNetlink inside)
    {
        _home = home;
        _container = container;
        _outside = outside;
        _inside = inside;
    }

    /// <summary>Opens both sides.</summary>
    /// <param name="socket">Any socket that was made in the container's network namespace.</param>
    /// <remarks>
    /// The namespace comes from the socket (SIOCGSKNS, Linux 4.9), which needs no look into another process. The
    /// inner rtnetlink socket is made by this process, which enters the namespace for that call alone: the kernel asks
    /// for the rights of a socket's maker too, and those of the container's root would not do for giving back.
    /// </remarks>
    public static NetworkDevices Open(Fd socket)
    {
        Fd outside = new(RtNetlink.Socket());
        if (outside.Number < 0)
            throw Failed("cannot reach rtnetlink", "socket", outside.Number);
        Fd container = new(NamespaceOf(socket));
        Fd home = new(NamespaceOf(outside));
        if (container.Number < 0 || home.Number < 0)
            throw Failed("cannot open the network namespace", "ioctl SIOCGSKNS", Math.Min(container.Number, home.Number));
        if (IsSame(home, container))
        {
            throw new FaultException(new Fault("the container's network namespace is that of the runtime")
            {
                Field = "linux.netDevices",
                Hint = "remove the path of the network namespace, or name another one",
            });
        }

        int result = Sys.setns(container.Number, Uapi.CLONE_NEWNET);
        if (result < 0)
            throw Failed("cannot enter the container's network namespace", "setns", result);
        int inside = RtNetlink.Socket();
        result = Sys.setns(home.Number, Uapi.CLONE_NEWNET);
        if (result < 0)
            throw Failed("cannot return to the runtime's network namespace", "setns", result);
        if (inside < 0)
            throw Failed("cannot reach rtnetlink", "socket", inside);
        return new NetworkDevices(home, container, new RtNetlink(outside), new RtNetlink(new Fd(inside)));
    }

    /// <summary>Moves all of them, in the order of the config.</summary>
    /// <exception cref="FaultException">One cannot be moved or set up; <see cref="Return()"/> then gives all back.</exception>
    public void Move(NetDevice[] devices)
    {
        foreach (NetDevice device in devices)
            Move(device);
    }

    /// <summary>Gives back what was moved, under its old name, with its addresses, up if it was up.</summary>
    public void Return()
    {
        for (int i = _moved.Count - 1; i >= 0; i--)
        {
            Moved moved = _moved[i];
            int result = Return(moved);
            if (result < 0)
            {
                string why = _inside.Complaint ?? _outside.Complaint ?? Errno.Text(-result);
                Log.Warning($"{Field(moved.Device)}: cannot give the interface back as it was: {why}");
            }
        }

        _moved.Clear();
    }

    public void Dispose()
    {
        _outside.Dispose();
        _inside.Dispose();
        _container.Dispose();
        _home.Dispose();
    }

    /// <summary>An interface on its way: what is needed to give it back.</summary>
    private sealed record Moved(NetDevice Device, NetworkLink Link, List<NetworkAddress> Addresses)
    {
        /// <summary>Its index in the container's namespace; 0 while it is not there.</summary>
        public int Inside { get; set; }
    }

    private void Move(NetDevice device)
    {
        Utf8 name = device.Name.IsEmpty ? device.HostName : device.Name;
        int result = _outside.Find(device.HostName.Span, out NetworkLink link);
        if (result < 0)
            throw Missing(device, result, _outside);
        bool template = name.IndexOf((byte)'%') >= 0;
        if (!template && _inside.Find(name.Span, out _) == 0)
        {
            throw new FaultException(new Fault($"the container's network namespace has an interface \"{name}\" already")
            {
                Field = Field(device),
                Value = name.ToString(),
                Errno = Errno.EEXIST,
                Hint = "choose another name, or a template such as eth%d",
            });
        }

        List<NetworkAddress> addresses = [];
        result = _outside.Addresses(link.Index, addresses);
        if (result < 0)
            throw Failed(device, "cannot read its addresses", "RTM_GETADDR", result, _outside);
        Moved moved = new(device, link, addresses);
        _moved.Add(moved);
        result = _outside.SetUp(link.Index, up: false);
        if (result < 0)
            throw Failed(device, "cannot set it down", "RTM_NEWLINK", result, _outside);
        List<NetworkLink> before = [];
        _inside.Links(before);
        result = _outside.Move(link.Index, _container.Number, name.Span);

        // The kernel moves first and renames then, so that it can be there even after an error.
        moved.Inside = Arrived(before, link.Index);
        if (result < 0)
            throw Failed(device, "cannot move it", "RTM_NEWLINK", result, _outside);
        if (moved.Inside == 0)
            throw Failed(device, "it did not arrive in the container's network namespace", "RTM_GETLINK", -Errno.ENODEV, _inside);
        foreach (NetworkAddress address in addresses)
        {
            result = _inside.Add(moved.Inside, address);
            if (result < 0)
                throw Failed(device, $"cannot give it its address {Text(address)}", "RTM_NEWADDR", result, _inside);
        }

        result = _inside.SetUp(moved.Inside, up: true);
        if (result < 0)
            throw Failed(device, "cannot set it up", "RTM_NEWLINK", result, _inside);
    }

    // An interface keeps its index unless that is taken where it arrives.
    private int Arrived(List<NetworkLink> before, int index)
    {
        List<NetworkLink> now = [];
        _inside.Links(now);
        int arrived = 0;
        foreach (NetworkLink link in now)
        {
            if (!before.Exists(old => old.Index == link.Index) && (arrived == 0 || link.Index == index))
                arrived = link.Index;
        }

        return arrived;
    }

    private int Return(Moved moved)
    {
        int index = moved.Link.Index;
        if (moved.Inside != 0)
        {
            int result = _inside.Move(moved.Inside, _home.Number, moved.Device.HostName.Span);
            if (result < 0)
                return result;
            result = _outside.Find(moved.Device.HostName.Span, out NetworkLink link);
            if (result < 0)
                return result;
            index = link.Index;
        }

        int failure = 0;
        foreach (NetworkAddress address in moved.Addresses)
        {
            // It never left, so it may have kept some.
            int result = _outside.Add(index, address);
            if (result < 0 && result != -Errno.EEXIST)
                failure = result;
        }

        int up = moved.Link.IsUp ? _outside.SetUp(index, up: true) : 0;
        return up < 0 ? up : failure;
    }

    private static int NamespaceOf(Fd socket)
    {
        unsafe
        {
            return Sys.ioctl(socket.Number, Uapi.SIOCGSKNS, null);
        }
    }

    private static bool IsSame(Fd one, Fd other) =>
        Sys.fstat(one.Number, out stat a) == 0 && Sys.fstat(other.Number, out stat b) == 0
        && a.st_dev == b.st_dev && a.st_ino == b.st_ino;

    private static string Text(NetworkAddress address)
    {
        byte[] value = [];
        foreach ((ushort type, byte[] bytes) in address.Attributes)
        {
            if (type == Uapi.IFA_LOCAL || (type == Uapi.IFA_ADDRESS && value.Length == 0))
                value = bytes;
        }

        return value.Length == 4
            ? string.Create(CultureInfo.InvariantCulture, $"{value[0]}.{value[1]}.{value[2]}.{value[3]}/{address.PrefixLength}")
            : $"{Convert.ToHexStringLower(value)}/{address.PrefixLength}";
    }

    private static string Field(NetDevice device) => $"linux.netDevices[\"{device.HostName}\"]";

    /// <summary>The failure for an interface that the runtime's network namespace does not have.</summary>
    internal static FaultException Missing(NetDevice device, int result, RtNetlink link) =>
        Failed(device, "there is no such interface", "RTM_GETLINK", result, link);

    private static FaultException Failed(NetDevice device, string what, string request, int result, RtNetlink link) =>
        new(new Fault(link.Complaint is null ? what : $"{what}: {link.Complaint}")
        {
            Field = Field(device),
            Value = device.Name.IsEmpty ? null : device.Name.ToString(),
            Syscall = request,
            Errno = -result,
            Hint = (request, -result) switch
            {
                ("RTM_GETLINK", Errno.ENODEV) => "'ip link' shows the interfaces of the runtime's network namespace",
                ("RTM_NEWADDR", Errno.EACCES) => "is IPv6 disabled in the container's network namespace?",
                (_, Errno.EPERM) => "CAP_NET_ADMIN over both network namespaces is needed",
                ("RTM_NEWLINK", Errno.EINVAL) => "some interfaces, such as lo, cannot leave their network namespace",
                _ => null,
            },
        });

    private static FaultException Failed(string what, string call, int result) =>
        new(new Fault(what) { Field = "linux.netDevices", Syscall = call, Errno = -result });
}
