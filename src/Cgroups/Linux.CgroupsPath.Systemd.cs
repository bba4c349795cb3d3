using System;
using System.Text;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Cgroups;

/// <summary>linux.cgroupsPath for the systemd driver: <c>slice:prefix:name</c> (features.md CG04 to CG06).</summary>
/// <param name="Unit">Name of the unit: <c>prefix-name.scope</c>, or <c>name</c> when that is a slice.</param>
/// <param name="Slice">The slice that it is in.</param>
/// <param name="ControlGroup">Its cgroup below that of the service manager, with a leading slash.</param>
internal sealed record SystemdPath(string Unit, string Slice, string ControlGroup)
{
    private const string Field = "linux.cgroupsPath";
    private const string SliceSuffix = ".slice";

    // UNIT_NAME_MAX of systemd is 256 with the NUL.
    private const int LongestName = 255;

    public bool IsSlice => Unit.EndsWith(SliceSuffix, StringComparison.Ordinal);

    /// <param name="configured">The config's value; null or empty for none.</param>
    /// <param name="id">Container id.</param>
    /// <param name="isUser">For the manager of a user.</param>
    /// <exception cref="FaultException">It has another form, or a part is no name of a unit.</exception>
    public static SystemdPath Resolve(Utf8 configured, string id, bool isUser)
    {
        string path = configured.ToString();
        string slice = isUser ? "user.slice" : "system.slice";
        if (path.Length == 0)
            return Make(path, slice, $"ocirun-{Escape(id)}.scope");
        string[] parts = path.Split(':');
        if (parts.Length != 3)
        {
            throw Refused(
                path, "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups", "for example system.slice:ocirun:" + id);
        }

        if (parts[2].Length == 0)
            throw Refused(path, "the third part, the name, is missing", "for example system.slice:ocirun:" + id);
        string unit = parts[2].EndsWith(SliceSuffix, StringComparison.Ordinal) ? parts[2] : $"{parts[1]}-{parts[2]}.scope";
        return Make(path, parts[0].Length == 0 ? slice : parts[0], unit);
    }

    /// <summary>Whether a text can be the name of a scope or slice, as systemd's unit_name_is_valid has it.</summary>
    public static bool IsUnitName(string name)
    {
        if (name.Length > LongestName || !(name.EndsWith(".scope", StringComparison.Ordinal) || name.EndsWith(SliceSuffix, StringComparison.Ordinal)))
            return false;
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !":-_.\\@".Contains(c, StringComparison.Ordinal))
                return false;
        }

        return name.LastIndexOf('.') > 0 && name[0] != '@';
    }

    /// <summary>
    /// Directory of a slice: <c>a-b-c.slice</c> is <c>/a.slice/a-b.slice/a-b-c.slice</c>, <c>-.slice</c> the root, which
    /// is empty (systemd.slice(5)). Null for what is no name of a slice.
    /// </summary>
    internal static string? Expand(string slice)
    {
        if (slice == "-.slice")
            return "";
        if (!slice.EndsWith(SliceSuffix, StringComparison.Ordinal) || !IsUnitName(slice))
            return null;
        string name = slice[..^SliceSuffix.Length];
        StringBuilder path = new();
        for (int dash = name.IndexOf('-', StringComparison.Ordinal); ; dash = name.IndexOf('-', dash + 1))
        {
            string prefix = dash < 0 ? name : name[..dash];
            if (prefix.Length == 0 || prefix[^1] == '-')
                return null;
            path.Append('/').Append(Directory(prefix + SliceSuffix));
            if (dash < 0)
                return path.ToString();
        }
    }

    // systemd's cg_escape: names that the kernel's own files in a cgroup could have get an underscore.
    internal static string Directory(string unit)
    {
        bool escaped = unit[0] is '_' or '.' || unit is "notify_on_release" or "release_agent" or "tasks"
            || unit.StartsWith("cgroup.", StringComparison.Ordinal);
        foreach (string controller in Controllers)
            escaped |= unit.StartsWith(controller, StringComparison.Ordinal);
        return escaped ? "_" + unit : unit;
    }

    private static string[] Controllers { get; } = ["cpu.", "cpuacct.", "cpuset.", "io.", "blkio.", "memory.", "devices.", "pids."];

    // The one character of container ids that names of units have not (systemd-escape(1)).
    private static string Escape(string id) => id.Replace("+", "\\x2b", StringComparison.Ordinal);

    private static SystemdPath Make(string path, string slice, string unit)
    {
        string parent = Expand(slice)
            ?? throw Refused(path, $"invalid slice name: {slice}", "a slice is named like a-b.slice, which is below a.slice");
        if (!IsUnitName(unit))
        {
            throw Refused(
                path,
                $"\"{unit}\" is no name of a systemd unit",
                $"use letters, digits and :-_.\\@, {LongestName} characters at most");
        }

        if (!unit.EndsWith(SliceSuffix, StringComparison.Ordinal))
            return new SystemdPath(unit, slice, $"{parent}/{Directory(unit)}");
        string own = Expand(unit) ?? "";
        return own.Length != 0
            ? new SystemdPath(unit, own.LastIndexOf('/') is > 0 and { } end ? Above(own[..end]) : slice, own)
            : throw Refused(path, $"invalid slice name: {unit}", "a slice is named like a-b.slice, which is below a.slice");
    }

    // Its name says which slice a slice is in.
    private static string Above(string directory) => directory[(directory.LastIndexOf('/') + 1)..].TrimStart('_');

    private static FaultException Refused(string path, string message, string hint) =>
        new(new Fault(message) { Field = Field, Value = path, Hint = hint });
}
