using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>Runs every case of <c>conformance/</c>.</summary>
[Trait("Category", "Conformance")]
public sealed class ConformanceTests : RuntimeTest
{
    public static IEnumerable<object[]> Cases() => ConformanceCase.All("");

    [RuntimeTheory]
    [MemberData(nameof(Cases))]
    [CasesThatNeed("AppArmor")]
    [CasesThatNeed("SELinux")]
    [CasesThatNeed("no AppArmor")]
    [CasesThatNeed("no SELinux")]
    public void Case(string name, View view)
    {
        ConformanceCase test = ConformanceCase.Load(name, Bundle.Path, Id);
        if (view == View.Rootless)
            Bundle.ForRootless();
        test.Apply(Bundle);
        Use(view);
        if (test.Controllers.Length > 0)
            File.ReadAllText(Path.Combine(Leftovers.Cgroup2Mount!, "cgroup.controllers")).Split(' ', '\n').Should().Contain(test.Controllers);

        if (test.Verb == "exec")
            CreateAndStart();
        Outcome outcome = (test.Verb == "exec" ? Runtime.With(test.ExecWords(Id)) : Call(test.Verb, test.Options))
            .Before(test.Before).Redirect(test.Redirect).Run();

        Check(test, outcome);
        if (test.Verb == "exec")
            Status().Should().Be("running", "an exec does the container no harm");
    }

    private static void Check(ConformanceCase test, Outcome outcome)
    {
        JsonObject expect = test.Expect;
        string because = $"{test.About}\n{outcome}".Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);
        if (expect["exit"]!.GetValueKind() == System.Text.Json.JsonValueKind.String)
            outcome.Exit.Should().NotBe(0, because);
        else
            outcome.Exit.Should().Be((int)expect["exit"]!, because);
        string[] lines = outcome.Out.Split('\n');
        lines[^1].Should().BeEmpty(because);
        lines = lines[..^1];
        if (expect.ContainsKey("stdout"))
            lines.Should().Equal(ConformanceCase.Strings(expect["stdout"]), because);
        if (expect.ContainsKey("stdoutSorted"))
            lines.Order(StringComparer.Ordinal).Should().Equal(ConformanceCase.Strings(expect["stdoutSorted"]), because);
        if (expect.ContainsKey("stdoutLike"))
            outcome.Out.Should().MatchRegex((string)expect["stdoutLike"]!, because);

        StringComparison comparison = expect.ContainsKey("ignoreCase") ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        bool Says(string text) => outcome.Err.Contains(text, comparison);
        foreach (string text in ConformanceCase.Strings(expect["stderrContains"]))
            Says(text).Should().BeTrue("stderr names \"{0}\": {1}", text, outcome);
        if (expect.ContainsKey("stderrContainsOne"))
            ConformanceCase.Strings(expect["stderrContainsOne"]).Any(Says).Should().BeTrue(because);
        if (outcome.Exit == 0 && (string?)expect["stderr"] != "any")
            outcome.Err.Should().BeEmpty(because);
    }
}
