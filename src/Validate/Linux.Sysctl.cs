using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void Sysctl()
    {
        foreach (Pair pair in _config.Linux?.Sysctl ?? [])
        {
            if (!IsSysctl(pair.Key.Span))
            {
                Add(new Fault("not the name of a sysctl")
                {
                    Field = SysctlField(pair.Key),
                    Hint = "write it like net.ipv4.ip_forward or net/ipv4/ip_forward",
                });
            }
            else
                Sysctl(pair.Key);
            if (pair.Value.IndexOf((byte)'\n') >= 0)
            {
                Add(new Fault("a value is a single line")
                {
                    Field = SysctlField(pair.Key),
                    Value = Shown(pair.Value),
                    Hint = "remove the newline",
                });
            }
        }
    }

    // What is not in a namespace of the container's would be written for the whole machine. Whether a joined namespace is
    // really another one than the runtime's is seen when it is opened.
    private void Sysctl(Utf8 key)
    {
        ReadOnlySpan<byte> text = key.Span;
        if (Names(text, "kernel.hostname"u8))
        {
            Add(new Fault("the host name has a field of its own") { Field = SysctlField(key), Hint = "use hostname" });
            return;
        }

        NamespaceSet needed = SysctlNamespace(text);
        if (Has(needed))
            return;
        Add(new Fault($"sysctl \"{Shown(key)}\" is not in a separate kernel namespace")
        {
            Field = SysctlField(key),
            Hint = needed switch
            {
                NamespaceSet.Ipc => "add {\"type\": \"ipc\"} to linux.namespaces",
                NamespaceSet.Network => "add {\"type\": \"network\"} to linux.namespaces",
                NamespaceSet.Uts => "add {\"type\": \"uts\"} to linux.namespaces",
                NamespaceSet.User => "add {\"type\": \"user\"} to linux.namespaces",
                _ => "set it on the host, for all containers, or remove it",
            },
        });
    }

    /// <summary>Whether a sysctl belongs to namespaces of this type.</summary>
    internal static bool IsSysctlOf(Utf8 key, Utf8 type) =>
        Kind(type) is var kind and not NamespaceSet.None && SysctlNamespace(key.Span) == kind;

    /// <summary>The namespace type that a sysctl belongs to; none for one of the whole machine.</summary>
    private static NamespaceSet SysctlNamespace(ReadOnlySpan<byte> key) => key switch
    {
        _ when Begins(key, "net."u8) => NamespaceSet.Network,
        _ when Begins(key, "user."u8) => NamespaceSet.User,
        _ when Begins(key, "fs.mqueue."u8) => NamespaceSet.Ipc,
        _ when Names(key, "kernel.domainname"u8) => NamespaceSet.Uts,
        _ when Names(key, "kernel.msgmax"u8) || Names(key, "kernel.msgmnb"u8) || Names(key, "kernel.msgmni"u8)
            || Names(key, "kernel.sem"u8) || Names(key, "kernel.shmall"u8) || Names(key, "kernel.shmmax"u8)
            || Names(key, "kernel.shmmni"u8) || Names(key, "kernel.shm_rmid_forced"u8) => NamespaceSet.Ipc,
        _ => NamespaceSet.None,
    };

    private static string SysctlField(Utf8 key) => $"linux.sysctl[\"{Shown(key)}\"]";

    /// <summary>
    /// Whether a key is a path below /proc/sys: no empty component, none that is <c>.</c> or <c>..</c>, no space.
    /// </summary>
    private static bool IsSysctl(ReadOnlySpan<byte> key)
    {
        bool slashes = HasSlashes(key);
        int length = 0;
        int dots = 0;
        foreach (byte c in key)
        {
            if (c is <= (byte)' ' or 0x7f)
                return false;
            switch (Dotted(c, slashes))
            {
                case (byte)'.':
                    if (length == 0 || (dots == length && length <= 2))
                        return false;
                    length = 0;
                    dots = 0;
                    break;
                case (byte)'/':
                    length++;
                    dots++;
                    break;
                default:
                    length++;
                    break;
            }
        }

        return length > 0 && !(dots == length && length <= 2);
    }

    private static bool Names(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name) => key.Length == name.Length && Begins(key, name);

    private static bool Begins(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name)
    {
        if (key.Length < name.Length)
            return false;
        bool slashes = HasSlashes(key);
        for (int i = 0; i < name.Length; i++)
        {
            if (Dotted(key[i], slashes) != name[i])
                return false;
        }

        return true;
    }

    /// <summary>
    /// Whether <c>/</c> separates the components: the first separator decides, and the other character is then a
    /// literal one that stands for it (sysctl.d(5)).
    /// </summary>
    private static bool HasSlashes(ReadOnlySpan<byte> key)
    {
        int first = key.IndexOfAny((byte)'.', (byte)'/');
        return first >= 0 && key[first] == (byte)'/';
    }

    /// <summary>The character of the notation with dots.</summary>
    private static byte Dotted(byte c, bool slashes) => c switch
    {
        (byte)'/' when slashes => (byte)'.',
        (byte)'.' when slashes => (byte)'/',
        _ => c,
    };
}
