using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;
using OciRun.Validate;

namespace OciRun.Commands;

/// <summary>The two forms in which <c>validate</c> shows its findings.</summary>
internal static class FindingsText
{
    /// <summary>A paragraph for each finding, and the counts.</summary>
    public static string Text(List<Finding> findings)
    {
        StringBuilder text = new();
        foreach (Finding finding in findings)
        {
            text.Append(Word(finding.Severity)).Append(": ").Append((finding.Fault with { Hint = null }).Text()).Append('\n');
            Line(text, "rule", finding.Clause?.Rule);
            Line(text, "spec", finding.Clause?.Reference);
            Line(text, "try", finding.Fault.Hint);
        }

        if (findings.Count > 0)
        {
            int errors = Count(findings, Severity.Error);
            int warnings = Count(findings, Severity.Warning);
            text.Append(errors).Append(errors == 1 ? " error, " : " errors, ")
                .Append(warnings).Append(warnings == 1 ? " warning\n" : " warnings\n");
        }

        return text.ToString();
    }

    /// <summary>
    /// One object: <c>{"errors": N, "warnings": N, "findings": [{"severity", "path", "value", "message", "syscall",
    /// "errno", "rule", "spec", "remedy", "text"}]}</c>; members without a value are left out, <c>text</c> is the line
    /// that <c>create</c> would print.
    /// </summary>
    public static byte[] Json(List<Finding> findings)
    {
        JsonText json = new(' ', 2);
        json.Object()
            .Member("errors"u8, Count(findings, Severity.Error))
            .Member("warnings"u8, Count(findings, Severity.Warning))
            .Key("findings"u8).Array();
        foreach (Finding finding in findings)
        {
            json.Object().Member("severity"u8, Word(finding.Severity));
            Member(json, "path"u8, finding.Path);
            Member(json, "value"u8, finding.Fault.Value);
            Member(json, "message"u8, finding.Fault.Message);
            Member(json, "syscall"u8, finding.Fault.Syscall);
            Member(json, "errno"u8, finding.Fault.Errno == 0 ? null : Errno.Name(finding.Fault.Errno));
            Member(json, "rule"u8, finding.Clause?.Rule);
            Member(json, "spec"u8, finding.Clause?.Reference);
            Member(json, "remedy"u8, finding.Fault.Hint);
            Member(json, "text"u8, finding.Fault.Text());
            json.EndObject();
        }

        return json.EndArray().EndObject().Newline().ToArray();
    }

    private static void Line(StringBuilder text, string label, string? content)
    {
        if (content is not null)
            text.Append("  ").Append(label.PadRight(5)).Append(Printable.Of(content)).Append('\n');
    }

    private static void Member(JsonText json, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            json.Member(name, value);
    }

    private static string Word(Severity severity) => severity == Severity.Error ? "error" : "warning";

    private static int Count(List<Finding> findings, Severity severity) =>
        findings.FindAll(finding => finding.Severity == severity).Count;
}
