using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// An entry's name relative to the layer: components joined by single slashes, without <c>.</c> and <c>..</c>; empty for the
/// layer's root. Absolute names count from the layer's root, as other tools take them.
/// </summary>
internal static class TreeName
{
    private const int PATH_MAX = 4096;
    private const int NAME_MAX = 255;

    /// <exception cref="FaultException">The name leads out of the layer, or no file system has it.</exception>
    public static Utf8 Clean(Utf8 name)
    {
        byte[] clean = new byte[name.Length];
        int length = 0;
        foreach (Range range in name.Span.Split((byte)'/'))
        {
            ReadOnlySpan<byte> part = name.Span[range];
            if (part.IsEmpty || part.SequenceEqual("."u8))
                continue;
            if (part.SequenceEqual(".."u8))
                throw new FaultException("\"..\" leads out of the layer");
            if (part.Length > NAME_MAX)
                throw new FaultException($"a name of {part.Length} bytes, more than the {NAME_MAX} that file systems take");
            if (length > 0)
                clean[length++] = (byte)'/';
            part.CopyTo(clean.AsSpan(length));
            length += part.Length;
        }

        if (length >= PATH_MAX)
            throw new FaultException($"a path of {length} bytes, more than the {PATH_MAX - 1} that the kernel takes");
        if (clean.AsSpan(0, length).Contains((byte)0))
            throw new FaultException("a name with a NUL");
        return new Utf8(clean, 0, length);
    }

    /// <summary>The directory that a clean name is in; empty for the root.</summary>
    public static Utf8 Parent(Utf8 name)
    {
        int slash = name.Span.LastIndexOf((byte)'/');
        return name.Slice(0, Math.Max(slash, 0));
    }

    /// <summary>The last component.</summary>
    public static Utf8 Last(Utf8 name) => name.Slice(name.Span.LastIndexOf((byte)'/') + 1);

    public static Utf8 Join(Utf8 directory, ReadOnlySpan<byte> name)
    {
        if (directory.IsEmpty)
            return new Utf8(name.ToArray());
        byte[] joined = new byte[directory.Length + 1 + name.Length];
        directory.Span.CopyTo(joined);
        joined[directory.Length] = (byte)'/';
        name.CopyTo(joined.AsSpan(directory.Length + 1));
        return new Utf8(joined);
    }

    /// <summary>Whether a name lies below a directory.</summary>
    public static bool IsBelow(Utf8 name, Utf8 directory) => directory.IsEmpty
        ? !name.IsEmpty
        : name.Length > directory.Length && name.StartsWith(directory.Span) && name[directory.Length] == (byte)'/';
}
