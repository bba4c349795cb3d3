using System;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>Lexical treatment of paths inside the rootfs.</summary>
internal static class Paths
{
    /// <summary>
    /// Cleans a path as seen from the container's root: no empty or <c>.</c> components, <c>..</c> never climbs above
    /// the root, no leading slash. The root itself is <c>"."</c>.
    /// </summary>
    public static Utf8 InRoot(Utf8 path)
    {
        ReadOnlySpan<byte> rest = path.Span;
        byte[] clean = new byte[rest.Length + 1];
        int length = 0;
        while (!rest.IsEmpty)
        {
            int slash = rest.IndexOf((byte)'/');
            ReadOnlySpan<byte> part = slash < 0 ? rest : rest[..slash];
            rest = slash < 0 ? default : rest[(slash + 1)..];
            if (part.IsEmpty || part.SequenceEqual("."u8))
                continue;
            if (part.SequenceEqual(".."u8))
            {
                int cut = clean.AsSpan(0, length).LastIndexOf((byte)'/');
                length = Math.Max(cut, 0);
                continue;
            }

            if (length > 0)
                clean[length++] = (byte)'/';
            part.CopyTo(clean.AsSpan(length));
            length += part.Length;
        }

        if (length == 0)
            clean[length++] = (byte)'.';
        return new Utf8(clean, 0, length);
    }

    /// <summary>
    /// The same of a path that may also name its place as the host sees it, below <paramref name="rootfs"/>; runc takes
    /// such destinations of mounts.
    /// </summary>
    public static Utf8 InRoot(Utf8 path, Utf8 rootfs)
    {
        Utf8 clean = InRoot(path);
        Utf8 root = InRoot(rootfs);
        if (root.Is("."u8) || !IsWithin(clean, root.Span))
            return clean;
        return InRoot(clean.Slice(root.Length));
    }

    /// <summary>A path that is absolute, or else below <paramref name="directory"/>.</summary>
    public static Utf8 Below(Utf8 directory, Utf8 path)
    {
        if (path.StartsWith("/"u8))
            return path;
        byte[] joined = new byte[directory.Length + 1 + path.Length];
        directory.Span.CopyTo(joined);
        joined[directory.Length] = (byte)'/';
        path.Span.CopyTo(joined.AsSpan(directory.Length + 1));
        return new Utf8(joined);
    }

    /// <summary>Whether a cleaned path is <paramref name="directory"/> or lies below it.</summary>
    public static bool IsWithin(Utf8 path, ReadOnlySpan<byte> directory) =>
        path.StartsWith(directory) && (path.Length == directory.Length || path[directory.Length] == (byte)'/');
}
