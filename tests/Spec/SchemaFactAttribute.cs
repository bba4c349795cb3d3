using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using NJsonSchema;
using Xunit;

namespace OciRun.Tests.Spec;

/// <summary>A test that needs the OCI JSON schemas (the folder <c>schema</c> of runtime-spec).</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SchemaFactAttribute : FactAttribute
{
    public SchemaFactAttribute()
    {
        if (Schema.Folder is null)
            Skip = "OCI_SCHEMA_DIR does not name the folder with the OCI JSON schemas";
    }
}

internal static class Schema
{
    public static string? Folder =>
        Environment.GetEnvironmentVariable("OCI_SCHEMA_DIR") is { Length: > 0 } folder ? folder : null;

    public static IReadOnlyList<string> Errors(string schema, byte[] json)
    {
        JsonSchema rules = JsonSchema.FromFileAsync(Path.Combine(Folder!, schema)).GetAwaiter().GetResult();
        return rules.Validate(Encoding.UTF8.GetString(json)).Select(error => error.ToString()).ToArray();
    }
}
