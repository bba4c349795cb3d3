using System;
using System.Globalization;
using System.Text;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary>The forms of <c>list</c> for people (features.md L02, L03).</summary>
internal static class ListTable
{
    private const int NarrowestColumn = 12;
    private const int Gap = 3;

    public static string Ids(ReadOnlySpan<string> containers)
    {
        StringBuilder text = new();
        foreach (string container in containers)
            text.Append(container).Append('\n');
        return text.ToString();
    }

    public static string Write(ReadOnlySpan<StateDocument> containers)
    {
        string[][] rows = new string[containers.Length + 1][];
        rows[0] = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];
        for (int i = 0; i < containers.Length; i++)
        {
            StateDocument container = containers[i];
            rows[i + 1] =
            [
                container.Id.ToString(),
                container.Pid.ToString(CultureInfo.InvariantCulture),
                container.Status.ToString(),
                Printable.Of(container.Bundle.ToString()),
                Printable.Of(container.Created.ToString()),
                Printable.Of(container.Owner.ToString()),
            ];
        }

        int[] widths = new int[rows[0].Length];
        foreach (string[] row in rows)
        {
            for (int i = 0; i < row.Length; i++)
                widths[i] = Math.Max(widths[i], Math.Max(NarrowestColumn, row[i].Length + Gap));
        }

        StringBuilder text = new();
        foreach (string[] row in rows)
        {
            for (int i = 0; i < row.Length - 1; i++)
                text.Append(row[i].PadRight(widths[i]));
            text.Append(row[^1]).Append('\n');
        }

        return text.ToString();
    }
}
