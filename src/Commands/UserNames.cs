using System;
using System.Globalization;
using System.Text;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary>Names of the host's users from /etc/passwd (passwd(5)), read at the first question.</summary>
internal sealed class UserNames(string? content = null)
{
    private const int LargestFile = 16 << 20;

    private string? _content = content;
    private (uint Uid, string Name)? _last;

    /// <summary>The user's name, or <c>#UID</c> when the file has none.</summary>
    public string Find(uint uid)
    {
        if (_last is { } last && last.Uid == uid)
            return last.Name;
        string name = Search(uid) ?? string.Create(CultureInfo.InvariantCulture, $"#{uid}");
        _last = (uid, name);
        return name;
    }

    private string? Search(uint uid)
    {
        _content ??= Encoding.UTF8.GetString(Sys.ReadFile(Uapi.AT_FDCWD, "/etc/passwd"u8, LargestFile, out _) ?? []);
        Span<Range> fields = stackalloc Range[4];
        foreach (ReadOnlySpan<char> line in _content.AsSpan().EnumerateLines())
        {
            if (line.Split(fields, ':') == 4
                && uint.TryParse(line[fields[2]], NumberStyles.None, CultureInfo.InvariantCulture, out uint found)
                && found == uid)
                return line[fields[0]].ToString();
        }

        return null;
    }
}
