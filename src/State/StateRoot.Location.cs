using System;
using OciRun.Kernel;

namespace OciRun.State;

internal sealed partial class StateRoot
{
    private const string Name = "ocirun";

    /// <param name="Path">Absolute path.</param>
    /// <param name="Sticky">True below XDG_RUNTIME_DIR, where cleaners remove what has no sticky bit.</param>
    internal readonly record struct Location(string Path, bool Sticky);

    // XDG_RUNTIME_DIR is set for root too by callers that mean nothing by it, even to the empty text (callers.md
    // §11.2). So it counts for others, and for root in a user namespace that does not claim to be root by name.
    private static Location Locate(string? option)
    {
        if (option is not null)
            return new Location(option, Sticky: false);
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        if (string.IsNullOrEmpty(runtime))
            return Locate(null, isRoot: true, inUserNamespace: false, null);
        bool isRoot = Sys.geteuid() == 0;
        return Locate(runtime, isRoot, isRoot && IsInUserNamespace(), Environment.GetEnvironmentVariable("USER"));
    }

    /// <summary>Where a container's directory is or will be.</summary>
    /// <param name="option">Value of <c>--root</c>, absolute; null for the default.</param>
    /// <param name="id">The container's.</param>
    public static string DirectoryOf(string? option, string id) => $"{Locate(option).Path}/{id}";

    internal static Location Locate(string? runtime, bool isRoot, bool inUserNamespace, string? user)
    {
        bool own = !isRoot || (inUserNamespace && user != "root");
        return own && runtime is ['/', ..]
            ? new Location($"{runtime.TrimEnd('/')}/{Name}", Sticky: true)
            : new Location($"/run/{Name}", Sticky: false);
    }

    // user_namespaces(7): the initial one maps 0 to 0 for all 2^32-1 ids.
    private static bool IsInUserNamespace()
    {
        byte[]? map = Sys.ReadFile(Uapi.AT_FDCWD, "/proc/self/uid_map"u8, 4096, out _);
        return map is not null && !IsIdentity(map);
    }

    internal static bool IsIdentity(ReadOnlySpan<byte> map)
    {
        Span<Range> words = stackalloc Range[4];
        string text = System.Text.Encoding.ASCII.GetString(map).Trim();
        int count = text.AsSpan().SplitAny(words, " \t\n", StringSplitOptions.RemoveEmptyEntries);
        return count == 3 && text[words[0]] == "0" && text[words[1]] == "0" && text[words[2]] == "4294967295";
    }
}
