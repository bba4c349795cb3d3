using System;
using System.Collections.Generic;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>
/// Reads single files of layers as their overlay would show them, without mounting it: names are looked up component by
/// component from the top-most layer on, and links never lead out.
/// </summary>
/// <param name="roots">Paths of the layers' directories, the top-most first.</param>
/// <param name="form">Whose attributes count.</param>
internal sealed class LayerStack(string[] roots, LayerForm form)
{
    private readonly Dictionary<Utf8, List<int>> _merged = [];

    private const int MostLinks = 40;
    private const int LargestFile = 16 << 20;

    /// <summary>A regular file's content; empty when there is none, or one that is too large.</summary>
    public byte[] ReadFile(string path)
    {
        List<string> left = [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        List<string> walked = [];
        List<string> merged = [.. roots];
        for (int links = 0; left.Count > 0;)
        {
            string part = left[0];
            left.RemoveAt(0);
            if (part is "." or "..")
            {
                if (part == ".." && walked.Count > 0)
                    walked.RemoveAt(walked.Count - 1);
                left.InsertRange(0, walked);
                walked.Clear();
                merged = [.. roots];
                if (++links > MostLinks)
                    return [];
                continue;
            }

            (List<string> found, uint type) = Step(merged, part);
            if (type == Uapi.S_IFLNK)
            {
                if (++links > MostLinks || Target(found[0]) is not { } target)
                    return [];
                left.InsertRange(0, target.Split('/', StringSplitOptions.RemoveEmptyEntries));
                if (target[0] == '/')
                    walked.Clear();
                left.InsertRange(0, walked);
                walked.Clear();
                merged = [.. roots];
                continue;
            }

            if (left.Count == 0)
                return type == Uapi.S_IFREG ? Sys.ReadFile(Uapi.AT_FDCWD, Sys.Bytes(found[0]), LargestFile, out _) ?? [] : [];
            if (type != Uapi.S_IFDIR)
                return [];
            merged = found;
            walked.Add(part);
        }

        return [];
    }

    /// <summary>Positions of the layers that have a directory which can be seen; none when it is something else, or hidden.</summary>
    /// <param name="name">Clean and without links on the way.</param>
    /// <remarks>Below an opaque one too: that hides what is in the others, not whose it is.</remarks>
    public List<int> Having(Utf8 name)
    {
        List<int> having = [];
        foreach (int layer in name.IsEmpty ? All() : Merged(TreeName.Parent(name)))
        {
            int found = Sys.fstatat(Uapi.AT_FDCWD, PathOf(layer, name), out stat st, Uapi.AT_SYMLINK_NOFOLLOW);
            if (found == 0 && (st.st_mode & Uapi.S_IFMT) != Uapi.S_IFDIR)
                break;
            if (found == 0)
                having.Add(layer);
        }

        return having;
    }

    private List<int> Merged(Utf8 name)
    {
        if (_merged.TryGetValue(name, out List<int>? known))
            return known;
        List<int> merged = Having(name);
        int opaque = merged.FindIndex(layer => IsOpaque(PathOf(layer, name), form));
        if (opaque >= 0)
            merged.RemoveRange(opaque + 1, merged.Count - opaque - 1);
        _merged.Add(name, merged);
        return merged;
    }

    private List<int> All()
    {
        List<int> all = [];
        for (int i = 0; i < roots.Length; i++)
            all.Add(i);
        return all;
    }

    /// <summary>A name in a layer, for system calls.</summary>
    public byte[] PathOf(int layer, Utf8 name) => [.. Sys.Bytes(roots[layer]), (byte)'/', .. name.Span];

    // The directories that a component merges, or the one other thing that it is; type 0 for nothing.
    private (List<string> Found, uint Type) Step(List<string> merged, string part)
    {
        List<string> found = [];
        foreach (string layer in merged)
        {
            string path = $"{layer}/{part}";
            if (Sys.fstatat(Uapi.AT_FDCWD, Sys.Bytes(path), out stat st, Uapi.AT_SYMLINK_NOFOLLOW) < 0)
                continue;
            uint type = st.st_mode & Uapi.S_IFMT;
            if (type != Uapi.S_IFDIR)
            {
                if (found.Count == 0 && !(type == Uapi.S_IFCHR && st.st_rdev == 0))
                    return ([path], type);
                break;
            }

            found.Add(path);
            if (IsOpaque(Sys.Bytes(path), form))
                break;
        }

        return (found, found.Count > 0 ? Uapi.S_IFDIR : 0);
    }

    /// <summary>Whether a directory of a layer hides what is below.</summary>
    public static bool IsOpaque(ReadOnlySpan<byte> path, LayerForm form)
    {
        using Fd directory = new(Sys.openat(Uapi.AT_FDCWD, path, Uapi.O_RDONLY | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW));
        Span<byte> value = stackalloc byte[8];
        return Sys.fgetxattr(directory.Number, form.Opaque, value) == 1 && value[0] == (byte)'y';
    }

    private static string? Target(string link)
    {
        Span<byte> buffer = stackalloc byte[4096];
        int length = Sys.readlinkat(Uapi.AT_FDCWD, Sys.Bytes(link), buffer);
        return length > 0 ? System.Text.Encoding.UTF8.GetString(buffer[..length]) : null;
    }
}
