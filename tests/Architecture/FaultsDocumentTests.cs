using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using FluentAssertions;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Rooms;

/// <summary>The table of docs/faults.md: which faults have which tests.</summary>
public sealed class FaultsDocumentTests
{
    private static readonly string[] Text = File.ReadAllLines(Path.Combine(Runtime.RepositoryRoot(), "docs", "faults.md"));

    private static IEnumerable<string[]> Rows => Text.Where(line => line.StartsWith("| F-", StringComparison.Ordinal))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Every_test_of_it_exists()
    {
        ILookup<string, string> methods = typeof(FaultsDocumentTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Select(method => (type.Name, Method: method.Name)))
            .ToLookup(pair => pair.Name, pair => pair.Method, StringComparer.Ordinal);
        foreach (string[] row in Rows)
        {
            string last = "";
            foreach (string test in row[1].Split(", "))
            {
                if (test.Contains('/', StringComparison.Ordinal))
                {
                    File.Exists(Path.Combine(Runtime.RepositoryRoot(), "conformance", test + ".json")).Should().BeTrue(test);
                    continue;
                }

                // A method without its class is of the one before; a class alone stands for all of its methods.
                string[] parts = test.Split('.');
                bool isClass = parts.Length == 1 && methods.Contains(test);
                last = isClass || parts.Length == 2 ? parts[0] : last;
                (isClass || methods[last].Contains(parts[^1], StringComparer.Ordinal)).Should().BeTrue("{0}: {1} is a test", row[0], test);
            }
        }
    }

    [Fact]
    public void Every_fault_has_one()
    {
        IEnumerable<int> Numbers(IEnumerable<string> lines) => lines.SelectMany(line =>
            Regex.Matches(line, @"F-(\d\d)(?: to F-(\d\d))?").SelectMany(match =>
            {
                int first = int.Parse(match.Groups[1].Value), last = match.Groups[2].Success ? int.Parse(match.Groups[2].Value) : first;
                return Enumerable.Range(first, last - first + 1);
            }));
        Numbers(Rows.Select(row => row[0])).Order().Should().Equal(Enumerable.Range(1, 60));
    }
}
