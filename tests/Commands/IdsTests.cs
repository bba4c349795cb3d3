using System;
using System.IO;
using FluentAssertions;
using OciRun.Commands;
using OciRun.Errors;
using OciRun.Tests.State;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>Security.md T-A13: no verb builds a path of an id that it has not checked.</summary>
public sealed class IdsTests : IDisposable
{
    private static readonly string[] Bad =
    [
        "", ".", "..", "../victim", "a/b", "a\0b", "a\n", "\u0663", "a%2fb", "a b", "\ufffd", new('a', 256), new('a', 4096),
    ];

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("create")]
    [InlineData("run")]
    [InlineData("start")]
    [InlineData("state")]
    [InlineData("kill")]
    [InlineData("delete")]
    [InlineData("delete", "--force")]
    public void Every_verb_refuses_what_is_no_id(string name, params string[] options)
    {
        string victim = Path.Combine(_scratch.Root, "victim");
        string root = Path.Combine(_scratch.Root, "root");
        Directory.CreateDirectory(victim);
        File.WriteAllText(Path.Combine(victim, "state.json"), "{}");
        Directory.CreateDirectory(root, (UnixFileMode)Convert.ToInt32("700", 8));
        foreach (string id in Bad)
        {
            Verb verb = Table.Find(name)!;
            Arguments arguments = new(verb, new Globals { Root = root });
            Parser.Parse([.. options, "--", id], arguments);
            FluentActions.Invoking(() => verb.Execute(arguments)).Should().Throw<FaultException>(name)
                .Which.Fault.Code.Should().Be("invalid-id");
        }

        File.Exists(Path.Combine(victim, "state.json")).Should().BeTrue();
        Directory.GetFileSystemEntries(root).Should().BeEmpty();
    }
}
