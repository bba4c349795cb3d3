using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>Who <c>config.User</c> of an image is (image-spec, config.md): ids, and groups when none is named.</summary>
internal sealed record ImageUser(uint Uid, uint Gid, uint[] Groups)
{
    /// <summary>Resolves <c>user[:group]</c>; empty is root.</summary>
    /// <param name="text">Each part is a name or a number.</param>
    /// <param name="passwd">The image's own /etc/passwd (passwd(5)).</param>
    /// <param name="group">The image's own /etc/group (group(5)).</param>
    /// <exception cref="FaultException">A name is in neither.</exception>
    public static ImageUser Resolve(Utf8 text, ReadOnlySpan<byte> passwd, ReadOnlySpan<byte> group)
    {
        int colon = text.IndexOf((byte)':');
        Utf8 user = colon < 0 ? text : text.Slice(0, colon);
        Utf8 wanted = colon < 0 ? default : text.Slice(colon + 1);
        uint uid = 0;
        bool isNumber = user.IsEmpty || TryId(user.Span, out uid);
        uint gid = 0;
        ReadOnlySpan<byte> name = isNumber ? default : user.Span;
        bool found = false;
        Span<Range> fields = stackalloc Range[5];
        foreach (Range range in passwd.Split((byte)'\n'))
        {
            // name:password:uid:gid:gecos:home:shell
            ReadOnlySpan<byte> line = passwd[range];
            if (Fields(line, fields) < 4 || !TryId(line[fields[2]], out uint lineUid) || !TryId(line[fields[3]], out uint lineGid))
                continue;
            if (isNumber ? lineUid != uid : !line[fields[0]].SequenceEqual(name))
                continue;
            (uid, gid) = (lineUid, lineGid);
            name = line[fields[0]];
            found = true;
            break;
        }

        if (!found && !isNumber)
            throw Unknown(text, $"the image's /etc/passwd has no user \"{user}\"");
        if (wanted.IsEmpty)
            return new ImageUser(uid, gid, found ? Memberships(group, name, gid) : []);
        if (!TryId(wanted.Span, out gid) && !FindGroup(group, wanted.Span, out gid))
            throw Unknown(text, $"the image's /etc/group has no group \"{wanted}\"");
        return new ImageUser(uid, gid, []);
    }

    private static FaultException Unknown(Utf8 text, string message) =>
        new(new Fault(message) { Field = "config.User", Value = text.ToString(), Hint = "build the image with a numeric user" });

    // name:password:gid:member,member
    private static bool FindGroup(ReadOnlySpan<byte> group, ReadOnlySpan<byte> name, out uint gid)
    {
        Span<Range> fields = stackalloc Range[5];
        foreach (Range range in group.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = group[range];
            if (Fields(line, fields) >= 3 && line[fields[0]].SequenceEqual(name) && TryId(line[fields[2]], out gid))
                return true;
        }

        gid = 0;
        return false;
    }

    private static uint[] Memberships(ReadOnlySpan<byte> group, ReadOnlySpan<byte> user, uint primary)
    {
        List<uint> groups = [];
        Span<Range> fields = stackalloc Range[5];
        foreach (Range range in group.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = group[range];
            if (Fields(line, fields) < 4 || !TryId(line[fields[2]], out uint gid) || gid == primary || groups.Contains(gid))
                continue;
            ReadOnlySpan<byte> members = line[fields[3]];
            foreach (Range member in members.Split((byte)','))
            {
                if (members[member].SequenceEqual(user))
                {
                    groups.Add(gid);
                    break;
                }
            }
        }

        return [.. groups];
    }

    private static int Fields(ReadOnlySpan<byte> line, Span<Range> fields)
    {
        int count = 0;
        foreach (Range range in line.TrimEnd((byte)'\r').Split((byte)':'))
        {
            if (count == fields.Length)
                break;
            fields[count++] = range;
        }

        return count;
    }

    // 4294967295 is no id (chown(2), setuid(2)).
    private static bool TryId(ReadOnlySpan<byte> text, out uint id)
    {
        bool isNumber = TarHeader.TryDecimal(text, out long number) && number is >= 0 and < uint.MaxValue;
        id = isNumber ? (uint)number : 0;
        return isNumber;
    }
}
