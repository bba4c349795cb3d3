using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace OciRun.Fuzz;

/// <summary>
/// JSON to be mutated. Unlike the framework's nodes it has members of the same name, keeps strings and numbers as they
/// are written, and so can hold and write what is no JSON.
/// </summary>
internal sealed class Node
{
    /// <summary>Of a scalar: the token as it is written, quotes included; null for a container.</summary>
    public byte[]? Token { get; set; }

    public bool IsObject { get; init; }

    /// <summary>Keys are as they are written, without their quotes; null in an array.</summary>
    public List<(byte[]? Key, Node Value)> Items { get; init; } = [];

    public bool IsContainer => Token is null;

    public bool IsText => Token is [(byte)'"', ..];

    public static Node Scalar(string token) => new() { Token = Encoding.UTF8.GetBytes(token) };

    /// <summary>A string; nothing in it is escaped.</summary>
    public static Node Raw(ReadOnlySpan<byte> content) => new() { Token = [(byte)'"', .. content, (byte)'"'] };

    public static Node Text(string content) => Raw(JsonEncodedText.Encode(content).EncodedUtf8Bytes);

    public static Node Array(params Node[] items)
    {
        Node node = new();
        foreach (Node item in items)
            node.Items.Add((null, item));
        return node;
    }

    public static Node Object(params (string Key, Node Value)[] members)
    {
        Node node = new() { IsObject = true };
        foreach ((string key, Node value) in members)
            node.Items.Add((JsonEncodedText.Encode(key).EncodedUtf8Bytes.ToArray(), value));
        return node;
    }

    /// <summary>The last member of a name; null without one.</summary>
    public Node? this[string key]
    {
        get
        {
            for (int i = Items.Count - 1; i >= 0; i--)
            {
                if (Items[i].Key is { } name && Encoding.UTF8.GetString(name) == key)
                    return Items[i].Value;
            }

            return null;
        }
    }

    /// <summary>Sets a member in the place of all of its name; null removes them.</summary>
    public Node Set(string key, Node? value)
    {
        Items.RemoveAll(item => item.Key is { } name && Encoding.UTF8.GetString(name) == key);
        if (value is not null)
            Items.Add((Encoding.UTF8.GetBytes(key), value));
        return this;
    }

    public Node Copy()
    {
        Node copy = new() { Token = Token, IsObject = IsObject };
        foreach ((byte[]? key, Node value) in Items)
            copy.Items.Add((key, value.Copy()));
        return copy;
    }

    /// <summary>Merges as RFC 7396 does: objects deeply, null removes, all else replaces.</summary>
    public void Merge(Node patch)
    {
        foreach ((byte[]? name, Node value) in patch.Items)
        {
            string key = Encoding.UTF8.GetString(name!);
            if (value.Token is { } token && token.AsSpan().SequenceEqual("null"u8))
                Set(key, null);
            else if (value.IsObject && this[key] is { IsObject: true } inner)
                inner.Merge(value);
            else
                Set(key, value.Copy());
        }
    }

    /// <summary>Null for what is no JSON, or nested too deeply to be walked.</summary>
    public static Node? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 512 });
            reader.Read();
            Node node = Read(ref reader, json);
            return reader.Read() ? null : node;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] Write()
    {
        ArrayBufferWriter<byte> into = new();
        Write(into);
        return into.WrittenSpan.ToArray();
    }

    private static Node Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return new Node { Token = json[(int)reader.TokenStartIndex..(int)reader.BytesConsumed].ToArray() };
        Node node = new() { IsObject = reader.TokenType == JsonTokenType.StartObject };
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            byte[]? key = null;
            if (node.IsObject)
            {
                key = reader.ValueSpan.ToArray();
                reader.Read();
            }

            node.Items.Add((key, Read(ref reader, json)));
        }

        return node;
    }

    private void Write(ArrayBufferWriter<byte> into)
    {
        if (Token is not null)
        {
            into.Write(Token);
            return;
        }

        into.Write(IsObject ? "{"u8 : "["u8);
        for (int i = 0; i < Items.Count; i++)
        {
            if (i > 0)
                into.Write(","u8);
            if (IsObject)
            {
                into.Write("\""u8);
                into.Write(Items[i].Key ?? []);
                into.Write("\":"u8);
            }

            Items[i].Value.Write(into);
        }

        into.Write(IsObject ? "}"u8 : "]"u8);
    }
}
