using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Spec;

public sealed class JsonPathTests
{
    // Blocks of other platforms, and members that Linux has no use for.
    private static readonly string[] Ignored =
        ["process.commandLine", "process.user.username", "windows", "solaris", "vm", "zos", "freebsd"];

    [Fact]
    public void Every_value_of_a_wrong_type_is_refused_by_its_path()
    {
        List<string> wrong = [];
        foreach (string path in Paths(JsonNode.Parse(MaximalConfig.Text)!))
        {
            if (Ignored.Any(name => path == name || path.StartsWith(name + ".") || path.StartsWith(name + "[")))
                continue;
            string? found = FieldRefused(path);
            if (found != path)
                wrong.Add($"{path} gives {found ?? "nothing"}");
        }

        wrong.Should().BeEmpty();
    }

    [Fact]
    public void Keys_that_are_not_plain_words_are_quoted()
    {
        StringBuilder path = new();
        foreach (string key in new[] { "a", "b_c-1", "d.e", "", "f" })
            JsonPath.Append(path, key);
        path.ToString().Should().Be("a.b_c-1[\"d.e\"][\"\"].f");
    }

    // Puts a wrong value at the path and tells which field the reader complains about.
    private static string? FieldRefused(string path)
    {
        JsonNode root = JsonNode.Parse(MaximalConfig.Text)!;
        JsonNode node = Nodes(root).Single(pair => pair.Path == path).Node;
        bool text = node is JsonValue value && value.TryGetValue(out string? _);
        node.ReplaceWith<JsonNode>(text ? JsonValue.Create(1)! : JsonValue.Create("x")!);
        try
        {
            ConfigReader.Read(Encoding.UTF8.GetBytes(root.ToJsonString()), "config.json");
            return null;
        }
        catch (FaultException e)
        {
            return e.Fault.Field;
        }
    }

    private static IEnumerable<string> Paths(JsonNode root) => Nodes(root).Select(pair => pair.Path);

    private static IEnumerable<(string Path, JsonNode Node)> Nodes(JsonNode root)
    {
        Stack<(string, JsonNode)> open = new([("", root)]);
        while (open.TryPop(out (string Path, JsonNode Node) next))
        {
            if (next.Path.Length > 0)
                yield return next;
            if (next.Node is JsonObject members)
            {
                foreach ((string key, JsonNode? child) in members.Where(member => member.Value is not null))
                    open.Push((Step(next.Path, key), child!));
            }
            else if (next.Node is JsonArray items)
            {
                for (int i = 0; i < items.Count; i++)
                {
                    if (items[i] is { } item)
                        open.Push(($"{next.Path}[{i}]", item));
                }
            }
        }
    }

    private static string Step(string path, string key)
    {
        if (key.Contains('.'))
            return $"{path}[\"{key}\"]";
        return path.Length == 0 ? key : $"{path}.{key}";
    }
}
