using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Rooms;

/// <summary>build/order.c on the program of order.S, which ends with 42 only when all of its references lead where they should.</summary>
public sealed class OrderToolTests : IDisposable
{
    private static readonly string[] Methods = ["total", "one", "by_jump", "two", "two_more", "four", "five", "six", "choose", "eight", "recursive", "folded"];

    private readonly string work = Directory.CreateTempSubdirectory("ocirun-order-").FullName;

    public void Dispose() => Directory.Delete(work, recursive: true);

    [OrderFact]
    public void The_program_does_the_same_in_every_order()
    {
        string[] methods = [.. Methods];
        Random random = new(1);
        for (int i = 0; i < 40; i++)
        {
            Order(methods).Should().Be((0, ""));
            Link("ordered.o");
            Run(Path.Combine(work, "program"), []).Status.Should().Be(42, "the order {0}", string.Join(' ', methods));
            PlacesOf("program").Should().Equal(methods);
            random.Shuffle(methods);
        }
    }

    [OrderFact]
    public void Without_a_name_nothing_is_moved()
    {
        Order(["# total", "no_method"]).Should().Be((0, ""));
        File.ReadAllText(Path.Combine(work, "rest")).Should().Be("no_method\n", "it is for the linker");
        Link("program.o");
        string[] before = PlacesOf("program");
        File.Move(Path.Combine(work, "program"), Path.Combine(work, "before"));
        Link("ordered.o");
        PlacesOf("program").Should().Equal(before);
        string[] code = Disassembly("before");
        code.Should().HaveCountGreaterThan(60);
        Disassembly("program").Should().Equal(code);
    }

    [OrderFact]
    public void A_method_with_several_names_is_moved_by_each()
    {
        Order(["eight", "folded_too", "folded", "one"]).Should().Be((0, ""));
        File.ReadAllText(Path.Combine(work, "rest")).Should().BeEmpty();
        Link("ordered.o");
        PlacesOf("program").Take(3).Should().Equal("eight", "folded", "one");
        Run(Path.Combine(work, "program"), []).Status.Should().Be(42);
    }

    [OrderFact]
    public void The_same_object_is_written_twice_and_its_line_numbers_are_dropped()
    {
        Order(["six", "two"], "-g");
        byte[] first = File.ReadAllBytes(Path.Combine(work, "ordered.o"));
        Order(["six", "two"], "-g");
        File.ReadAllBytes(Path.Combine(work, "ordered.o")).Should().Equal(first);
        Run("objdump", ["--dwarf=decodedline", Path.Combine(work, "program.o")]).Out.Should().Contain("order.S");
        Run("objdump", ["--dwarf=decodedline", Path.Combine(work, "ordered.o")]).Out.Should().NotContain("order.S", "they would be those of other methods");
    }

    [OrderTheory]
    [InlineData("INTO_THE_MIDDLE", "is a reference to 0xe4, which is not the beginning of a method")]
    [InlineData("SHORT_JUMP", "is a reference to 0x108, which is not the beginning of a method")]
    [InlineData("GAP", "methods overlap or leave a gap")]
    [InlineData("CUT_OFF", "is no known instruction")]
    [InlineData("NO_OPERAND", "is a relocation, but no operand")]
    [InlineData("LABEL", "symbol label in __managedcode is no method")]
    [InlineData("BY_SECTION", ".data+0x8 refers to __managedcode+96, which is no method")]
    [InlineData("BEYOND", ".data+0x8 refers to one+6, which is no method")]
    public void What_cannot_be_told_apart_is_not_moved(string mistake, string error)
    {
        (int status, string errors) = Order(["six", "two"], "-D" + mistake);

        status.Should().Be(1);
        errors.Should().StartWith($"order: {work}/program.o: ").And.Contain(error).And.EndWith("publish with -p:OrderMethods=false to link the methods as the compiler orders them\n");
        File.Exists(Path.Combine(work, "ordered.o")).Should().BeFalse();
    }

    [OrderFact]
    public void An_object_without_methods_is_not_taken()
    {
        File.WriteAllText(Path.Combine(work, "order"), "");
        Must("clang", "-O2", "-o", Path.Combine(work, "tool"), Source("build/order.c"));
        Run(Path.Combine(work, "tool"), [Path.Combine(work, "tool"), Path.Combine(work, "order"), Path.Combine(work, "new"), Path.Combine(work, "rest")])
            .Err.Should().Contain("not an x86-64 object file");
        Must("clang", "-c", "-o", Path.Combine(work, "other.o"), Source("src/Launch/startup.c"));
        Run(Path.Combine(work, "tool"), [Path.Combine(work, "other.o"), Path.Combine(work, "order"), Path.Combine(work, "new"), Path.Combine(work, "rest")])
            .Err.Should().Contain("no section __managedcode");
    }

    private (int Status, string Errors) Order(string[] names, params string[] options)
    {
        string tool = Path.Combine(work, "tool"), program = Path.Combine(work, "program.o"), order = Path.Combine(work, "order");
        if (!File.Exists(tool))
        {
            Must("clang", "-O2", "-o", tool, Source("build/order.c"));
            Must("clang", ["-c", .. options, "-o", program, Source("tests/Architecture/order.S")]);
        }

        File.WriteAllLines(order, names);
        (int status, _, string errors) = Run(tool, [program, order, Path.Combine(work, "ordered.o"), Path.Combine(work, "rest")]);
        return (status, errors);
    }

    private void Link(string file) => Must("ld.lld", "-o", Path.Combine(work, "program"), Path.Combine(work, file));

    private string[] PlacesOf(string file) => Run("nm", ["-n", Path.Combine(work, file)]).Out.Split('\n')
        .Select(line => line.Split(' ')[^1]).Where(name => Methods.Contains(name)).ToArray();

    // Without what fills the room between methods.
    private string[] Disassembly(string file) => Run("objdump", ["-d", Path.Combine(work, file)]).Out.Split('\n').Select(line => line.Split('\t'))
        .Where(words => words.Length == 3 && !words[2].Contains("nop", StringComparison.Ordinal) && !words[2].StartsWith("xchg", StringComparison.Ordinal))
        .Select(words => string.Join('\t', words)).ToArray();

    private static string Source(string path) => Path.Combine(Runtime.RepositoryRoot(), path);

    private static void Must(string program, params string[] arguments)
    {
        (int status, _, string errors) = Run(program, arguments);
        status.Should().Be(0, "{0} {1}: {2}", program, string.Join(' ', arguments), errors);
    }

    private static (int Status, string Out, string Err) Run(string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    private static string? Missing()
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
            return "needs x86-64: methods are ordered there only";
        string[] paths = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        string? tool = new[] { "clang", "ld.lld", "nm", "objdump" }.FirstOrDefault(tool => !paths.Any(path => File.Exists(Path.Combine(path, tool))));
        return tool is null ? null : $"{tool} is not in PATH: run scripts/setup";
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class OrderFactAttribute : FactAttribute
    {
        public OrderFactAttribute() => Skip = Missing();
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class OrderTheoryAttribute : TheoryAttribute
    {
        public OrderTheoryAttribute() => Skip = Missing();
    }
}
