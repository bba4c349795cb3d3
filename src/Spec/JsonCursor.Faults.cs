using System;
using System.Text;
using System.Text.Json;
using OciRun.Errors;

namespace OciRun.Spec;

/// <summary>What is reported when a value is not what the field takes.</summary>
internal ref partial struct JsonCursor
{
    private const int ShownBytes = 64;

    /// <summary>A refusal of the current value that names its path.</summary>
    public readonly FaultException Refused(string message, string? hint = null)
    {
        string path = JsonPath.Of(_buffer, _reader.TokenStartIndex);
        return path.Length == 0
            ? new FaultException(new Fault($"{_name}: {message}") { Hint = hint })
            : new FaultException(new Fault(message) { Field = path, Hint = hint });
    }

    private readonly FaultException Expected(string what, string? hint = null) =>
        Refused($"expected {what}, found {Found()}", hint);

    private void Count()
    {
        if (++_items > MaximumItems)
            throw Refused($"{_name} has more than {MaximumItems} list items and map entries", "shorten the lists");
    }

    private readonly string Found() => _reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => $"\"{Shown(_reader.ValueSpan)}\"",
        _ => Shown(_reader.ValueSpan),
    };

    // As written in the file, escapes included, cut between characters.
    private static string Shown(ReadOnlySpan<byte> text)
    {
        if (text.Length <= ShownBytes)
            return Encoding.UTF8.GetString(text);
        int end = ShownBytes;
        while ((text[end] & 0xC0) == 0x80)
            end--;
        return Encoding.UTF8.GetString(text[..end]) + "…";
    }
}
