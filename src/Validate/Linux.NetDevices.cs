using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // IFNAMSIZ (linux/if.h), without the NUL.
    private const int LongestInterfaceName = 15;

    private void NetDevices()
    {
        NetDevice[] devices = _config.Linux?.NetDevices ?? [];
        if (devices.Length == 0)
            return;
        if (_facts.RootlessEuid)
        {
            Add(new Fault("interfaces cannot be moved by a rootless runtime")
            {
                Field = NetDeviceField(devices[0]),
                Hint = "run as root, or remove linux.netDevices",
            });
        }

        if (!Has(NamespaceSet.Network))
        {
            Add(new Fault("unable to move interfaces without a private network namespace")
            {
                Field = NetDeviceField(devices[0]),
                Hint = "add {\"type\": \"network\"} to linux.namespaces",
            });
        }

        HashSet<Utf8> names = [];
        foreach (NetDevice device in devices)
        {
            if (!IsInterfaceName(device.HostName.Span))
                AddInterfaceName(NetDeviceField(device), default);
            Utf8 name = device.Name.IsEmpty ? device.HostName : device.Name;
            bool template = !device.Name.IsEmpty && name.IndexOf((byte)'%') >= 0;
            if (!device.Name.IsEmpty && (!IsInterfaceName(name.Span) || (template && !IsTemplate(name.Span))))
                AddInterfaceName($"{NetDeviceField(device)}.name", name);
            else if (!template && !names.Add(name))
            {
                Add(new Fault("two interfaces cannot have one name")
                {
                    Field = $"{NetDeviceField(device)}.name",
                    Value = Shown(name),
                    Hint = "choose another name, or a template such as eth%d",
                });
            }
        }
    }

    private void AddInterfaceName(string field, Utf8 name) => Add(new Fault("not the name of an interface")
    {
        Field = field,
        Value = name.IsEmpty ? null : Shown(name),
        Hint = "use 1 to 15 bytes without /, : and blanks, other than . and ..; %d once stands for a free number",
    });

    /// <summary>dev_valid_name() of net/core/dev.c.</summary>
    private static bool IsInterfaceName(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > LongestInterfaceName || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
            return false;
        foreach (byte c in name)
        {
            // isspace() of the kernel counts the no-break space of Latin-1, which UTF-8 has as a second byte.
            if (c is (byte)'/' or (byte)':' or 0 or (byte)' ' or (>= 0x09 and <= 0x0d) or 0xa0)
                return false;
        }

        return true;
    }

    // __dev_alloc_name() of net/core/dev.c.
    private static bool IsTemplate(ReadOnlySpan<byte> name)
    {
        int at = name.IndexOf((byte)'%');
        return name[at..].StartsWith("%d"u8) && name[(at + 1)..].IndexOf((byte)'%') < 0;
    }

    private static string NetDeviceField(NetDevice device) => $"linux.netDevices[\"{Shown(device.HostName)}\"]";
}
