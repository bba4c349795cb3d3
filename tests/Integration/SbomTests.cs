using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>What scripts/sbom says about the published file, held to what CycloneDX 1.5 demands and to the lock file.</summary>
public sealed class SbomTests
{
    private static readonly Lazy<JsonObject> Bom = new(() => (JsonObject)JsonNode.Parse(Write())!);

    private static JsonObject[] Components => ((JsonArray)Bom.Value["components"]!).Select(component => (JsonObject)component!).ToArray();

    [SbomFact]
    public void It_has_the_form_of_CycloneDX()
    {
        JsonObject bom = Bom.Value;
        bom.Select(member => member.Key).Should().Equal("bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies");
        ((string)bom["bomFormat"]!, (string)bom["specVersion"]!, (int)bom["version"]!).Should().Be(("CycloneDX", "1.5", 1));
        ((string)bom["serialNumber"]!).Should().MatchRegex("^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$");
        ((string)bom["metadata"]!["timestamp"]!).Should().Be("2001-09-09T01:46:40Z", "SOURCE_DATE_EPOCH says so");
        foreach (JsonObject component in Components.Append((JsonObject)bom["metadata"]!["component"]!))
        {
            string name = (string)component["name"]!;
            component.Select(member => member.Key).Should().BeSubsetOf(
                ["type", "bom-ref", "name", "version", "description", "scope", "hashes", "licenses", "purl"], name);
            ((string)component["type"]!).Should().BeOneOf("application", "library");
            ((string)component["version"]!).Should().NotBeEmpty(name);
            ((string)component["purl"]!).Should().MatchRegex(@"^pkg:(nuget|deb/debian|generic)/[A-Za-z0-9.%+-]+@[A-Za-z0-9.%~-]+(\?[a-z0-9=&.-]+)?$");
            JsonObject hash = (JsonObject)((JsonArray)component["hashes"]!).Single()!;
            ((string)hash["content"]!).Should().MatchRegex((string)hash["alg"]! == "SHA-512" ? "^[0-9a-f]{128}$" : "^[0-9a-f]{64}$", name);
            JsonObject license = (JsonObject)((JsonArray)component["licenses"]!).Single()!;
            ((string?)license["expression"] ?? (string?)license["license"]!["id"]).Should().NotBeNullOrEmpty(name);
        }
    }

    [SbomFact]
    public void References_are_unique_and_lead_somewhere()
    {
        string self = (string)Bom.Value["metadata"]!["component"]!["bom-ref"]!;
        string[] references = Components.Select(component => (string)component["bom-ref"]!).Append(self).ToArray();
        references.Should().OnlyHaveUniqueItems();
        JsonObject[] dependencies = ((JsonArray)Bom.Value["dependencies"]!).Select(node => (JsonObject)node!).ToArray();
        dependencies.Select(node => (string)node["ref"]!).Should().BeEquivalentTo(references);
        ((JsonArray)dependencies.Single(node => (string)node["ref"]! == self)["dependsOn"]!).Select(node => (string)node!)
            .Should().BeEquivalentTo(references.Where(reference => reference != self));
    }

    [SbomFact]
    public void It_is_about_the_published_file() =>
        ((string)Bom.Value["metadata"]!["component"]!["hashes"]![0]!["content"]!)
            .Should().Be(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Runtime.RepositoryRoot(), "out", "ocirun")))));

    [SbomFact]
    public void What_is_compiled_and_linked_in_is_in_it()
    {
        string[] names = Components.Select(component => (string)component["name"]!).ToArray();
        names.Should().Contain(["Google.Protobuf", "zlib-ng"]);
        names.Should().Contain(name => name.EndsWith("Microsoft.DotNet.ILCompiler", StringComparison.Ordinal)).And.Contain(name => name.StartsWith("libgcc-", StringComparison.Ordinal));
        names.Should().Contain(name => name == "libc6-dev", "of the C library");
        names.Should().NotContain(name => name.Contains("Analyzer", StringComparison.Ordinal), "it only watched");
    }

    [SbomFact]
    public void Versions_are_those_of_the_lock_file()
    {
        JsonObject locked = (JsonObject)JsonNode.Parse(File.ReadAllText(Path.Combine(Runtime.RepositoryRoot(), "src", "packages.lock.json")))!["dependencies"]!;
        foreach (JsonObject component in Components.Where(component => ((string)component["purl"]!).StartsWith("pkg:nuget/", StringComparison.Ordinal)))
        {
            string[] versions = locked.SelectMany(framework => (JsonObject)framework.Value!)
                .Where(package => string.Equals(package.Key, (string)component["name"]!, StringComparison.OrdinalIgnoreCase))
                .Select(package => (string)package.Value!["resolved"]!).Distinct(StringComparer.Ordinal).ToArray();
            // The pack of the runtime comes with the compiler's version and stands in no lock file.
            if (versions.Length > 0)
                versions.Should().Contain((string)component["version"]!);
            else
                ((string)component["name"]!).Should().StartWith("Microsoft.NETCore.App.Runtime.");
        }
    }

    [SbomFact]
    public void It_is_the_same_each_time() => Write().Should().Be(Write());

    private static string Write()
    {
        ProcessStartInfo start = new(Path.Combine(Runtime.RepositoryRoot(), "scripts", "sbom"), ["0.1.0~test"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["SOURCE_DATE_EPOCH"] = "1000000000" },
        };
        using Process script = Process.Start(start)!;
        string text = script.StandardOutput.ReadToEnd();
        script.WaitForExit();
        script.ExitCode.Should().Be(0);
        return text;
    }

    /// <summary>Needs the publication's own files, not only the program.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SbomFactAttribute : Xunit.FactAttribute
    {
        public SbomFactAttribute()
        {
            if (!File.Exists("/usr/bin/dpkg-query"))
                Skip = "needs dpkg-deb";
            else if (Published.Binary != Path.Combine(Runtime.RepositoryRoot(), "out", "ocirun") || !File.Exists(Published.Binary))
                Skip = $"{Published.Binary} was not published here: run 'make publish'";
        }
    }
}
