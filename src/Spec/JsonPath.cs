using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace OciRun.Spec;

/// <summary>
/// Finds the path to a place in a JSON document by walking the document again up to it. Only used once
/// something has failed. Paths read <c>process.rlimits[2].soft</c>; a key that is not a plain word is quoted:
/// <c>linux.sysctl["net.ipv4.ip_forward"]</c>.
/// </summary>
internal ref struct JsonPath
{
    private readonly List<Container> _containers;
    private Utf8JsonReader _reader;

    private JsonPath(byte[] buffer)
    {
        _containers = [];

        // Not final: an unfinished document ends the walk without an exception, unlike one with an error.
        JsonReaderState state = new(new JsonReaderOptions { MaxDepth = JsonCursor.MaximumDepth });
        _reader = new Utf8JsonReader(buffer, isFinalBlock: false, state);
    }

    /// <summary>Path of the value that starts at a byte offset; of a property name, its object's path.</summary>
    public static string Of(byte[] buffer, long tokenStart)
    {
        JsonPath path = new(buffer);
        while (path.Advance() && path._reader.TokenStartIndex < tokenStart)
        {
        }

        if (path._reader.TokenType == JsonTokenType.PropertyName)
            path._containers[^1].Key = null;
        return path.ToString();
    }

    /// <summary>Path of the value in which the document breaks off or stops being JSON.</summary>
    /// <param name="error">What the tokeniser said, or null when the document is only unfinished.</param>
    /// <param name="depth">Number of objects and arrays that were open.</param>
    public static string OfBreak(byte[] buffer, out JsonException? error, out int depth)
    {
        JsonPath path = new(buffer);
        error = null;
        try
        {
            while (path.Advance())
            {
            }
        }
        catch (JsonException exception)
        {
            error = exception;
        }

        depth = path._containers.Count;
        if (depth > 0)
        {
            Container last = path._containers[^1];
            last.Index = -1;
            if (path._reader.TokenType != JsonTokenType.PropertyName)
                last.Key = null;
        }

        return path.ToString();
    }

    public override readonly string ToString()
    {
        StringBuilder text = new();
        foreach (Container container in _containers)
        {
            if (container.IsArray && container.Index >= 0)
                text.Append('[').Append(container.Index).Append(']');
            else if (container.Key is not null)
                Append(text, container.Key);
        }

        return text.ToString();
    }

    /// <summary>Adds one step to a path.</summary>
    public static void Append(StringBuilder path, string key)
    {
        bool plain = key.Length > 0;
        foreach (char c in key)
            plain &= char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
        if (!plain)
            path.Append("[\"").Append(key).Append("\"]");
        else
            path.Append(path.Length == 0 ? "" : ".").Append(key);
    }

    private bool Advance()
    {
        if (!_reader.Read())
            return false;
        switch (_reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                _containers[^1].Key = Encoding.UTF8.GetString(_reader.ValueSpan);
                return true;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _containers.RemoveAt(_containers.Count - 1);
                return true;
        }

        if (_containers.Count > 0)
            _containers[^1].Index++;
        if (_reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            _containers.Add(new Container { IsArray = _reader.TokenType == JsonTokenType.StartArray });
        return true;
    }

    private sealed class Container
    {
        public bool IsArray { get; init; }

        public int Index { get; set; } = -1;

        public string? Key { get; set; }
    }
}
