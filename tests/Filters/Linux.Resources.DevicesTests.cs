using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using FsCheck;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Filters;

public sealed class LinuxResourcesDevicesTests
{
    internal static readonly (char Type, uint Major, uint Minor)[] Devices =
    [
        ('c', 1, 3), ('c', 1, 5), ('c', 1, 9), ('c', 5, 0), ('c', 5, 1), ('c', 5, 2), ('c', 10, 200), ('c', 10, 229),
        ('c', 136, 0), ('c', 240, 1), ('b', 8, 0), ('b', 1, 3),
    ];

    private static readonly string[] Accesses = ["r", "w", "m", "rw", "rm", "wm", "rwm"];

    public static TheoryData<string> Lists => new()
    {
        "",
        "-a *:* rwm",
        "-_ _:_ rwm",
        "+a *:* rwm",
        "+_ _:_ rwm",
        "+a *:* r",
        "-a *:* w",
        "+c 240:1 rwm",
        "+c 240:1 rw, -a *:* rwm",
        "-a *:* rwm, +c 240:1 rw",
        "-a *:* rwm, +c 240:1 r, +c 240:1 w",
        "-a *:* rwm, +c 240:1 rwm, -c 240:1 w",
        "-a *:* rwm, +c 240:1 rwm, -c 240:1 rwm",
        "-a *:* rwm, -c 240:1 rwm",
        "-a *:* rwm, +c 240:* rw",
        "-a *:* rwm, +c *:1 rw",
        "-a *:* rwm, +c *:* r",
        "-a *:* rwm, +c *:* rwm",
        "-a *:* rwm, +b *:* rwm",
        "-a *:* rwm, +b *:* rwm, +c *:* rwm",
        "-a *:* rwm, +b *:* r, +c *:* r",
        "-a *:* rwm, +b *:* r, +c *:* r, +b 8:0 w",
        "-a *:* rwm, +b 8:0 r, +b 8:* w, +b *:0 m",
        "-a *:* rwm, +b 8:* rw, +b 8:0 rwm",
        "-a *:* rwm, +c 10:229 rwm, +b 8:0 rw, +b 8:16 rwm, +c 240:* r",
        "+a 240:1 rw",
        "+a *:0 rw",
        "+_ 8:_ rwm",
        "+a *:* rwm, -a 8:0 r",
        "+a *:* rwm, -c 240:1 rwm",
        "+a *:* rwm, -c 240:1 w",
        "+a *:* rwm, -c 240:* r",
        "+a *:* rwm, -c 240:1 r, -c 240:1 w, +c 240:1 r",
        "+a *:* rwm, -b *:* rwm",
        "+a *:* rwm, -b *:* rw, -b 8:0 w",
        "+a *:* rwm, -b *:* m, -c *:* m",
        "+a *:* rwm, -c 1:3 rwm",
        "+a *:* rwm, -b 8:* rwm, -b 1:3 r",
        "-a *:* rwm, +a *:* rwm, -b 8:0 rwm, -a *:* rwm, +b 1:3 r",
        "-a *:* rwm, +c 4294967295:4294967295 rwm, +c 2147483648:3 rw",
        "-a *:* rwm, +c 0:0 rwm, +b 0:0 rwm",
        "-a *:* rwm, +c 240:1 m",
        "-a *:* rwm, +c 5:* rwm, +c 136:0 rwm, +c 1:3 mrw",
    };

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_device_is_treated_as_the_rules_say(string list)
    {
        Difference(DeviceRules.Parse(list)).Should().BeNull();
        DeviceModel.Of(DeviceRules.Parse(list)).Should().NotBeNull();
    }

    [Fact]
    public void Random_lists_mean_the_same_as_the_model() => Prop.ForAll<int>(seed =>
    {
        System.Random random = new(seed);
        string list = string.Join(", ", Enumerable.Range(0, random.Next(9)).Select(_ => RandomRule(random)));
        string? difference = Difference(DeviceRules.Parse(list));
        return (difference is null).Label($"{list}: {difference}");
    }).Check(Runs());

    [Theory]
    [InlineData("-a *:* rwm, +c 240:* rw, -c 240:1 w", "linux.resources.devices[2]", "deny c 240:1 w")]
    [InlineData("-a *:* rwm, +c *:1 rw, -c 240:1 r", "linux.resources.devices[2]", "deny c 240:1 r")]
    [InlineData("-a *:* rwm, +b *:* rw, -b 8:* r", "linux.resources.devices[2]", "deny b 8:* r")]
    [InlineData("+a *:* rwm, -b 8:* rw, +b 8:1 r", "linux.resources.devices[2]", "allow b 8:1 r")]
    [InlineData("+a *:* rwm, -c 1:* rwm", "linux.resources.devices[1]", "deny c 1:* rwm")]
    public void A_hole_in_a_wildcard_is_refused(string list, string field, string value)
    {
        Fault fault = Refusal(DeviceRules.Parse(list));
        (fault.Field, fault.Value).Should().Be((field, value));
        DeviceModel.Of(DeviceRules.Parse(list)).Should().BeNull();
    }

    [Theory]
    [InlineData("-a *:* rwm, -a *:* rwm, +c 1:3 rx", "linux.resources.devices[2].access", "rx")]
    [InlineData("+c 1:3 _", "linux.resources.devices[0].access", "")]
    [InlineData("+p 1:3 r", "linux.resources.devices[0].type", "p")]
    [InlineData("+c -2:3 r", "linux.resources.devices[0].major", "-2")]
    [InlineData("+c 1:4294967296 r", "linux.resources.devices[0].minor", "4294967296")]
    public void A_malformed_rule_is_refused_with_its_path(string list, string field, string value)
    {
        Fault fault = Refusal(DeviceRules.Parse(list));
        (fault.Field, fault.Value).Should().Be((field, value));
        fault.Hint.Should().NotBeNull();
    }

    [Fact]
    public void No_list_is_the_empty_list() => DeviceProgram.Compile(null).Should().Equal(DeviceProgram.Compile([]));

    [Theory]
    [InlineData("+a *:* rwm", true)]
    [InlineData("+a *:* rwm, -c 1:3 rwm", true)]
    [InlineData("+a *:* rwm, -b 8:0 m", false)]
    [InlineData("-a *:* rwm, +b *:* rwm, +c *:* rwm", false)]
    [InlineData("", false)]
    public void Only_a_list_without_exceptions_allows_everything(string list, bool expected) =>
        DeviceProgram.AllowsEverything(DeviceRules.Parse(list)).Should().Be(expected);

    [Theory]
    [InlineData("+a *:* rwm", true)]
    [InlineData("-a *:* rwm, +_ _:_ rwm, -b 8:0 m", true)]
    [InlineData("+a *:* rwm, -a *:* rwm", false)]
    [InlineData("+a *:* rwm, -a 8:0 rwm", false)]
    [InlineData("+a *:* rwm, -b 8:0 rwm, +a 8:1 r", true)]
    [InlineData("+a 8:* rwm", false)]
    [InlineData("+c *:* rwm", false)]
    [InlineData("", false)]
    public void The_last_rule_for_everything_is_the_default(string list, bool expected) =>
        DeviceProgram.AllowsByDefault(DeviceRules.Parse(list)).Should().Be(expected);

    [Fact]
    public void A_node_in_place_of_a_default_one_takes_its_rule_away()
    {
        byte[] program = DeviceProgram.Compile([], [new LinuxDevice { Type = "c", Path = "/dev/null", Major = 240, Minor = 1 }]);
        DeviceInterpreter.Run(program, 'c', 1, 3, "r").Should().BeFalse();
        DeviceInterpreter.Run(program, 'c', 240, 1, "r").Should().BeFalse();
        DeviceInterpreter.Run(program, 'c', 1, 5, "r").Should().BeTrue();
    }

    [Fact]
    public void An_engines_usual_list_is_short()
    {
        const string list = "-a *:* rwm, +c *:* m, +b *:* m, +c 1:3 rwm, +c 1:8 rwm, +c 1:7 rwm, +c 5:0 rwm, +c 1:5 rwm, "
            + "+c 1:9 rwm, +c 5:1 rwm, +c 136:* rwm, +c 5:2 rwm";
        (DeviceProgram.Compile(DeviceRules.Parse(list)).Length / 8).Should().BeLessThanOrEqualTo(27);
    }

    [Fact]
    public void A_long_list_compiles_and_an_endless_one_is_refused()
    {
        DeviceRule[] rules = [.. Enumerable.Range(0, 3000).Select(i => DeviceRules.Parse($"+c {i * 7}:{i} r")[0])];
        byte[] program = DeviceProgram.Compile(rules);
        DeviceInterpreter.Run(program, 'c', 20993, 2999, "r").Should().BeTrue();
        DeviceInterpreter.Run(program, 'c', 20993, 2999, "w").Should().BeFalse();
        DeviceInterpreter.Run(program, 'c', 20993, 2998, "r").Should().BeFalse();
        Refusal([.. rules, .. rules]).Field.Should().Be("linux.resources.devices");
    }

    private static Fault Refusal(DeviceRule[] rules)
    {
        Action compile = () => DeviceProgram.Compile(rules);
        return compile.Should().Throw<FaultException>().Which.Fault;
    }

    private static string? Difference(DeviceRule[] rules)
    {
        DeviceModel? model = DeviceModel.Of(rules);
        if (model is null)
        {
            Refusal(rules);
            return null;
        }

        byte[] program = DeviceProgram.Compile(rules);
        foreach (int at in DeviceInterpreter.Unreachable(program))
            return $"instruction {at} is unreachable";
        IEnumerable<(char Type, uint Major, uint Minor)> devices = rules.Where(rule => rule.Type.Is("b"u8) || rule.Type.Is("c"u8))
            .Select(rule => ((char)rule.Type[0], (uint)Math.Max(0, rule.Major ?? 0), (uint)Math.Max(0, rule.Minor ?? 0)))
            .Concat(Devices);
        foreach ((char type, uint major, uint minor) in devices)
        {
            foreach (string access in Accesses)
            {
                if (DeviceInterpreter.Run(program, type, major, minor, access) != model.Permits(type, major, minor, access))
                    return $"{type} {major}:{minor} {access}: not {model.Permits(type, major, minor, access)}";
            }
        }

        return null;
    }

    private static string RandomRule(System.Random random)
    {
        string sign = random.Next(3) == 0 ? "-" : "+";
        string type = random.Next(8) == 0 ? "a" : random.Next(2) == 0 ? "b" : "c";
        string[] numbers = ["*", "0", "1", "3", "5", "8", "10"];
        return $"{sign}{type} {numbers[random.Next(7)]}:{numbers[random.Next(7)]} {Accesses[random.Next(7)]}";
    }

    private static Configuration Runs()
    {
        Configuration runs = Configuration.QuickThrowOnFailure;
        runs.MaxNbOfTest = 3000;
        runs.EndSize = 1_000_000;
        return runs;
    }
}
