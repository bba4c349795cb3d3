using System;
using System.Text;

namespace OciRun.Validate;

/// <summary>What must hold for a field, and where the runtime specification 1.3.0 says so.</summary>
/// <param name="Field">The field's path with <c>[]</c> for an item of a list and <c>{}</c> for an entry of a map.</param>
/// <param name="Rule">One sentence.</param>
/// <param name="Reference">Document and anchor, e.g. <c>config-linux.md#configLinuxNamespaces</c>.</param>
internal sealed record Clause(string Field, string Rule, string Reference);

/// <summary>The rules by field, for people: <c>validate</c> shows them beside its findings.</summary>
internal static partial class RuleBook
{
    /// <summary>The rule of the field, or of the nearest object around it that has one; null outside of config.json.</summary>
    public static Clause? Find(string? field)
    {
        if (field is null)
            return null;
        string path = General(field);
        while (path.Length > 0)
        {
            foreach ((string known, string reference, string rule) in Book)
            {
                if (known == path)
                    return new Clause(known, rule, reference);
            }

            int dot = path.LastIndexOf('.');
            int bracket = Math.Max(path.LastIndexOf('['), path.LastIndexOf('{'));
            path = path[..Math.Max(Math.Max(dot, bracket), 0)];
        }

        return null;
    }

    /// <summary>The path with every index and key left out: <c>mounts[3].options[0] "x"</c> is <c>mounts[].options[]</c>.</summary>
    internal static string General(string field)
    {
        StringBuilder path = new();
        for (int i = 0; i < field.Length; i++)
        {
            if (field[i] == ' ')
                break;
            if (field[i] != '[')
            {
                path.Append(field[i]);
                continue;
            }

            bool key = i + 1 < field.Length && field[i + 1] == '"';
            int end = field.IndexOf(key ? "\"]" : "]", i + 1, StringComparison.Ordinal);
            if (end < 0)
                break;
            path.Append(key ? "{}" : "[]");
            i = end + (key ? 1 : 0);
        }

        return path.ToString();
    }
}
