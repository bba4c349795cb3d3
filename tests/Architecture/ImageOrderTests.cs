using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Rooms;

/// <summary>build/image-order.txt against the published file: a list that has grown stale costs memory and says nothing.</summary>
public sealed class ImageOrderTests
{
    private static readonly string[] Listed = File.ReadAllLines(Path.Combine(Runtime.RepositoryRoot(), "build", "image-order.txt"))
        .Where(line => line.Length > 0 && line[0] != '#').ToArray();

    [Fact]
    public void Each_function_is_listed_once() => Listed.Should().HaveCountGreaterThan(1000).And.OnlyHaveUniqueItems();

    [OrderedFact]
    public void The_list_names_functions_of_the_program()
    {
        HashSet<string> known = Symbols().Select(symbol => symbol.Name).ToHashSet(StringComparer.Ordinal);
        string[] unknown = Listed.Where(name => !known.Contains(name)).ToArray();

        ((double)unknown.Length / Listed.Length).Should().BeLessThan(0.05, "else: scripts/bench-guard --order, then publish again. Unknown: {0}", string.Join(' ', unknown.Take(20)));
    }

    [OrderedFact]
    public void Listed_methods_stand_at_the_beginning_in_the_order_of_the_list()
    {
        (ulong start, ulong end) = Section("__managedcode");
        Dictionary<ulong, string[]> methods = Symbols().Where(symbol => start <= symbol.Address && symbol.Address < end)
            .GroupBy(symbol => symbol.Address, symbol => symbol.Name).ToDictionary(group => group.Key, group => group.ToArray());
        Dictionary<string, ulong> places = methods.SelectMany(method => method.Value.Select(name => (name, method.Key)))
            .ToDictionary(pair => pair.name, pair => pair.Key, StringComparer.Ordinal);
        ulong[] ordered = Listed.Where(places.ContainsKey).Select(name => places[name]).Distinct().ToArray();

        ordered.Should().HaveCountGreaterThan(1000).And.BeInAscendingOrder();
        ordered.Should().Equal(methods.Keys.Order().Take(ordered.Length), "no other method is between them");
        (ordered[^1] - start).Should().BeLessThan((end - start) / 3, "a start needs a small part of the code");
    }

    [OrderedFact]
    public void Listed_functions_of_libraries_lie_together()
    {
        (ulong start, ulong end) = Section(".text");
        Dictionary<string, ulong> places = Symbols().Where(symbol => start <= symbol.Address && symbol.Address < end)
            .GroupBy(symbol => symbol.Name, StringComparer.Ordinal).Where(group => group.Count() == 1).ToDictionary(group => group.Key, group => group.Single().Address, StringComparer.Ordinal);
        ulong[] listed = Listed.Where(places.ContainsKey).Select(name => places[name]).ToArray();

        listed.Should().HaveCountGreaterThan(300);
        (listed.Max() - start).Should().BeLessThan((end - start) / 3);
    }

    private static IEnumerable<(ulong Address, string Name)> Symbols() => Output("nm", Published.Binary + ".dbg")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length == 3 && "tTwWi".Contains(words[1], StringComparison.Ordinal))
        .Select(words => (Number(words[0]), words[2])).Distinct();

    private static (ulong Start, ulong End) Section(string name)
    {
        string[] words = Output("objdump", "-h", Published.Binary).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Single(words => words.Length > 3 && words[1] == name);
        return (Number(words[3]), Number(words[3]) + Number(words[2]));
    }

    private static ulong Number(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string[] Output(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Split('\n');
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class OrderedFactAttribute : FactAttribute
    {
        public OrderedFactAttribute() => Skip = RuntimeInformation.OSArchitecture == Architecture.X64
            ? new PublishedBinaryFactAttribute("nm", "objdump").Skip
            : "needs x86-64: methods are ordered there only";
    }
}
