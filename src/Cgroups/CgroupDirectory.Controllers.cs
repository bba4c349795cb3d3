using System;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Cgroups;

internal sealed partial class CgroupDirectory
{
    // A dozen controllers with names of a dozen letters.
    private const int ControllerList = 1024;

    /// <summary>
    /// Enables on the way down to the new cgroup whatever its hierarchy's root offers (cgroup-v2.rst, "Enabling and
    /// Disabling"), as every manager of containers expects. What the kernel refuses is left: only a limit that needs it
    /// is an error, see <see cref="Apply"/>.
    /// </summary>
    private static void EnableControllers(int root, int directory, string path)
    {
        ReadOnlySpan<byte> offered = List(root, "cgroup.controllers"u8);
        if (Lacks(List(directory, "../cgroup.subtree_control"u8), offered).Length == 0)
            return;
        int at = Sys.openat(root, "."u8, Uapi.O_PATH | Uapi.O_DIRECTORY);
        foreach (string part in path[1..].Split('/'))
        {
            if (at < 0)
                return;
            Enable(at);
            int next = Sys.openat(at, Sys.Bytes(part), Uapi.O_PATH | Uapi.O_DIRECTORY | Uapi.O_NOFOLLOW);
            Sys.close(at);
            at = next;
        }

        if (at >= 0)
            Sys.close(at);
    }

    // The kernel takes all or none of one write.
    private static void Enable(int directory)
    {
        string missing = Lacks(List(directory, "cgroup.subtree_control"u8), List(directory, "cgroup.controllers"u8));
        if (missing.Length == 0 || Sys.WriteFile(directory, "cgroup.subtree_control"u8, Encoding.ASCII.GetBytes(missing)) == 0)
            return;
        foreach (string one in missing.Split(' '))
            Sys.WriteFile(directory, "cgroup.subtree_control"u8, Encoding.ASCII.GetBytes(one));
    }

    // "+cpu +io": what of the wanted words is not there.
    internal static string Lacks(ReadOnlySpan<byte> there, ReadOnlySpan<byte> wanted)
    {
        string missing = "";
        foreach (Range range in wanted.Split((byte)' '))
        {
            ReadOnlySpan<byte> word = wanted[range];
            if (!word.IsEmpty && !Contains(there, word))
                missing += $"{(missing.Length == 0 ? "+" : " +")}{Encoding.ASCII.GetString(word)}";
        }

        return missing;
    }

    /// <summary>Whether a list of words separated by spaces has the word.</summary>
    internal static bool Contains(ReadOnlySpan<byte> list, ReadOnlySpan<byte> word)
    {
        foreach (Range range in list.Split((byte)' '))
        {
            if (list[range].SequenceEqual(word))
                return true;
        }

        return false;
    }

    internal static ReadOnlySpan<byte> List(int directory, ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> words = Sys.ReadFile(directory, file, ControllerList, out _);
        return words.TrimEnd((byte)'\n');
    }
}
