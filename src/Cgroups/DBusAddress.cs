using System;
using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Cgroups;

/// <summary>Where a message bus listens: a unix stream socket (D-Bus Specification, "Server Addresses").</summary>
/// <param name="Name">Path, or name in the abstract namespace.</param>
/// <param name="IsAbstract">The name is in the abstract namespace.</param>
internal readonly record struct DBusAddress(string Name, bool IsAbstract)
{
    /// <summary>
    /// The sockets of a list such as <c>unix:path=/run/bus;unix:abstract=/tmp/x,guid=0</c>, in its order; transports
    /// other than these are left out.
    /// </summary>
    /// <param name="list">The text.</param>
    /// <param name="field">Where it comes from, for the error.</param>
    /// <exception cref="FaultException">It is malformed or names no unix socket.</exception>
    public static DBusAddress[] Parse(string list, string field)
    {
        List<DBusAddress> found = [];
        foreach (string address in list.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = address.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                throw Refused(list, field, $"\"{address}\" has no transport");
            if (address[..colon] != "unix")
                continue;
            foreach (string pair in address[(colon + 1)..].Split(','))
            {
                int equals = pair.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0)
                    throw Refused(list, field, $"\"{pair}\" is no key=value");
                string key = pair[..equals];
                if (key is not "path" and not "abstract")
                    continue;
                string name = Unescape(pair[(equals + 1)..]) ?? throw Refused(list, field, $"\"{pair}\" is not escaped as it must be");
                if (name.Length == 0 || (key == "path" && name[0] != '/'))
                    throw Refused(list, field, $"\"{pair}\" is no absolute path");
                found.Add(new DBusAddress(name, key == "abstract"));
                break;
            }
        }

        return found.Count != 0 ? [.. found] : throw Refused(list, field, "no unix socket is named");
    }

    public int Connect(int socket) =>
        IsAbstract ? Sys.ConnectAbstract(socket, Sys.Bytes(Name)) : Sys.connect(socket, Sys.Bytes(Name));

    public override string ToString() => IsAbstract ? "@" + Name : Name;

    // Any byte may be written as %xx; one that should be and is not is taken as it is.
    private static string? Unescape(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        byte[] raw = Sys.Bytes(text);
        int length = 0;
        for (int i = 0; i < raw.Length; i++)
        {
            byte value = raw[i];
            if (value == (byte)'%')
            {
                if (i + 2 >= raw.Length
                    || !byte.TryParse(raw.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
                    || value == 0)
                    return null;
                i += 2;
            }

            raw[length++] = value;
        }

        return System.Text.Encoding.UTF8.GetString(raw, 0, length);
    }

    private static FaultException Refused(string list, string field, string what) =>
        new(new Fault($"invalid D-Bus address: {what}")
        {
            Field = field,
            Value = list,
            Hint = "it looks like unix:path=/run/user/1000/bus",
        });
}
