using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Rooms;

/// <summary>Every package is of one version and one content, on every machine and every day.</summary>
public sealed partial class PackagesTests
{
    private static readonly string Root = Runtime.RepositoryRoot();

    public static IEnumerable<object[]> Projects() =>
        Files("*.csproj").Select(path => new object[] { Path.GetRelativePath(Root, path) });

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_has_a_lock_file_with_the_content_of_each_package(string project)
    {
        string path = Path.Combine(Root, Path.GetDirectoryName(project)!, "packages.lock.json");
        File.Exists(path).Should().BeTrue("'dotnet restore {0}' writes it; it is to be committed", project);
        foreach ((string name, JsonObject package) in Packages(path))
        {
            if ((string)package["type"]! == "Project")
                continue;
            ((string?)package["resolved"]).Should().MatchRegex(Exact().ToString(), name);
            Convert.FromBase64String((string)package["contentHash"]!).Should().HaveCount(64, "{0} has a SHA-512", name);
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_names_no_version_and_no_other_lock(string project)
    {
        XDocument document = XDocument.Load(Path.Combine(Root, project));
        document.Descendants("PackageReference").Should().NotContain(reference => reference.Attribute("Version") != null || reference.Attribute("VersionOverride") != null);
        document.Descendants().Select(element => element.Name.LocalName).Should().NotContain("RestorePackagesWithLockFile").And.NotContain("RestoreLockedMode")
            .And.NotContain("NuGetLockFilePath");
    }

    [Fact]
    public void No_version_floats()
    {
        XDocument versions = XDocument.Load(Path.Combine(Root, "Directory.Packages.props"));
        XElement[] packages = versions.Descendants().Where(element => element.Name.LocalName is "PackageVersion" or "GlobalPackageReference").ToArray();
        packages.Should().NotBeEmpty().And.OnlyContain(package => Exact().IsMatch((string)package.Attribute("Version")!));
        Dictionary<string, string> wanted = packages.ToDictionary(package => (string)package.Attribute("Include")!, package => (string)package.Attribute("Version")!, StringComparer.OrdinalIgnoreCase);
        foreach (string path in Files("packages.lock.json"))
        {
            foreach ((string name, JsonObject package) in Packages(path).Where(pair => (string)pair.Package["type"]! == "Direct" && wanted.ContainsKey(pair.Name)))
                ((string)package["resolved"]!).Should().Be(wanted[name], "{0} in {1} is the lowest that is asked for", name, path);
        }
    }

    [Fact]
    public void All_projects_have_one_compiler() =>
        Files("packages.lock.json").SelectMany(Packages).Where(pair => pair.Name.EndsWith("ILCompiler", StringComparison.Ordinal))
            .Select(pair => (string)pair.Package["resolved"]!).Distinct(StringComparer.Ordinal).Should().ContainSingle();

    // MSBuild takes the variable for the property of that name, so it holds for each restore below.
    [Fact]
    public void Continuous_integration_restores_only_what_is_locked()
    {
        File.ReadAllText(Path.Combine(Root, "scripts", "ci")).Should().Contain("\nexport RestoreLockedMode=true\n");
        XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("RestorePackagesWithLockFile").Single().Value.Should().Be("true");
    }

    private static IEnumerable<(string Name, JsonObject Package)> Packages(string path) =>
        ((JsonObject)JsonNode.Parse(File.ReadAllText(path))!["dependencies"]!)
            .SelectMany(framework => (JsonObject)framework.Value!, (_, package) => (package.Key, (JsonObject)package.Value!));

    private static string[] Files(string pattern) =>
        Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
            .Where(path => !Path.GetRelativePath(Root, path).Split('/').Any(part => part is "bin" or "obj" or "out" or ".git")).ToArray();

    [GeneratedRegex(@"^\d+(\.\d+){1,3}$")]
    private static partial Regex Exact();
}
