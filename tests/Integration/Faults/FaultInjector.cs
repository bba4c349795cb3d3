using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using OciRun.Filters;

namespace OciRun.Tests.Integration.Faults;

/// <summary>
/// A system call of a run: of which process, in the order of their creation, which one of its name there, from 1, and its
/// first argument.
/// </summary>
internal sealed record TracedCall(int Process, int Number, string Name, ulong Argument)
{
    /// <summary>True for the execve by which the tracer becomes the program.</summary>
    public bool IsTracers => Process == 0 && Number == 1 && Name == "execve";

    public override string ToString() => $"process {Process}, {Name} {Number}";
}

/// <summary>The tracer of fault.c.</summary>
internal sealed class FaultInjector
{
    /// <summary>Exit status of a program that took longer than the tracer's limit of 20 s.</summary>
    public const int Expired = 124;

    private static readonly Lazy<Dictionary<int, string>> Names = new(ReadNames);

    private static readonly Lazy<Dictionary<string, int>> Numbers = new(() => Names.Value.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal));

    private readonly string program;
    private readonly string report;

    public FaultInjector(string directory)
    {
        program = CompiledProgram.Install("fault", Path.Combine(directory, "fault"));
        report = Path.Combine(directory, "fault.report");
    }

    /// <summary>Words in front of a program of which every call is written down.</summary>
    public string[] Recording => [program, report, "record"];

    /// <summary>Words in front of a program to one call of which something is done.</summary>
    /// <param name="call">Which one.</param>
    /// <param name="action"><c>signal=N</c>, <c>error=N</c> or <c>result=N</c>.</param>
    public string[] Doing(TracedCall call, string action)
    {
        // A call that the table does not know has its number for a name.
        int name = Numbers.Value.TryGetValue(call.Name, out int known) ? known : int.Parse(call.Name);
        return [program, report, $"{call.Process}:{call.Number}:{name}:{action}"];
    }

    /// <summary>The calls that the last program made, or the one that was hit.</summary>
    public TracedCall[] Calls() =>
        [.. File.ReadAllLines(report).Select(line => line.Split(' ')).Select(words =>
            new TracedCall(int.Parse(words[0]), int.Parse(words[1]), Names.Value.GetValueOrDefault(int.Parse(words[2]), words[2]), ulong.Parse(words[3])))];

    private static Dictionary<int, string> ReadNames()
    {
        ReadOnlySpan<ushort> numbers = SyscallTable.Column(
            RuntimeInformation.OSArchitecture == Architecture.Arm64 ? SyscallColumn.Aarch64 : SyscallColumn.X86_64);
        Dictionary<int, string> names = [];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] != SyscallTable.None)
                names[numbers[i]] = Encoding.UTF8.GetString(SyscallTable.Name(i));
        }

        return names;
    }
}
