using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Fuzz;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Rooms;

/// <summary>A fuzzer that finds nothing proves nothing unless it finds what was planted.</summary>
public sealed class FuzzerTests : IDisposable
{
    private readonly string output = Directory.CreateTempSubdirectory("ocirun-fuzzer").FullName;
    private readonly List<string> said = [];
    private int runs;

    public void Dispose() => Directory.Delete(output, recursive: true);

    [Fact]
    public void A_planted_exception_is_found_and_minimised()
    {
        long failures = Hunt(input => Node.Parse(input)?["deep"]?["key"] is { IsText: true } ? throw new OverflowException() : "", count: 300);
        failures.Should().BePositive();
        string[] files = Directory.GetFiles(output, "planted-7-*.min");
        files.Should().ContainSingle();
        File.ReadAllText(files[0]).Should().Be("""{"deep":{"key":""}}""");
        said.Should().Contain(line => line.Contains("OverflowException") && line.Contains("seed 7"));
    }

    [Fact]
    public void A_descriptor_that_stays_open_is_found() => Finds("a descriptor was left open", _ =>
    {
        Sys.openat(Uapi.AT_FDCWD, "/"u8, Uapi.O_PATH);
        return "";
    });

    [Fact]
    public void What_differs_the_second_time_is_found() => Finds("then:", _ => $"{runs++}");

    [Fact]
    public void A_fault_without_a_message_is_found() => Finds("without a message", _ => throw new FaultException(""));

    [Fact]
    public void Memory_out_of_all_proportion_is_found() => Finds("bytes were allocated", static _ => $"{new byte[200 << 20].Length}");

    [Fact]
    public void A_broken_rule_is_found() => Finds("written reads back", static _ => throw new BrokenRule("what is written reads back otherwise"));

    [Fact]
    public void A_refusal_is_no_failure() => Hunt(static _ => throw new FaultException("no\n\x1b[31m"), count: 20).Should().Be(0);

    [Fact]
    public void An_input_depends_on_seed_target_and_index_alone()
    {
        Draw.For(1, "config", 5).Next().Should().Be(Draw.For(1, "config", 5).Next());
        new[] { Draw.For(1, "config", 5).Next(), Draw.For(2, "config", 5).Next(), Draw.For(1, "state", 5).Next(), Draw.For(1, "config", 6).Next() }
            .Should().OnlyHaveUniqueItems();
    }

    private void Finds(string what, Func<byte[], string> run)
    {
        Hunt(run, count: 3).Should().BePositive();
        said.Should().Contain(line => line.Contains("FAILED") && line.Contains(what));
    }

    private long Hunt(Func<byte[], string> run, int count)
    {
        byte[] seed = Encoding.UTF8.GetBytes("""{"a":[1,2,3],"deep":{"other":[true],"key":"a text"},"b":null}""");
        Target target = new("planted", draw => draw.Chance(50) ? seed : ByteMutator.Mutate(seed, draw), run);
        return new Hunt(target, 7, output, said.Add).Run(0, count);
    }
}
