using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderSchemaTests
{
    private static readonly string[] OtherPlatforms = ["windows", "solaris", "vm", "zos", "freebsd"];

    [SchemaFact]
    public void The_schema_has_no_property_that_the_maximal_config_lacks()
    {
        List<string> missing = [];
        Compare("config-schema.json", Load("config-schema.json"), [JsonNode.Parse(MaximalConfig.Text)!], "", missing);
        missing.Should().BeEmpty();
    }

    // The validator cannot compare numbers above the range of a long.
    [SchemaFact]
    public void The_maximal_config_obeys_the_schema() =>
        Schema.Errors("config-schema.json", Encoding.UTF8.GetBytes(
            MaximalConfig.Text.Replace("18446744073709551615", "1").Replace("9223372036854775808", "1"))).Should().BeEmpty();

    // Walks the schema beside all the sample's values that stand at the same place.
    private static void Compare(string file, JsonNode rule, JsonNode[] values, string path, List<string> missing)
    {
        if (rule["$ref"]?.GetValue<string>() is { } reference)
        {
            string target = reference[..reference.IndexOf('#')] is { Length: > 0 } other ? other : file;
            string[] steps = reference[(reference.IndexOf('#') + 2)..].Split('/');
            JsonNode resolved = steps.Aggregate(Load(target), (node, step) => node[step]!);
            Compare(target, resolved, values, path, missing);
        }

        foreach (string combined in new[] { "allOf", "anyOf" })
        {
            foreach (JsonNode? part in rule[combined]?.AsArray() ?? [])
                Compare(file, part!, values, path, missing);
        }

        if (rule["items"] is { } items)
            Compare(file, items, [.. values.OfType<JsonArray>().SelectMany(array => array).Select(item => item!)], path + "[]", missing);
        if (rule["additionalProperties"] is JsonObject entry)
            Compare(file, entry, [.. values.OfType<JsonObject>().SelectMany(map => map).Select(pair => pair.Value!)], path + ".*", missing);
        foreach ((string name, JsonNode? property) in rule["properties"]?.AsObject() ?? [])
        {
            if (OtherPlatforms.Contains(name, StringComparer.Ordinal))
                continue;
            JsonNode[] found = [.. values.OfType<JsonObject>().Select(value => value[name]).OfType<JsonNode>()];
            if (found.Length == 0)
                missing.Add($"{path}.{name}");
            else
                Compare(file, property!, found, $"{path}.{name}", missing);
        }
    }

    private static JsonNode Load(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Schema.Folder!, file)))!;
}
