using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Tests.Spec;
using OciRun.Validate;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class RuleBookTests
{
    private static readonly string[] OtherPlatforms = ["windows", "solaris", "vm", "zos", "freebsd"];

    [Theory]
    [InlineData("process", "process")]
    [InlineData("mounts[3] \"/data\"", "mounts[]")]
    [InlineData("mounts[12].options[0]", "mounts[].options[]")]
    [InlineData("linux.sysctl[\"net.ipv4.x\"] \"1\"", "linux.sysctl{}")]
    [InlineData("annotations[\"a]b\"]", "annotations{}")]
    [InlineData("linux.resources.rdma[\"mlx\"].hcaHandles", "linux.resources.rdma{}.hcaHandles")]
    [InlineData("broken[", "broken")]
    public void Paths_are_generalised(string field, string general) => RuleBook.General(field).Should().Be(general);

    [Theory]
    [InlineData("linux.namespaces[2].type", "linux.namespaces[].type")]
    [InlineData("linux.resources.memory.limit", "linux.resources.memory")]
    [InlineData("process.rlimits[0] \"RLIMIT_NOFILE\"", "process.rlimits")]
    [InlineData("linux.seccomp.syscalls[7].args[1].op", "linux.seccomp.syscalls")]
    [InlineData("mounts[0]", "mounts")]
    [InlineData("hooks.poststop[1].timeout", "hooks.poststop")]
    public void The_nearest_rule_is_found(string field, string rule) => RuleBook.Find(field)!.Field.Should().Be(rule);

    [Theory]
    [InlineData(null)]
    [InlineData("--bundle")]
    [InlineData("maskedPath")]
    public void What_is_not_of_the_specification_has_none(string? field) => RuleBook.Find(field).Should().BeNull();

    [Fact]
    public void A_finding_tells_the_path_from_the_value() =>
        new Finding(Severity.Error, new Fault("x") { Field = "mounts[3] \"/a b\"" }).Path.Should().Be("mounts[3]");

    [SchemaFact]
    public void Every_property_of_the_schema_has_a_rule_below_the_top()
    {
        List<string> properties = [];
        Walk("config-schema.json", Load("config-schema.json"), "", properties);
        properties.Should().HaveCountGreaterThan(150);
        properties.Where(path => RuleBook.Find(path) is not { } clause
            || (clause.Field is "linux" or "process" or "hooks" && path != clause.Field)).Should().BeEmpty();
    }

    private static void Walk(string file, JsonNode rule, string path, List<string> properties)
    {
        if (rule["$ref"]?.GetValue<string>() is { } reference)
        {
            string target = reference[..reference.IndexOf('#')] is { Length: > 0 } other ? other : file;
            string[] steps = reference[(reference.IndexOf('#') + 2)..].Split('/');
            Walk(target, steps.Aggregate(Load(target), (node, step) => node[step]!), path, properties);
        }

        foreach (JsonNode? part in (rule["allOf"]?.AsArray() ?? []).Concat(rule["anyOf"]?.AsArray() ?? []))
            Walk(file, part!, path, properties);
        if (rule["items"] is { } items)
            Walk(file, items, path + "[0]", properties);
        foreach ((string name, JsonNode? property) in rule["properties"]?.AsObject() ?? [])
        {
            if (OtherPlatforms.Contains(name, StringComparer.Ordinal) || name is "username" or "commandLine")
                continue;
            string full = path.Length == 0 ? name : $"{path}.{name}";
            properties.Add(full);
            Walk(file, property!, full, properties);
        }
    }

    private static JsonNode Load(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Schema.Folder!, file)))!;
}
