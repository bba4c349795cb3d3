using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Plan;

namespace OciRun.Launch;

/// <summary>
/// Id-mapped mounts. The kernel wants CAP_SYS_ADMIN in the user namespace of the file system and in that of the
/// mapping, and a mount that was never attached, so the parent maps detached mounts before the child gets them: a plan
/// that wants a tree mapped sets <see cref="BindSource.Ids"/>, and finds the mapped mount in the source's slot.
/// </summary>
internal static unsafe class IdMappedMount
{
    /// <summary>Maps the ids of a detached mount (Linux 5.12).</summary>
    /// <param name="mount">A detached mount, from open_tree(2) with OPEN_TREE_CLONE or from fsmount(2).</param>
    /// <param name="userNamespace">Descriptor of a user namespace that has its maps and is none of the host's own.</param>
    /// <param name="recursive">The mounts below too.</param>
    /// <param name="field">Config path of the mount.</param>
    /// <param name="source">What is mounted, for errors.</param>
    public static void Apply(int mount, int userNamespace, bool recursive, string field, string source)
    {
        mount_attr attributes = new() { attr_set = Uapi.MOUNT_ATTR_IDMAP, userns_fd = (ulong)userNamespace };
        int result = Sys.mount_setattr(mount, recursive ? (uint)Uapi.AT_RECURSIVE : 0, &attributes);
        if (result >= 0)
            return;
        string type = TypeOf(mount);
        throw new FaultException(new Fault($"cannot map the ids of \"{source}\" ({type})")
        {
            Field = field,
            Syscall = "mount_setattr",
            Errno = -result,
            Hint = result switch
            {
                -Errno.ENOSYS => "id-mapped mounts need Linux 5.12",
                -Errno.EINVAL when recursive => $"{type} or a file system mounted below it cannot be id-mapped by this kernel",
                -Errno.EINVAL => $"{type} cannot be id-mapped by this kernel",
                -Errno.EPERM => "it needs CAP_SYS_ADMIN in the user namespace that the file system was mounted in, and a source that is not id-mapped yet",
                _ => null,
            },
        });
    }

    /// <summary>Type of the file system, from the mount of the same device in this mount namespace.</summary>
    private static string TypeOf(int mount)
    {
        byte empty = 0;
        if (Sys.fstatat(mount, new ReadOnlySpan<byte>(&empty, 0), out stat st, Uapi.AT_EMPTY_PATH) < 0)
            return "unknown";
        ulong major = (st.st_dev >> 8) & 0xfff;
        ulong minor = (st.st_dev & 0xff) | ((st.st_dev >> 12) & 0xffffff00);
        byte[]? text = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/mountinfo"u8, 1 << 24, out _);
        foreach (string line in Encoding.UTF8.GetString(text ?? []).Split('\n'))
        {
            string[] words = line.Split(' ');
            int dash = Array.IndexOf(words, "-");
            if (dash > 2 && dash + 1 < words.Length && words[2] == $"{major}:{minor}")
                return words[dash + 1];
        }

        return "unknown";
    }
}

/// <summary>The user namespaces of one creation that hold mappings of mounts: one for each different mapping.</summary>
internal sealed class MappingNamespaces : IDisposable
{
    private readonly List<(IdMap Map, Fd Namespace)> _made = [];

    /// <summary>Descriptor of a namespace of our own with these maps; owned by this object.</summary>
    public int For(IdMap map)
    {
        foreach ((IdMap made, Fd file) in _made)
        {
            if (IdMap.Same(made.Uids, map.Uids) && IdMap.Same(made.Gids, map.Gids))
                return file.Number;
        }

        string gids = map.Field.Replace("uidMappings", "gidMappings", StringComparison.Ordinal);
        Fd created = NamespaceHolder.Make(map.Uids ?? [], map.Gids ?? [], map.Field, gids);
        _made.Add((map, created));
        return created.Number;
    }

    public void Dispose()
    {
        foreach ((_, Fd file) in _made)
            file.Dispose();
    }
}
