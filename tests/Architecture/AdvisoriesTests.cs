using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Rooms;

/// <summary>conformance/security/advisories.tsv: each known attack, its tests and what these fail on.</summary>
public sealed class AdvisoriesTests
{
    private static readonly string Root = Runtime.RepositoryRoot();

    private static readonly string[][] Lines = [.. File.ReadLines(Path.Combine(Root, "conformance", "security", "advisories.tsv"))
        .Skip(1).Select(line => line.Split('\t'))];

    [Fact]
    public void Every_attack_of_the_list_has_one_line()
    {
        (char Class, int Count)[] classes = [('A', 15), ('B', 3), ('C', 5), ('D', 3), ('E', 7), ('F', 9), ('G', 7)];
        IEnumerable<string> ids = classes.SelectMany(c => Enumerable.Range(1, c.Count).Select(n => $"T-{c.Class}{n}"));
        Lines.Select(line => line[0]).Where(id => id != "T-C4b").Should().Equal(ids);
        Lines.Should().OnlyContain(line => line.Length == 5 && line.All(field => field.Length > 0));
    }

    [Fact]
    public void Every_test_of_it_exists()
    {
        HashSet<string> methods = [.. typeof(AdvisoriesTests).Assembly.GetTypes().SelectMany(type => type.GetMethods().Select(method => $"{type.Name}.{method.Name}"))];
        foreach (string test in Lines.SelectMany(line => line[3].Split(' ')))
        {
            bool exists = test.Contains('/', StringComparison.Ordinal)
                ? File.Exists(Path.Combine(Root, "conformance", test + ".json"))
                : methods.Contains(test);
            exists.Should().BeTrue("{0} is a test", test);
        }
    }

    // A release that fails a test is known to the comparison with it.
    [Fact]
    public void A_release_that_is_a_witness_fails_one_of_the_tests()
    {
        string[][] differences = [.. File.ReadLines(Path.Combine(Root, "conformance", "differs.tsv")).Select(line => line.Split('\t'))];
        foreach (string[] line in Lines.Where(line => line[4] is "crun 1.21" or "runc 1.1.15"))
        {
            string runtime = line[4].Split(' ')[0];
            string[] tests = line[3].Split(' ');
            differences.Any(difference => difference[0] == runtime && tests.Any(test => Names(difference[1], test)))
                .Should().BeTrue("{0}: a test that {1} fails is in differs.tsv", line[0], runtime);
        }

    }

    // The others' is ocirun without the check, as scripts/witness makes it.
    [Fact]
    public void A_check_that_is_a_witness_can_be_taken_away()
    {
        string[][] witnesses = [.. File.ReadLines(Path.Combine(Root, "conformance", "security", "witnesses.tsv")).Select(line => line.Split('\t'))];
        witnesses.Select(witness => witness[0]).Should().Equal(
            Lines.Where(line => line[4] is not ("crun 1.21" or "runc 1.1.15")).Select(line => line[0]));
        foreach (string[] witness in witnesses)
        {
            string[] line = Lines.Single(line => line[0] == witness[0]);
            witness[3].Split(' ').Should().BeSubsetOf(line[3].Split(' '), witness[0]);
            foreach (string file in witness[1].Split(' '))
                line[4].Should().Contain($"(src/{file})", witness[0]);
        }
    }

    [Fact]
    public void The_document_is_current()
    {
        using Process report = Process.Start(new ProcessStartInfo(Path.Combine(Root, "scripts", "security-report"), ["check"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        string errors = report.StandardError.ReadToEnd();
        report.WaitForExit();
        errors.Should().BeEmpty();
        report.ExitCode.Should().Be(0);
    }

    private static bool Names(string difference, string test) =>
        difference == test || difference.StartsWith(test + "(", StringComparison.Ordinal)
        || difference.StartsWith($"ConformanceTests.Case(name: \"{test}\",", StringComparison.Ordinal);
}
