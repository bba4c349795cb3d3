using System;
using System.Collections.Generic;
using System.Text.Json;
using OciRun.Errors;

namespace OciRun.Spec;

/// <summary>
/// Forward-only view of one JSON document, standing on one token at a time. Every method that reads a value
/// takes JSON null for an absent one; every failure is a <see cref="FaultException"/> that names the
/// JSON path, or a <see cref="JsonException"/> from the tokeniser, which <see cref="JsonSyntax"/> explains.
/// </summary>
/// <remarks>
/// The path is not tracked while reading: a second walk up to the failing token finds it (<see cref="JsonPath"/>),
/// so a good document pays nothing for it.
/// </remarks>
internal ref partial struct JsonCursor
{
    /// <summary>Deepest nesting of objects and arrays that is read.</summary>
    public const int MaximumDepth = 128;

    /// <summary>
    /// Most array items and map entries in one document. It bounds the heap to a multiple of the file's size;
    /// the kernel's own limit on argument lists is below it for arguments of more than 16 bytes (execve(2)).
    /// </summary>
    public const int MaximumItems = 262_144;

    private const int MapScanLimit = 16;

    private readonly byte[] _buffer;
    private readonly string _name;
    private Utf8JsonReader _reader;
    private Utf8 _key;
    private List<Utf8>? _texts;
    private int _items;
    private List<Fault>? _refused;
    private List<Fault>? _ignored;

    public JsonCursor(byte[] buffer, string name)
    {
        _buffer = buffer;
        _name = name;
        _reader = new Utf8JsonReader(buffer, new JsonReaderOptions { MaxDepth = MaximumDepth });
    }

    /// <summary>The current property's name.</summary>
    public readonly Utf8 Key => _key;

    /// <summary>Enters the document, which has to be an object.</summary>
    public void Begin()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartObject)
            throw Expected("an object");
    }

    /// <summary>Stands on the document's value, which has to be an array.</summary>
    public void BeginList()
    {
        _reader.Read();
        if (_reader.TokenType != JsonTokenType.StartArray)
            throw Expected("an array");
    }

    /// <summary>Leaves the document; anything but white space after it is a syntax error.</summary>
    public void End() => _reader.Read();

    /// <summary>Moves to the next property's value; false at the end of the object.</summary>
    public bool Property()
    {
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
            return false;
        _key = Slice();
        _reader.Read();
        return true;
    }

    /// <summary>Whether the current property has this name; JSON names are case-sensitive.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => _key.Is(name);

    /// <summary>Enters an object; false when it is null.</summary>
    public bool Object() => Stands(JsonTokenType.StartObject, "an object");

    /// <summary>Passes over the value of a property that the reader does not know.</summary>
    public void Skip()
    {
        NoteUnknown();
        Pass();
    }

    /// <summary>Passes over the current value. Its strings obey the same rules as those that are read.</summary>
    private void Pass()
    {
        int depth = _reader.CurrentDepth;
        if (_reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            CheckSkipped();
            return;
        }

        do
        {
            _reader.Read();
            CheckSkipped();
        }
        while (_reader.CurrentDepth > depth);
    }

    /// <summary>A string without NUL and with whole surrogate pairs.</summary>
    public Utf8 Text() => Stands(JsonTokenType.String, "a string") ? Slice() : default;

    public bool? Flag()
    {
        if (_reader.TokenType == JsonTokenType.True)
            return true;
        return Stands(JsonTokenType.False, "true or false") ? false : null;
    }

    /// <summary>An array of strings; null and empty stay apart.</summary>
    public Utf8[]? Texts()
    {
        if (!Array())
            return null;

        // Lists of strings do not nest, so one list serves all; its size fits a large seccomp profile.
        List<Utf8> texts = _texts ??= new List<Utf8>(512);
        texts.Clear();
        while (Item(JsonTokenType.String, "a string"))
            texts.Add(Slice());
        return texts.ToArray();
    }

    /// <summary>An array of objects; <paramref name="read"/> starts inside an entered object.</summary>
    public unsafe T[]? Objects<T>(delegate*<ref JsonCursor, T> read)
    {
        if (!Array())
            return null;
        List<T> items = [];
        while (Item(JsonTokenType.StartObject, "an object"))
            items.Add(read(ref this));
        return items.ToArray();
    }

    /// <summary>
    /// An object whose keys are free text, in the order in which keys first appear; of equal keys the last
    /// wins, and a null value makes the key absent.
    /// </summary>
    public unsafe T[]? Map<T>(delegate*<Utf8, ref JsonCursor, T> read)
    {
        if (!Object())
            return null;
        List<Entry<T>> entries = [];
        Dictionary<Utf8, int>? positions = null;
        while (Property())
        {
            Count();
            Entry<T> entry = new(_key, _reader.TokenType != JsonTokenType.Null);
            if (entry.Present)
                entry.Value = read(entry.Key, ref this);
            int position = Position(entries, positions, entry.Key);
            if (position >= 0)
            {
                entries[position] = entry;
                continue;
            }

            if (entries.Count == MapScanLimit)
                positions = Positions(entries);
            positions?.Add(entry.Key, entries.Count);
            entries.Add(entry);
        }

        List<T> values = new(entries.Count);
        foreach (Entry<T> entry in entries)
        {
            if (entry.Present)
                values.Add(entry.Value!);
        }

        return values.ToArray();
    }

    /// <summary>An object of strings.</summary>
    public unsafe Pair[]? Pairs() => Map(&ReadPair);

    private static Pair ReadPair(Utf8 key, ref JsonCursor json) => new(key, json.Text());

    private static int Position<T>(List<Entry<T>> entries, Dictionary<Utf8, int>? positions, Utf8 key)
    {
        if (positions is not null)
            return positions.TryGetValue(key, out int position) ? position : -1;
        for (int i = 0; i < entries.Count; i++)
        {
            if (entries[i].Key.Equals(key))
                return i;
        }

        return -1;
    }

    private static Dictionary<Utf8, int> Positions<T>(List<Entry<T>> entries)
    {
        Dictionary<Utf8, int> positions = new(entries.Count * 2);
        for (int i = 0; i < entries.Count; i++)
            positions.Add(entries[i].Key, i);
        return positions;
    }

    private bool Array() => Stands(JsonTokenType.StartArray, "an array");

    // Null is an absent property but not an absent item: dropping it would shift arguments.
    private bool Item(JsonTokenType wanted, string expected)
    {
        while (true)
        {
            _reader.Read();
            if (_reader.TokenType == JsonTokenType.EndArray)
                return false;
            Count();
            if (_reader.TokenType == wanted)
                return true;
            Fail(Expected(expected));
        }
    }

    private bool Stands(JsonTokenType wanted, string expected)
    {
        if (_reader.TokenType == wanted)
            return true;
        if (_reader.TokenType == JsonTokenType.Null)
            return false;
        Fail(Expected(expected));
        return false;
    }

    private Utf8 Slice() => _reader.ValueIsEscaped
        ? Unescape()
        : new Utf8(_buffer, (int)_reader.TokenStartIndex + 1, _reader.ValueSpan.Length);

    private Utf8 Unescape()
    {
        byte[] text = new byte[_reader.ValueSpan.Length];
        int length;
        try
        {
            length = _reader.CopyString(text);
        }
        catch (InvalidOperationException)
        {
            return FailText(Refused("contains half of a surrogate pair, which is no character", "write both \\u escapes of the pair"));
        }

        if (text.AsSpan(0, length).Contains((byte)0))
            return FailText(Refused("contains a NUL character, which would cut it short in a system call", "remove \\u0000"));
        return new Utf8(text, 0, length);
    }

    private void CheckSkipped()
    {
        if (_reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && _reader.ValueIsEscaped)
            Unescape();
    }

    private record struct Entry<T>(Utf8 Key, bool Present)
    {
        public T? Value { get; set; }
    }
}
