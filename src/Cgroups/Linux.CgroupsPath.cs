using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>linux.cgroupsPath for the cgroupfs driver (config-linux.md, "Cgroups Path").</summary>
internal static class CgroupPath
{
    private const string Field = "linux.cgroupsPath";

    /// <summary>
    /// Path of the container's cgroup below the cgroup2 mount, with a leading slash: an absolute path as it is, a
    /// relative one beside the runtime's own cgroup, and none the container id there. <c>..</c> never leaves the mount.
    /// <c>slice:prefix:name</c> is a relative path too: BuildKit in a dockerd with systemd's driver writes it, and calls the
    /// runtime without --systemd-cgroup.
    /// </summary>
    /// <param name="configured">The config's value; null or empty for none.</param>
    /// <param name="id">Container id.</param>
    /// <param name="own">The runtime's own cgroup.</param>
    public static string Resolve(Utf8 configured, string id, string own)
    {
        string path = configured.ToString();
        Check(path);
        int slash = own.LastIndexOf('/');
        string parent = slash <= 0 ? "" : own[..slash];
        string inner = Clean(path.StartsWith('/') ? path : "/" + (path.Length == 0 ? id : path));
        string full = path.StartsWith('/') ? inner : Clean(parent + inner);

        // "." beside the own cgroup would be the parent of all that runs beside the runtime.
        if (inner == "/")
            throw Refused(path, "it names no cgroup of the container's own", "name a directory below it");
        return full;
    }

    /// <summary>As <see cref="Resolve(Utf8, string, string)"/>; asks for the runtime's own cgroup only when it matters.</summary>
    public static string Resolve(Utf8 configured, string id) =>
        Resolve(configured, id, configured.StartsWith("/"u8) ? "/" : CgroupMount.Own());

    private static void Check(string path)
    {
        if (path.Contains('\n', System.StringComparison.Ordinal))
            throw Refused(path, "a cgroup's name cannot contain a newline", "remove it");
        if (path.Contains('\0', System.StringComparison.Ordinal))
            throw Refused(path, "a path cannot contain a NUL", "remove it");
        if (Encoding.UTF8.GetByteCount(path) > 3500)
            throw Refused(path[..60] + "…", "the path is too long", "use a shorter one");
    }

    private static FaultException Refused(string path, string message, string hint) =>
        new(new Fault(message) { Field = Field, Value = path, Hint = hint });

    private static string Clean(string path)
    {
        List<string> parts = [];
        foreach (string part in path.Split('/'))
        {
            if (part is "" or ".")
                continue;
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
        }

        return "/" + string.Join('/', parts);
    }
}
