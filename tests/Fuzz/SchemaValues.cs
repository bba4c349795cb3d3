using System.Collections.Generic;
using System.IO;
using System.Text;

namespace OciRun.Fuzz;

/// <summary>
/// Values that the OCI schemas tell of a member: each word of an enumeration, the bounds of numbers and what lies just
/// beyond them, one value of the type (runtime-spec, schema/).
/// </summary>
internal static class SchemaValues
{
    public static void Add(Corpus corpus, string directory)
    {
        Dictionary<string, Node> definitions = [];
        foreach (string name in new[] { "defs.json", "defs-linux.json", "config-linux.json", "config-schema.json" })
        {
            string file = Path.Combine(directory, name);
            if (File.Exists(file) && Node.Parse(File.ReadAllBytes(file)) is { } schema)
            {
                definitions[name] = schema;
                Walk(corpus, definitions, name, schema);
            }
        }
    }

    private static void Walk(Corpus corpus, Dictionary<string, Node> definitions, string file, Node node)
    {
        if (node["properties"] is { IsObject: true } properties)
        {
            foreach ((byte[]? key, Node schema) in properties.Items)
            {
                foreach (Node value in Values(definitions, file, schema, 0))
                    corpus.Donate(Encoding.UTF8.GetString(key!), value);
            }
        }

        foreach ((_, Node inner) in node.Items)
            Walk(corpus, definitions, file, inner);
    }

    private static List<Node> Values(Dictionary<string, Node> definitions, string file, Node schema, int depth)
    {
        List<Node> values = [];
        if (depth > 8)
            return values;
        if (schema["$ref"]?.Token is { } reference)
            return Resolve(definitions, file, Encoding.UTF8.GetString(reference).Trim('"')) is var (other, target) ? Values(definitions, other, target, depth + 1) : values;
        foreach ((_, Node word) in schema["enum"]?.Items ?? [])
            values.Add(word);
        foreach (string bound in new[] { "minimum", "maximum" })
        {
            if (schema[bound]?.Token is { } token && decimal.TryParse(token, null, out decimal number))
                values.AddRange([Node.Scalar($"{number}"), Node.Scalar($"{number - 1}"), Node.Scalar($"{number + 1}")]);
        }

        string type = schema["type"]?.Token is { } text ? Encoding.UTF8.GetString(text).Trim('"') : "";
        switch (type)
        {
            case "boolean":
                values.AddRange([Node.Scalar("true"), Node.Scalar("false")]);
                break;
            case "array" when schema["items"] is { } items:
                Node[] each = [.. Values(definitions, file, items, depth + 1)];
                values.AddRange([Node.Array(each), Node.Array()]);
                break;
            case "object" when schema["properties"] is { } properties:
                Node made = new() { IsObject = true };
                foreach ((byte[]? key, Node member) in properties.Items)
                {
                    if (Values(definitions, file, member, depth + 1) is [var first, ..])
                        made.Items.Add((key, first));
                }

                values.Add(made);
                break;
            case "string" when values.Count == 0:
                values.Add(Node.Raw("x"u8));
                break;
        }

        return values;
    }

    // "defs.json#/definitions/uint32", "#/definitions/x"
    private static (string File, Node Node)? Resolve(Dictionary<string, Node> definitions, string file, string reference)
    {
        int hash = reference.IndexOf('#', System.StringComparison.Ordinal);
        string name = hash > 0 ? reference[..hash] : file;
        if (hash < 0 || !definitions.TryGetValue(name, out Node? node))
            return null;
        foreach (string part in reference[(hash + 1)..].Split('/', System.StringSplitOptions.RemoveEmptyEntries))
        {
            if (node[part] is not { } inner)
                return null;
            node = inner;
        }

        return (name, node);
    }
}
