using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>What a directory gets when everything in it is made.</summary>
/// <param name="Mode">The 12 permission bits.</param>
/// <param name="Modified">Modification time.</param>
/// <param name="IsImplied">
/// No entry of the archive: it is only there because something is in it, and owner and mode are meant to be those of the
/// layers below. Not so when the layer hides what these have under its name.
/// </param>
internal readonly record struct DirectoryEnd(uint Mode, timespec Modified, bool IsImplied)
{
    /// <summary>Mode of a directory while things are made in it.</summary>
    public const uint Working = 0x1c0; // 0700

    /// <summary>Of a directory without an entry: 0755, and a time that does not depend on when it was made.</summary>
    public static DirectoryEnd Implied => new(0x1ed, default, IsImplied: true);

    /// <summary>Gives directories their modes and times, the deepest first, as a closed one cannot be entered again.</summary>
    /// <param name="tree">Where they are.</param>
    /// <param name="directories">By name; what is no directory any more is passed over.</param>
    public static void Apply(Tree tree, Dictionary<Utf8, DirectoryEnd> directories)
    {
        Utf8[] names = [.. directories.Keys];
        Array.Sort(names, static (a, b) => b.Length.CompareTo(a.Length));
        foreach (Utf8 name in names)
        {
            using Fd directory = new(tree.Directory(name, Tree.Plain));
            if (directory.Number < 0)
                continue;
            DirectoryEnd end = directories[name];
            Check(Sys.futimens(directory.Number, end.Modified), "utimensat", name);
            Check(Sys.fchmod(directory.Number, end.Mode), "fchmod", name);
        }
    }

    /// <summary>Gives a directory the owner and the attributes of another one, except the mark of opaqueness.</summary>
    public static void Copy(int from, int to, LayerForm form, Utf8 name)
    {
        Sys.fstat(from, out stat st);
        if (form.OwnsAll)
            Check(Sys.fchown(to, st.st_uid, st.st_gid), "fchownat", name);
        foreach (Utf8 attribute in Attributes(to))
            Sys.fremovexattr(to, attribute.Span);
        byte[] value = new byte[65536];
        foreach (Utf8 attribute in Attributes(from))
        {
            if (attribute.Is(form.Opaque))
                continue;
            int length = Sys.fgetxattr(from, attribute.Span, value);
            Check(length < 0 ? length : Sys.fsetxattr(to, attribute.Span, value.AsSpan(0, length)), "fsetxattr", name);
        }
    }

    private static List<Utf8> Attributes(int fd)
    {
        List<Utf8> names = [];
        int length = Sys.flistxattr(fd, default);
        if (length <= 0)
            return names;
        byte[] list = new byte[length];
        length = Sys.flistxattr(fd, list);
        for (int start = 0, end; start < length; start = end + 1)
        {
            end = Array.IndexOf(list, (byte)0, start);
            Utf8 name = new(list, start, end - start);
            // A label is given by the machine's own policy.
            if (!name.Is("security.selinux"u8))
                names.Add(name);
        }

        return names;
    }

    private static void Check(int result, string syscall, Utf8 name)
    {
        if (result < 0)
            throw new FaultException(new Fault($"cannot finish the directory /{name}") { Syscall = syscall, Errno = -result });
    }
}
