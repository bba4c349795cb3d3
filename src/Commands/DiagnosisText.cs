using System.Text;
using OciRun.Host;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary>The two forms of <c>doctor</c>.</summary>
internal static class DiagnosisText
{
    private const int AreaWidth = 12;
    private const int NameWidth = 22;

    /// <summary>A line for each check, with what it costs and how to get it below, and the verdict.</summary>
    public static string Text(Diagnosis diagnosis)
    {
        StringBuilder text = new();
        string area = "";
        foreach (Check check in diagnosis.Checks)
        {
            text.Append((check.Area == area ? "" : check.Area).PadRight(AreaWidth)).Append(Word(check.Health).PadRight(9));
            text.Append(check.Name.PadRight(NameWidth)).Append(' ').Append(Plain(check.Found)).Append('\n');
            Below(text, "costs", check.Costs);
            Below(text, "get it", check.Remedy);
            area = check.Area;
        }

        return text.Append(diagnosis.IsHealthy
            ? "\nA plain container can be made here.\n"
            : "\nA plain container cannot be made here.\n").ToString();
    }

    /// <summary>
    /// One object: <c>{"healthy", "kernel", "checks": [{"area", "name", "status", "needed", "found", "costs",
    /// "remedy"}]}</c>; members without a value are left out, <c>status</c> is <c>ok</c>, <c>limited</c> or <c>missing</c>.
    /// </summary>
    public static byte[] Json(Diagnosis diagnosis)
    {
        JsonText json = new(' ', 2);
        json.Object().Member("healthy"u8, diagnosis.IsHealthy).Member("kernel"u8, Machine.KernelName).Key("checks"u8).Array();
        foreach (Check check in diagnosis.Checks)
        {
            json.Object().Member("area"u8, check.Area).Member("name"u8, check.Name).Member("status"u8, Word(check.Health));
            json.Member("needed"u8, check.IsNeeded).Member("found"u8, check.Found);
            if (check.Costs is not null)
                json.Member("costs"u8, check.Costs);
            if (check.Remedy is not null)
                json.Member("remedy"u8, check.Remedy);
            json.EndObject();
        }

        return json.EndArray().EndObject().Newline().ToArray();
    }

    private static string Word(Health health) => health switch { Health.Ok => "ok", Health.Limited => "limited", _ => "missing" };

    private static void Below(StringBuilder text, string label, string? content)
    {
        if (content is not null)
            text.Append(' ', AreaWidth + 9).Append(label).Append(": ").Append(Plain(content)).Append('\n');
    }

    // Names of directories and of users are not ours.
    private static string Plain(string content)
    {
        StringBuilder text = new(content.Length);
        foreach (char c in content)
            text.Append(char.IsControl(c) ? '?' : c);
        return text.ToString();
    }
}
