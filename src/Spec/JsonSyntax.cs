using System;
using System.Text;
using System.Text.Json;
using OciRun.Errors;

namespace OciRun.Spec;

/// <summary>Says where and why bytes are not a JSON document (RFC 8259) of the kind that is read here.</summary>
internal static class JsonSyntax
{
    /// <summary>Refuses what can be told without parsing: size, byte order mark, encoding.</summary>
    public static void CheckBytes(byte[] json, string name, int maximumSize)
    {
        ReadOnlySpan<byte> bytes = json;
        if (bytes.Length > maximumSize)
            throw Fail($"{name} has {bytes.Length} bytes, more than the {maximumSize} that are read", "shorten it");
        if (bytes.StartsWith("\uFEFF"u8))
            throw Fail($"{name} starts with a byte order mark, which JSON does not have", "save it as UTF-8 without one");
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
            throw Fail($"{name} is not valid UTF-8 at byte offset {InvalidAt(bytes)}", "save it as UTF-8");
    }

    /// <summary>What made the tokeniser give up on this document.</summary>
    public static FaultException Explain(byte[] json, string name)
    {
        string path = JsonPath.OfBreak(json, out JsonException? error, out int depth);
        string? field = path.Length == 0 ? null : path;
        ReadOnlySpan<byte> bytes = json;
        if (bytes.TrimEnd(" \t\r\n"u8).IsEmpty)
            return Fail($"{name} is empty", "write a JSON object");

        int offset = error is null ? bytes.Length : Offset(bytes, error);
        (int line, int column) = Position(bytes[..offset]);
        if (offset == bytes.Length)
            return Fail($"{name} ends at line {line}, column {column}, inside the document", "it may be truncated", field);

        byte found = bytes[offset];
        if (depth == JsonCursor.MaximumDepth && found is (byte)'{' or (byte)'[')
        {
            string limit = $"{name} nests deeper than {JsonCursor.MaximumDepth} levels at line {line}, column {column}";
            return Fail(limit, "flatten it");
        }

        string what = $"{name} is not valid JSON at line {line}, column {column}: ";
        if (found == '/')
            return Fail(what + "comments are not allowed", "remove them", field);
        if (found is (byte)'}' or (byte)']' && bytes[..offset].TrimEnd(" \t\r\n"u8).EndsWith(","u8))
            return Fail(what + $"a comma stands before \"{(char)found}\"", "remove the comma", field);
        what += $"unexpected {Shown(bytes[offset..])}";
        return Fail(depth == 0 && error is not null && offset > 0 && Complete(bytes[..offset])
            ? what + " after the end of the document"
            : what, null, field);
    }

    // A number cannot stand at the top level here, so a document that is followed by more ends in a bracket.
    private static bool Complete(ReadOnlySpan<byte> before)
    {
        ReadOnlySpan<byte> trimmed = before.TrimEnd(" \t\r\n"u8);
        return trimmed.EndsWith("}"u8);
    }

    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        Rune.DecodeFromUtf8(bytes, out Rune rune, out _);
        return rune.Value is < 0x20 or 0x7F ? $"control character 0x{rune.Value:x2}" : $"\"{rune}\"";
    }

    // The exception counts lines, and bytes within the line, from 0.
    private static int Offset(ReadOnlySpan<byte> bytes, JsonException error)
    {
        int start = 0;
        for (long line = error.LineNumber ?? 0; line > 0; line--)
        {
            int end = bytes[start..].IndexOf((byte)'\n');
            if (end < 0)
                break;
            start += end + 1;
        }

        return (int)Math.Min(bytes.Length, start + (error.BytePositionInLine ?? 0));
    }

    // Line and character from 1, as editors count.
    private static (int Line, int Column) Position(ReadOnlySpan<byte> before)
    {
        int line = 1 + before.Count((byte)'\n');
        int column = 1;
        foreach (byte b in before[(before.LastIndexOf((byte)'\n') + 1)..])
        {
            if ((b & 0xC0) != 0x80)
                column++;
        }

        return (line, column);
    }

    private static int InvalidAt(ReadOnlySpan<byte> bytes)
    {
        int offset = 0;
        while (Rune.DecodeFromUtf8(bytes[offset..], out _, out int length) == System.Buffers.OperationStatus.Done)
            offset += length;
        return offset;
    }

    private static FaultException Fail(string message, string? hint, string? field = null) =>
        new(new Fault(message) { Field = field, Hint = hint });
}
